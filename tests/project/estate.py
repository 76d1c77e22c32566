"""One system with everything in it: its facts, deployments, harms, sets, runs, reports, deadlines and what people are told about it."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F

from harms import actions as harm_actions
from harms.models import (
    Appetite,
    Assessment,
    Baseline,
    Candidate,
    Harm,
    HarmCategory,
    HarmUpload,
    Impact,
    LibraryDismissal,
    Rater,
    Rating,
    RatingRound,
    RoundHarm,
    ScaleChange,
)
from measurements.models import Case, DueTime, Judging, MeasurementSet, MeasurementSetVersion, Metric, Output, Run, Schedule, SetUpload
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.comments import actions as comment_actions
from raiportal.comments.models import Comment
from raiportal.deadlines import actions as deadlines
from raiportal.deadlines.models import Deadline
from raiportal.evidence import actions as evidence_actions
from raiportal.evidence.models import Evidence
from raiportal.notifications import actions as notifications
from raiportal.notifications.enums import DeliveryState
from raiportal.notifications.enums import Outcome as AttemptOutcome
from raiportal.notifications.models import Delivery, DeliveryAttempt, Notification, Webhook
from raiportal.reports import actions as report_actions
from raiportal.reports.enums import PdfState
from raiportal.reports.models import Report, ReportPdf, ReportRecipient
from raiportal.signoffs import actions as sign_off_actions
from raiportal.signoffs.actions import Asked
from raiportal.signoffs.models import Condition, SignOffRequest, StandIn
from systems import actions as system_actions
from systems.extensions import Share
from systems.models import (
    Activation,
    AISystem,
    Configuration,
    Deployment,
    Document,
    EmergencyActivation,
    FilterConfiguration,
    IntendedUse,
    MetapromptVersion,
    Stakeholder,
)
from tests.factories.accounts import make_user
from tests.factories.assessments import answer_needed
from tests.factories.systems import LOCAL
from tests.notifications.producers import tried_kind
from tests.project.decided import decided
from tests.project.measured import measured
from tests.project.probed import Probed, probed
from tests.project.rated import rated
from tests.project.wording import Words


@dataclass(frozen=True)
class Estate:
    """One system and one of everything that belongs to it."""

    system: AISystem
    owner: User
    viewer: User
    membership: Membership  # somebody's role in the system
    deployment: Deployment
    off_deployment: Deployment
    metaprompt: MetapromptVersion
    configuration: Configuration
    use: IntendedUse
    archived_use: IntendedUse
    stakeholder: Stakeholder
    archived_stakeholder: Stakeholder
    filters: FilterConfiguration
    activation: Activation
    waiting_emergency: EmergencyActivation
    acted_emergency: EmergencyActivation
    document: Document  # of the deployment
    archived_document: Document
    harm: Harm
    harm_upload: HarmUpload
    resolved_harm: Harm
    baseline: Baseline
    candidate: Candidate  # waits
    dismissed_candidate: Candidate
    dismissal: LibraryDismissal  # of an entry of the harm library
    evidence: Evidence  # a file about the harm
    live_evidence: Evidence
    comment: Comment  # the owner's, about the harm; changed once
    assessment: Assessment  # complete, and being written
    impact: Impact
    unsigned_assessment: Assessment  # closed
    sign_off_request: SignOffRequest  # open
    approved_sign_off: SignOffRequest
    open_condition: Condition  # of the approved one; its owner is S1's
    met_condition: Condition
    stand_in: StandIn  # for S1's owner, by somebody whom nobody else is
    measurement_set: MeasurementSet
    version: MeasurementSetVersion
    case: Case
    upload: SetUpload
    metric: Metric
    planned: Run
    running: Run
    paused: Run
    completed: Run
    output: Output
    stressed: Run  # on a set of transformed cases
    judging: Judging  # under way, as the next one is paused
    paused_judging: Judging
    schedule: Schedule
    off_schedule: Schedule
    due_time: DueTime
    notification: Notification  # the owner's
    webhook: Webhook
    off_webhook: Webhook
    delivery: Delivery  # to the first webhook, given up
    deadline: Deadline
    report: Report  # sent to the owner, who opened it, and to somebody else; its PDF is made
    failed_report: Report  # whose PDF could not be made
    report_recipient: ReportRecipient  # the somebody else
    probed: Probed  # red teaming
    open_round: RatingRound  # in which the owner has rated
    open_round_harm: RoundHarm
    outside_rater: Rater  # with a draft
    outside_token: str
    closed_round: RatingRound
    closed_round_harm: RoundHarm
    rating: Rating  # the owner's, in the closed round
    appetite: Appetite  # of the system
    scale_change: ScaleChange


def build_estate(manager: User, words: Words, *, start: str = "") -> Estate:
    owner = make_user()
    system = system_actions.add_system(
        name=start + words("system name"),
        purpose=words("purpose"),
        owner=owner,
        domain=words("domain")[:80],
        domain_stakes=words("stakes in the domain"),
        other_languages=words("languages"),
        other_places=words("jurisdictions"),
        actor=manager,
    )
    viewer, other = make_user(Role.VIEWER, scope=system.scope), make_user(Role.VIEWER, scope=system.scope)
    deployment, off = _deployment(system, owner, words, "deployment"), _deployment(system, owner, words, "second deployment")
    system_actions.switch_off_deployment(deployment_id=off.pk, reason=words("reason for switching off"), actor=owner)
    metaprompt = system_actions.add_metaprompt_version(system=system, text=words("metaprompt"), note=words("metaprompt note"), actor=owner)
    configuration = system_actions.add_configuration(
        deployment=deployment, metaprompt=metaprompt, parameters={"temperature": 0.5}, note=words("configuration note"), actor=owner
    )
    harm = _harm(system, owner, words)
    return Estate(
        system=system,
        owner=owner,
        viewer=viewer,
        membership=other.memberships.get(),
        deployment=deployment,
        off_deployment=off,
        metaprompt=metaprompt,
        configuration=configuration,
        **_stated(system, owner, words),
        **_activated(system, configuration, owner, words),
        **_documents(deployment, owner, words),
        harm=harm,
        harm_upload=_harm_upload(system, owner, words),
        **decided(system, owner, words),
        **_attached(harm, owner, words),
        **_reported(system, owner, other, manager, words),
        **rated(system, harm, owner, manager, words),
        **_assessed(system, owner, manager, words),
        **measured(configuration, harm, owner, words),
        **_told(system, owner, words),
        deadline=_deadline(system, owner, words),
        probed=probed(system, harm, configuration, owner, manager, words),
    )


def _deadline(system: AISystem, owner: User, words: Words) -> Deadline:
    """Far away and paused, so that it waits in nobody's work."""
    kind, far = tried_kind(), clocks.now() + datetime.timedelta(days=400)
    deadline = deadlines.set_deadline(kind.slug, subject=system, due_at=far, reason=words("reason for a date"), actor=owner)
    assert deadline is not None
    return deadlines.pause(deadline_id=deadline.pk, reason=words("reason for a pause")[:300], actor=owner)


def _told(system: AISystem, owner: User, words: Words) -> dict[str, Any]:
    kinds, address = ["notifications.webhook_gone"], "https://hooks.example.test/a"
    webhook, off = (
        notifications.add_webhook(name=words(f"{which} webhook")[:80], url=address, kinds=kinds, scope=system.scope, actor=owner)[0]
        for which in ("first", "second")
    )
    notifications.end_webhook(webhook_id=off.pk, reason=words("reason for switching a webhook off")[:300], actor=owner)
    (told,) = notifications.notify(
        *kinds,
        recipients=[owner],
        subject=system,
        title=words("notification title"),
        body=words("notification body"),
        url=f"/systems/{system.pk}/",
        key=f"world {system.pk}",
        actor=User.system(),
    )
    delivery = Delivery.objects.get(webhook=webhook)
    DeliveryAttempt.objects.create(delivery=delivery, outcome=AttemptOutcome.FAILED, status=500, error="The receiver answered 500.", seconds=0.1)
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.DEAD, next_at=None, attempt_count=1, last_error="The receiver answered 500.")
    off.refresh_from_db()
    return {"notification": told, "webhook": webhook, "off_webhook": off, "delivery": Delivery.objects.get(pk=delivery.pk)}


def _stated(system: AISystem, owner: User, words: Words) -> dict[str, Any]:
    """Two uses, two stakeholders (the second of each archived) and a version of the filters."""
    uses = [
        system_actions.add_intended_use(system=system, title=words(f"{which} use")[:160], description=words("use description"), actor=owner)
        for which in ("first", "second")
    ]
    groups = [
        system_actions.add_stakeholder(
            system=system,
            name=words(f"{which} stakeholder")[:160],
            reach="direct",
            description=words("stakeholder description"),
            intended_uses=uses[:1],
            actor=owner,
        )
        for which in ("first", "second")
    ]
    settings = {"categories": {"hate": {"prompt": "medium"}}, "blocklists": [words("block list")[:120]], "other": {words("setting")[:60]: words("value")}}
    return {
        "use": uses[0],
        "archived_use": system_actions.archive_intended_use(use_id=uses[1].pk, reason=words("reason for archiving"), actor=owner),
        "stakeholder": groups[0],
        "archived_stakeholder": system_actions.archive_stakeholder(stakeholder_id=groups[1].pk, reason=words("reason for archiving"), actor=owner),
        "filters": system_actions.add_filter_configuration(
            system=system, name=words("filters name")[:120], settings=settings, note=words("filters note")[:300], actor=owner
        ),
    }


def _activated(system: AISystem, configuration: Configuration, owner: User, words: Words) -> dict[str, Any]:
    """What is active in development, an emergency there whose review is open, and one in staging that waits; none of `Who` asked or confirmed."""
    asker, confirmer = make_user(Role.OWNER, scope=system.scope), make_user(Role.OWNER, scope=system.scope)
    second = system_actions.add_configuration(deployment=configuration.deployment, parameters={"temperature": 0.1}, actor=owner)
    order, changed = [Share(configuration, 100)], [Share(second, 100)]
    reason = words("reason for activating")
    activation = system_actions.activate(system_id=system.pk, environment="development", shares=order, reason=reason, actor=owner)
    acted = system_actions.ask_for_emergency(system_id=system.pk, environment="development", shares=changed, reason=words("what the emergency is"), actor=asker)
    waiting = system_actions.ask_for_emergency(system_id=system.pk, environment="staging", shares=order, reason=words("what the emergency is"), actor=asker)
    return {
        "activation": activation,
        "acted_emergency": system_actions.confirm_emergency(emergency_id=acted.pk, actor=confirmer),
        "waiting_emergency": waiting,
    }


def _documents(deployment: Deployment, owner: User, words: Words) -> dict[str, Any]:
    first, second = (
        system_actions.add_document(
            deployment=deployment,
            kind="terms",
            title=words(f"{which} document title")[:160],
            address="https://example.org/terms",
            version=words("document version")[:80],
            actor=owner,
        )
        for which in ("first", "second")
    )
    return {
        "document": first,
        "archived_document": system_actions.archive_document(document_id=second.pk, reason=words("reason for archiving a document"), actor=owner),
    }


def _reported(system: AISystem, owner: User, other: User, manager: User, words: Words) -> dict[str, Any]:
    failed, report = (report_actions.make_report(kind="harms.register", subject_id=system.pk, actor=manager) for _ in range(2))
    _, held = report_actions.send_report(report_id=report.pk, recipients=[owner, other], message=words("message with a report"), actor=manager)
    report_actions.note_opened(report_id=report.pk, actor=owner)
    ReportRecipient.objects.filter(report=report).update(reminded_at=F("asked_at") - datetime.timedelta(days=1))
    ReportPdf.objects.filter(pk=failed.pk).update(state=PdfState.FAILED, last_error="It was tried three times.", attempt_count=3)
    made = {"content": b"%PDF-", "sha256": hashlib.sha256(b"%PDF-").hexdigest(), "made_at": report.made_at}
    ReportPdf.objects.filter(pk=report.pk).update(state=PdfState.MADE, attempt_count=1, **made)
    return {"report": report, "failed_report": failed, "report_recipient": held}


def _deployment(system: AISystem, owner: User, words: Words, what: str) -> Deployment:
    return system_actions.add_deployment(
        system=system, name=words(f"{what} name"), base_url=LOCAL, model=words(f"{what} model"), api_key="sk-planted-4f9a77c1d2e8", actor=owner
    )


def _harm(system: AISystem, owner: User, words: Words) -> Harm:
    category = HarmCategory.objects.order_by("position").first()
    harm = harm_actions.propose_harm(
        system=system, title=words("harm title"), description=words("harm description"), category=category, origin="model", owner=owner, actor=owner
    )
    harm_actions.assess_harm(harm_id=harm.pk, severity=4, frequency=3, rationale=words("rationale"), actor=owner)
    return harm


def _assessed(system: AISystem, owner: User, manager: User, words: Words) -> dict[str, Any]:
    """Versions of the impact assessment: an approved one, one that waits for its sign-off, one that was never signed, and one that is being written."""
    said = harm_actions.start_assessment(system=system, actor=owner)
    answer_needed(said, owner, lambda place: words(f"answer about {place.question.slug}"))
    closed = []
    for _ in range(3):
        closed.append(harm_actions.close_assessment(assessment_id=said.pk, actor=owner))
        said = harm_actions.start_assessment(system=system, actor=owner)
    message = words("message with a request")
    asked = [sign_off_actions.request_sign_off(kind="harms.assessment", subject_id=row.pk, message=message, actor=owner) for row in closed[:2]]
    return {
        "assessment": said,
        "impact": said.impacts.earliest("pk"),
        "unsigned_assessment": closed[2],
        "sign_off_request": asked[1],
        **_approved(asked[0], owner, manager, words),
    }


def _approved(asked: SignOffRequest, owner: User, manager: User, words: Words) -> dict[str, Any]:
    """Approved with two conditions that the owner sees to; one is said to be met."""
    due_on = (clocks.now() + datetime.timedelta(days=30)).date()
    conditions = [Asked(words(f"{which} condition"), owner, due_on) for which in ("first", "second")]
    given = {"role": "risk_manager", "verdict": "approve_with_conditions", "reason": words("reason for approving"), "seen": asked.digest}
    sign_off_actions.sign(request_id=asked.pk, conditions=conditions, actor=manager, **given)
    open_condition, met_condition = Condition.objects.filter(sign_off__request=asked).order_by("pk")
    sign_off_actions.meet_condition(condition_id=met_condition.pk, note=words("note on a condition"), actor=owner)
    span = {"from_at": clocks.now(), "until_at": clocks.now() + datetime.timedelta(days=30)}
    helper = make_user(Role.EXECUTIVE)
    stand_in = sign_off_actions.name_stand_in(person=helper, for_person=owner, reason=words("reason for a stand-in"), actor=owner, **span)
    return {"approved_sign_off": asked, "open_condition": open_condition, "met_condition": met_condition, "stand_in": stand_in}


def _harm_upload(system: AISystem, owner: User, words: Words) -> HarmUpload:
    rows = [
        {"title": words("uploaded title"), "description": words("uploaded description"), "category": "bias", "origin": "model"},
        {"title": words("rejected title"), "category": words("unknown category"), "origin": "model"},
    ]
    content = json.dumps(rows).encode()
    return harm_actions.preview_upload(system=system, content=content, file_name=words("harm file name"), format="json", actor=owner)


def _attached(harm: Harm, owner: User, words: Words) -> dict[str, Any]:
    """A file, a link and a live object about the harm, and what was said about it."""
    file = SimpleUploadedFile(f"{words('evidence file name')[:80]}.txt", b"Kept as it came, whatever the title says.\n")
    text = {"title": words("evidence title")[:160], "note": words("evidence note")}
    evidence_actions.add_link(subject=harm, url=f"https://example.org/{quote(words('evidence address'))}", **text, actor=owner)
    said = comment_actions.add_comment(subject=harm, text=words("comment"), actor=owner)
    comment_actions.add_comment(subject=harm, text=words("answer to a comment"), parent=said, actor=owner)
    return {
        "evidence": evidence_actions.add_file(subject=harm, upload=file, **text, actor=owner),
        "live_evidence": evidence_actions.add_object(subject=harm, object_kind="systems.aisystem", object_id=harm.system_id, **text, actor=owner),
        "comment": comment_actions.edit_comment(comment_id=said.pk, text=words("changed comment"), actor=owner),
    }
