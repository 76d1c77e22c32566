"""Accepting what remains of a risk: by whom, until when, and what ends it."""

from __future__ import annotations

import datetime
import json

import pytest
from django.db import IntegrityError, transaction

from harms import acceptance, actions, selectors
from harms.enums import HarmState, RiskPointKind
from harms.models import Harm
from harms.workflow import HARM
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied, WrongState
from raiportal.signoffs import actions as sign_offs
from raiportal.signoffs import selectors as standing
from raiportal.signoffs.kinds import RoleNeeded
from raiportal.signoffs.models import SignOffRequest
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.harms.deciding import Scene, at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return Scene()


# --- Who may accept which score ---
@pytest.mark.parametrize(
    ("score", "signers", "days"),
    [(1, 1, 365), (3, 1, 365), (4, 1, 365), (6, 1, 365), (8, 1, 180), (12, 1, 180), (15, 2, 90), (16, 2, 90), (20, 3, 30), (25, 3, 30)],
)
def test_worse_risks_are_accepted_by_more_people_for_a_shorter_time(score: int, signers: int, days: int) -> None:
    rule = acceptance.rule_for(score, selectors.acceptance_rules())

    assert (len(rule.signers), rule.days) == (signers, days)


def test_critical_risk_takes_two_risk_managers_and_two_reviewers() -> None:
    rule = acceptance.rule_for(25, selectors.acceptance_rules())

    assert rule.signers == (
        RoleNeeded(Role.RISK_MANAGER, 2),
        RoleNeeded(Role.REVIEWER, 1, "responsible-ai"),
        RoleNeeded(Role.REVIEWER, 1, "legal"),
    )


SIGNER = {"role": "risk_manager", "review_kind": "", "people": "1"}
WHOLE = {"up_to": 25, "days": 30, "review_days": 30, "signers": [SIGNER]}


@pytest.mark.parametrize(
    "changes",
    [
        {"up_to": 20},
        {"days": 366},
        {"days": 0},
        {"review_days": 1.5},
        {"signers": [{**SIGNER, "role": "viewer"}]},
        {"signers": [{**SIGNER, "role": "reviewer"}]},
        {"signers": [{**SIGNER, "people": "0"}]},
        {"signers": [{**SIGNER, "people": "many"}]},
        {"signers": [SIGNER, SIGNER]},
    ],
)
def test_rules_that_can_not_be_carried_out_are_refused(changes: dict[str, object]) -> None:
    assert acceptance.rules_of([("All", WHOLE)])[0].days == 30
    with pytest.raises(Invalid):
        acceptance.rules_of([("All", {**WHOLE, **changes})])


def test_rules_need_different_ends() -> None:
    with pytest.raises(Invalid):
        acceptance.rules_of([("One", WHOLE), ("Two", WHOLE)])


# --- Accepting ---
def test_approval_accepts_the_harm_until_its_end(scene: Scene) -> None:
    harm, request = scene.accepted((3, 3))

    assert harm.state == HarmState.ACCEPTED
    assert harm.accepted_until == request.valid_until
    assert harm.accepted_until is not None
    assert harm.accepted_until <= clocks.now() + datetime.timedelta(days=180)
    assert Entry.objects.filter(action="harms.harm_accepted", subject_id=harm.pk, actor=scene.manager).count() == 1


def test_snapshot_says_levels_of_each_place_and_the_treatment(scene: Scene) -> None:
    harm = scene.harm((3, 3))

    signed = scene.ask(harm).snapshot["subject"]

    assert signed["levels"] == {"": {"inherent": [3, 3]}}
    assert (signed["score"], signed["treatment"], signed["treatment_words"]) == (9, "accept", "A person reads every answer.")


def test_high_risk_waits_for_its_second_signer(scene: Scene) -> None:
    harm = scene.harm((4, 4))
    request = scene.ask(harm)
    scene.sign(request)
    harm.refresh_from_db()
    assert harm.state == HarmState.ASSESSED

    reviewer = make_user(Role.REVIEWER, scope=scene.system.scope, review_kind="responsible-ai")
    scene.sign(request, person=reviewer, role="reviewer:responsible-ai")

    harm.refresh_from_db()
    assert harm.state == HarmState.ACCEPTED


def test_who_stated_the_risk_does_not_accept_it(scene: Scene) -> None:
    harm = make_harm(scene.system, assessed=(2, 2), actor=scene.manager)
    actions.set_treatment(harm_id=harm.pk, treatment="accept", words="Small.", actor=scene.owner)
    request = scene.ask(harm)

    with pytest.raises(PolicyDenied):
        scene.sign(request)


@pytest.mark.parametrize("lacking", ["assessment", "treatment", "role"])
def test_request_needs_a_score_a_treatment_and_a_right(scene: Scene, lacking: str) -> None:
    harm = scene.harm(None if lacking == "assessment" else (2, 2), treatment="" if lacking == "treatment" else "accept")
    asker = make_user(Role.VIEWER, scope=scene.system.scope) if lacking == "role" else scene.owner

    with pytest.raises(PolicyDenied):
        sign_offs.request_sign_off(kind="harms.acceptance", subject_id=harm.pk, actor=asker)


def test_refusal_leaves_the_harm_as_it_was(scene: Scene) -> None:
    harm = scene.harm()
    scene.sign(scene.ask(harm), verdict="reject")

    harm.refresh_from_db()
    assert harm.state == HarmState.ASSESSED


# --- By hand, nowhere ---
def test_nobody_accepts_by_hand(scene: Scene) -> None:
    harm = scene.harm()
    for person in (scene.owner, scene.manager, make_user(Role.ADMINISTRATOR), User.system()):
        with pytest.raises(PolicyDenied):
            HARM.advance(harm, "accept", actor=person, accepted_until=clocks.now(), state_before=harm.state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Harm.objects.filter(pk=harm.pk).update(state=HarmState.ACCEPTED)


def test_nobody_ends_an_acceptance_that_holds_by_moving_the_harm(scene: Scene) -> None:
    harm, _ = scene.accepted()
    with pytest.raises(PolicyDenied):
        HARM.advance(harm, "go_back_to_assessed", actor=scene.manager, accepted_until=None, state_before="")
    with pytest.raises(WrongState):
        actions.resolve_harm(harm_id=harm.pk, reason="Gone.", actor=scene.owner)


# --- What ends it ---
@pytest.mark.parametrize(("treatment", "before"), [("accept", HarmState.ASSESSED), ("mitigate", HarmState.IN_TREATMENT)])
def test_revoking_brings_back_what_was_before(scene: Scene, treatment: str, before: str) -> None:
    harm, request = scene.accepted(treatment=treatment)

    sign_offs.revoke(request_id=request.pk, reason="New facts.", actor=scene.manager)

    harm.refresh_from_db()
    assert (harm.state, harm.accepted_until, harm.state_before) == (before, None, "")


def test_end_of_its_time_brings_back_what_was_before(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    harm, request = scene.accepted()
    later = request.valid_until
    assert later is not None
    monkeypatch.setattr(clocks, "now", lambda: later)

    assert sign_offs.end_lapsed(actor=User.system()) == 1

    harm.refresh_from_db()
    assert harm.state == HarmState.ASSESSED
    assert Entry.objects.filter(action="harms.harm_acceptance_ended", subject_id=harm.pk).count() == 1


def test_worse_score_ends_it_at_once(scene: Scene) -> None:
    harm, _ = scene.accepted()

    actions.assess_harm(harm_id=harm.pk, severity=4, frequency=4, rationale="Seen again.", actor=scene.owner)

    harm.refresh_from_db()
    assert (harm.state, harm.priority) == (HarmState.ASSESSED, 16)
    assert standing.standing("harms.acceptance", harm).state == "stale"


@pytest.mark.parametrize("change", ["title", "owner_in_bulk", "treatment", "measured"])
def test_any_change_of_what_was_signed_ends_it(scene: Scene, change: str) -> None:
    harm, _ = scene.accepted()
    if change == "title":
        actions.edit_harm(harm_id=harm.pk, title="Another harm", actor=scene.owner)
    elif change == "owner_in_bulk":
        actions.edit_harms(harm_ids=[harm.pk], owner=scene.owner, actor=scene.owner)
    elif change == "treatment":
        actions.set_treatment(harm_id=harm.pk, treatment="transfer", words="The insurer bears it.", actor=scene.owner)
    else:
        actions.record_risk_point(harm_id=harm.pk, kind=RiskPointKind.MEASURED, severity=3, frequency=4, rationale="Run 1.", actor=User.system())

    harm.refresh_from_db()
    assert harm.state == (HarmState.IN_TREATMENT if change == "treatment" else HarmState.ASSESSED)


def test_saying_the_same_again_keeps_it(scene: Scene) -> None:
    harm, _ = scene.accepted()

    actions.edit_harm(harm_id=harm.pk, title=harm.title, actor=scene.owner)
    actions.assess_harm(harm_id=harm.pk, severity=3, frequency=3, rationale="Still so.", actor=scene.owner)
    actions.record_review(harm_id=harm.pk, note="Looked at it again.", actor=scene.owner)

    harm.refresh_from_db()
    assert harm.state == HarmState.ACCEPTED


def test_reopening_ends_it_with_the_reason(scene: Scene) -> None:
    harm, request = scene.accepted()

    with pytest.raises(Invalid):
        actions.reopen_harm(harm_id=harm.pk, reason=" ", actor=scene.owner)
    actions.reopen_harm(harm_id=harm.pk, reason="A customer was hurt.", actor=scene.owner)

    harm.refresh_from_db()
    request.refresh_from_db()
    assert (harm.state, harm.reopened_count, request.ended_why) == (HarmState.ASSESSED, 1, "stale")


def test_renewal_prolongs_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    harm, first = scene.accepted()
    later = clocks.now() + datetime.timedelta(days=10)
    monkeypatch.setattr(clocks, "now", lambda: later)
    second = scene.ask(harm)
    scene.sign(second)

    harm.refresh_from_db()
    first.refresh_from_db()
    assert harm.state == HarmState.ACCEPTED
    assert harm.accepted_until is not None
    assert first.valid_until is not None
    assert harm.accepted_until > first.valid_until
    assert first.ended_why == "replaced"


# --- Two at once ---
@pytest.mark.django_db(transaction=True)
def test_harm_is_never_accepted_at_a_score_that_nobody_signed() -> None:
    for _ in range(10):
        scene = Scene()
        harm = scene.harm((3, 3))
        request = scene.ask(harm)
        at_once(
            lambda s=scene, r=request: s.sign(r),  # type: ignore[misc]
            lambda s=scene, h=harm: actions.assess_harm(harm_id=h.pk, severity=5, frequency=3, rationale="Worse.", actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
        )
        harm.refresh_from_db()
        assert (harm.priority, harm.state) == (15, HarmState.ASSESSED)
        assert not SignOffRequest.objects.about("harms.acceptance", harm.pk).standing().exists()


ROW = {"title": "A", "category": "bias", "origin": "model", "inherent_severity": 4, "inherent_frequency": 4, "rationale": "Seen.", "state": "accepted"}
FILES = {
    "csv": b"title,category,origin,inherent_severity,inherent_frequency,rationale,state\nA,bias,model,4,4,Seen.,Accepted\nB,bias,model,,,,resolved\n",
    "json": json.dumps([ROW]).encode(),
}


@pytest.mark.parametrize("format", FILES)
def test_file_that_says_accepted_brings_an_assessed_harm_and_a_sentence(scene: Scene, format: str) -> None:
    reading = actions.import_harms(system=scene.system, content=FILES[format], file_name="harms", format=format, actor=scene.owner)

    assert Harm.objects.get(title="A").state == HarmState.ASSESSED
    assert [note.partition(" and ")[0] for note in reading.notes] == ["1 harm is accepted by the file"]
