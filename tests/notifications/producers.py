"""For each kind of event an act that makes it happen, and who has to be told: the table of the matrix test. Every package adds its own.

A producer gets the scene, does what the kind's words say through the actions, and returns those who are told. The matrix test compares this with what
was written for everybody in the scene, channel by channel.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import F

from harms import actions as harms
from harms.models import Campaign
from measurements.actions import due_times, runs
from measurements.enums import PauseCause
from measurements.models import Schedule
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.audit import ledger
from raiportal.comments import actions as comments
from raiportal.deadlines import actions as deadlines
from raiportal.deadlines.kinds import DeadlineKind, deadline_kinds
from raiportal.deadlines.models import Deadline
from raiportal.notifications import actions
from raiportal.notifications.actions.webhooks import end_gone_webhook
from raiportal.reports import actions as reports
from raiportal.reports.models import ReportRecipient
from raiportal.signoffs import actions as sign_offs
from raiportal.signoffs.actions import Asked
from raiportal.signoffs.kinds import RoleNeeded, Rules
from raiportal.signoffs.models import Condition, StandIn
from systems import actions as system_actions
from systems.extensions import Share
from systems.models import AISystem, Configuration
from tests.factories.accounts import make_user
from tests.factories.campaigns import make_campaign, make_finding
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene
from tests.factories.runs import make_run
from tests.factories.schedules import due_ago, make_schedule
from tests.factories.systems import make_deployment, make_system
from tests.signoffs.kind import registered

TRIED = "tests.review"  # a kind of deadline that only tests set


@dataclass(frozen=True)
class Scene:
    """One system with people in every role, each with an address, and some who must never hear of it."""

    system: AISystem
    owner: User
    second_owner: User
    contributor: User
    viewer: User
    labeller: User
    risk_manager: User
    administrator: User
    auditor: User
    executive: User
    foreigner: User  # owner of another system
    left: User  # an owner who is kept out
    nobody: User

    def people(self) -> Iterator[User]:
        yield from (getattr(self, field.name) for field in fields(self) if field.name != "system")


def make_scene() -> Scene:
    owner = _person("owner")
    system = make_system(owner=owner)
    inside = {
        "second_owner": Role.OWNER,
        "contributor": Role.CONTRIBUTOR,
        "viewer": Role.VIEWER,
        "labeller": Role.LABELLER,
        "left": Role.OWNER,
    }
    over_all = {"risk_manager": Role.RISK_MANAGER, "administrator": Role.ADMINISTRATOR, "auditor": Role.AUDITOR, "executive": Role.EXECUTIVE}
    people = {name: _person(name, role, scope=system.scope) for name, role in inside.items()}
    people |= {name: _person(name, role) for name, role in over_all.items()}
    foreigner = _person("foreigner")
    make_system(owner=foreigner)
    User.objects.filter(pk=people["left"].pk).update(is_active=False)
    return Scene(system=system, owner=owner, foreigner=foreigner, nobody=_person("nobody"), **people)


def _person(name: str, *roles: Role, **where: object) -> User:
    return make_user(*roles, email=f"{name.replace('_', '-')}@example.test", **where)


Producer = Callable[[Scene], set[User]]


# --- Systems ---
def _emergency_asked(scene: Scene) -> set[User]:
    _ask(scene)
    return {scene.second_owner, scene.risk_manager, scene.administrator}


def _emergency_to_review(scene: Scene) -> set[User]:
    asked = _ask(scene)
    system_actions.confirm_emergency(emergency_id=asked, actor=scene.risk_manager)
    return {scene.second_owner, scene.administrator}


def _ask(scene: Scene) -> int:
    configuration = Configuration.objects.get(deployment=make_deployment(scene.system))
    asked = system_actions.ask_for_emergency(
        system_id=scene.system.pk, environment="staging", shares=[Share(configuration, 100)], reason="It leaks.", actor=scene.owner
    )
    return asked.pk


# --- Measurements ---
def _run_paused(scene: Scene) -> set[User]:
    run = make_run(deployment=make_deployment(scene.system), start=True, actor=scene.contributor)
    runs.pause_run(run_id=run.pk, cause=PauseCause.QUOTA, cause_detail="Nothing left.", actor=User.system())
    return {scene.contributor, scene.owner, scene.second_owner}


def _right_lost(scene: Scene) -> set[User]:
    run = make_run(deployment=make_deployment(scene.system), start=True, actor=scene.contributor)
    Membership.objects.filter(user=scene.contributor).delete()
    runs.pause_run(run_id=run.pk, cause=PauseCause.RIGHT_LOST, actor=User.system())
    return {scene.owner, scene.second_owner, scene.risk_manager}


def _schedule_failed(scene: Scene) -> set[User]:
    schedule = make_schedule(scene.system, actor=scene.contributor)
    Membership.objects.filter(user=scene.contributor).update(role=Role.VIEWER)
    due_ago(Schedule.objects.get(pk=schedule.pk), datetime.timedelta(minutes=1))
    due_times.start_due_runs(actor=User.system())
    return {scene.contributor, scene.owner, scene.second_owner}


# --- Comments ---
def _mentioned(scene: Scene) -> set[User]:
    comments.add_comment(subject=scene.system, text=f"@{scene.viewer.username} and @{scene.foreigner.username}: look here.", actor=scene.owner)
    return {scene.viewer}


def _comment_answered(scene: Scene) -> set[User]:
    said = comments.add_comment(subject=scene.system, text="Is that so?", actor=scene.contributor)
    comments.add_comment(subject=scene.system, text="It is.", parent=said, actor=scene.owner)
    return {scene.contributor}


# --- Sign-offs ---
class _Signing:
    """A harm, written by the contributor, for which the owner asked the risk manager's sign-off."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.harm = make_harm(scene.system, actor=scene.contributor)
        self.request = sign_offs.request_sign_off(kind="tests.acceptance", subject_id=self.harm.pk, actor=scene.owner)

    def sign(self, verdict: str = "approve", **given: Any) -> None:
        said = {"role": "risk_manager", "verdict": verdict, "reason": "Read it.", "seen": self.request.digest}
        sign_offs.sign(request_id=self.request.pk, actor=self.scene.risk_manager, **said, **given)

    def condition(self) -> int:
        """The id of a condition that the risk manager set and the contributor owns."""
        due_on = (clocks.now() + datetime.timedelta(days=30)).date()
        self.sign("approve_with_conditions", conditions=[Asked("Measure it.", self.scene.contributor, due_on)])
        return Condition.objects.get().pk


def _signing(act: Callable[[_Signing], None], *told: str) -> Producer:
    def produce(scene: Scene) -> set[User]:
        with registered(rules=lambda harm: Rules((RoleNeeded(Role.RISK_MANAGER),), validity_days=90)):
            act(_Signing(scene))
        return {getattr(scene, name) for name in told}

    return produce


def _withdraw(signing: _Signing) -> None:
    sign_offs.withdraw(request_id=signing.request.pk, reason="Too early.", actor=signing.scene.owner)


def _signer_leaves(signing: _Signing) -> None:
    signing.sign()
    User.objects.filter(pk=signing.scene.risk_manager.pk).update(is_active=False)
    sign_offs.end_lapsed(actor=User.system())


def _change_meanwhile(signing: _Signing) -> None:
    ledger.apply_changes(signing.harm, actor=signing.scene.contributor, action="harms.harm_changed", title="Another title")
    sign_offs.recheck(signing.harm, actor=signing.scene.contributor)


def _set_condition(signing: _Signing) -> None:
    signing.condition()


def _meet(signing: _Signing) -> None:
    sign_offs.meet_condition(condition_id=signing.condition(), note="It is measured.", actor=signing.scene.contributor)


def _confirm(signing: _Signing) -> None:
    _meet(signing)
    sign_offs.confirm_condition(condition_id=Condition.objects.get().pk, is_met=True, note="Seen.", actor=signing.scene.risk_manager)


def _stand_in_named(scene: Scene) -> set[User]:
    """By an administrator: both sides hear of it."""
    now = clocks.now()
    span = {"from_at": now, "until_at": now + datetime.timedelta(days=3), "reason": "Away."}
    sign_offs.name_stand_in(person=scene.viewer, for_person=scene.risk_manager, scope_id=scene.system.pk, actor=scene.administrator, **span)
    return {scene.viewer, scene.risk_manager}


def _stand_in_ended(scene: Scene) -> set[User]:
    people = _stand_in_named(scene)
    sign_offs.end_stand_in(stand_in_id=StandIn.objects.get().pk, reason="Back.", actor=scene.administrator)
    return people


# --- Notifications and deadlines ---
def _webhook_gone(scene: Scene) -> set[User]:
    kinds, address = ["systems.emergency_asked"], "https://chat.example.test/"
    webhook, _ = actions.add_webhook(name="Chat", url=address, kinds=kinds, scope=scene.system.scope, actor=scene.owner)
    end_gone_webhook(webhook_id=webhook.pk, actor=User.system())
    return {scene.owner, scene.second_owner}


def tried_kind() -> DeadlineKind:
    """The deadline kind of the tests: reminds viewers a week and a day before, escalates to owners two days after."""
    known = deadline_kinds.get(TRIED)
    return known or deadline_kinds.register(
        DeadlineKind(
            TRIED,
            "Tried by a test",
            remind_days=(7, 1),
            recipients=lambda deadline: _holders(deadline, Role.VIEWER),
            escalate_to=lambda deadline: _holders(deadline, Role.OWNER),
            escalate_after_days=2,
            title=lambda deadline: f"Review of system {deadline.subject_id}",
            url=lambda deadline: f"/systems/{deadline.subject_id}/",
        )
    )


def _holders(deadline: Deadline, role: Role) -> list[int]:
    return list(Membership.objects.filter(scope=deadline.scope, role=role).values_list("user_id", flat=True))


def _due(days: float) -> Callable[[Scene], None]:
    """Let a deadline of the system have `days` left."""

    def act(scene: Scene) -> None:
        tried_kind()
        set_to = clocks.now() + datetime.timedelta(days=days)
        deadline = deadlines.set_deadline(TRIED, subject=scene.system, due_at=set_to, actor=scene.risk_manager)
        assert deadline is not None
        Deadline.objects.filter(pk=deadline.pk).update(next_at=clocks.now())
        deadlines.run_due(actor=User.system())

    return act


def _due_soon(scene: Scene) -> set[User]:
    _due(0.5)(scene)
    return {scene.viewer}


def _due_now(scene: Scene) -> set[User]:
    _due(-0.5)(scene)
    return {scene.viewer}


def _escalated(scene: Scene) -> set[User]:
    _due(-3)(scene)
    return {scene.owner, scene.second_owner}


def _report_sent(scene: Scene) -> set[User]:
    """By one who may act in the system."""
    report = reports.make_report(kind="harms.register", subject_id=scene.system.pk, actor=scene.contributor)
    reports.send_report(report_id=report.pk, recipients=[scene.second_owner, scene.viewer], actor=scene.contributor)
    return {scene.second_owner, scene.viewer}


def _report_reminded(scene: Scene) -> set[User]:
    told = _report_sent(scene)
    ReportRecipient.objects.update(reminded_at=F("asked_at") - datetime.timedelta(days=1))
    reports.remind(report_id=ReportRecipient.objects.latest("pk").report_id, actor=scene.contributor)
    return told


def _report_acknowledged(scene: Scene) -> set[User]:
    _report_sent(scene)
    report = ReportRecipient.objects.latest("pk").report
    reports.acknowledge(report_id=report.pk, digest=report.digest, actor=scene.viewer)
    return {scene.contributor}


def _campaign(scene: Scene, *, is_running: bool = True) -> Campaign:
    """With the contributor as its tester."""
    return make_campaign(scene.system, testers=(scene.contributor,), is_running=is_running)


def _tester_invited(scene: Scene) -> set[User]:
    _campaign(scene, is_running=False)
    return {scene.contributor}


def _campaign_paused(scene: Scene) -> set[User]:
    harms.pause_campaign(campaign_id=_campaign(scene).pk, reason="A stop rule.", actor=scene.owner)
    return {scene.contributor}


def _finding_reported(scene: Scene) -> set[User]:
    make_finding(_campaign(scene), scene.contributor)
    return {scene.owner, scene.second_owner}


def _finding_decided(scene: Scene) -> set[User]:
    finding = make_finding(_campaign(scene), scene.contributor)
    harms.dismiss_finding(finding_id=finding.pk, reason="Nothing bad.", actor=scene.owner)
    return {scene.contributor}


# --- Ratings ---
def _rating_round(scene: Scene) -> RoundScene:
    return RoundScene(manager=scene.risk_manager, system=scene.system, people=[scene.contributor, scene.viewer])


def _rating_asked(scene: Scene) -> set[User]:
    return set(_rating_round(scene).people)


def _rating_complete(scene: Scene) -> set[User]:
    held = _rating_round(scene)
    for person in held.people:
        held.rate(person, (3, 3), (2, 2))
    return {scene.risk_manager}


def _rating_closed(scene: Scene) -> set[User]:
    held = _rating_round(scene)
    held.close()
    return set(held.people)


def _rating_agreed(scene: Scene) -> set[User]:
    """The raters, and the owner of the harm."""
    harm = make_harm(scene.system, owner=scene.second_owner)
    held = RoundScene(manager=scene.risk_manager, system=scene.system, people=[scene.contributor, scene.viewer], harms=[harm])
    held.rate(scene.viewer, (3, 3))
    held.close()
    harms.record_consensus(round_harm_id=held.rated[0].pk, severity=3, frequency=3, note="We talked.", actor=scene.risk_manager)
    return {*held.people, scene.second_owner}


PRODUCERS: dict[str, Producer] = {
    "harms.tester_invited": _tester_invited,
    "harms.campaign_paused": _campaign_paused,
    "harms.finding_reported": _finding_reported,
    "harms.finding_decided": _finding_decided,
    "harms.rating_asked": _rating_asked,
    "harms.rating_complete": _rating_complete,
    "harms.rating_closed": _rating_closed,
    "harms.rating_agreed": _rating_agreed,
    "systems.emergency_asked": _emergency_asked,
    "systems.emergency_to_review": _emergency_to_review,
    "measurements.run_paused": _run_paused,
    "measurements.right_lost": _right_lost,
    "measurements.schedule_failed": _schedule_failed,
    "signoffs.asked": _signing(lambda signing: None, "risk_manager"),
    "signoffs.decided": _signing(_Signing.sign, "owner"),
    "signoffs.closed": _signing(_withdraw, "risk_manager"),
    "signoffs.ended": _signing(_signer_leaves, "owner"),
    "signoffs.outdated": _signing(_change_meanwhile, "owner"),
    "signoffs.condition_set": _signing(_set_condition, "contributor"),
    "signoffs.condition_met": _signing(_meet, "risk_manager"),
    "signoffs.stand_in_named": _stand_in_named,
    "signoffs.stand_in_ended": _stand_in_ended,
    "signoffs.condition_looked_at": _signing(_confirm, "contributor"),
    "comments.mentioned": _mentioned,
    "comments.answered": _comment_answered,
    "notifications.webhook_gone": _webhook_gone,
    "deadlines.due_soon": _due_soon,
    "deadlines.due": _due_now,
    "deadlines.escalated": _escalated,
    "reports.sent": _report_sent,
    "reports.reminded": _report_reminded,
    "reports.acknowledged": _report_acknowledged,
}
