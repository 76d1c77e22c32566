"""Asking, signing, ending: who may, on what, and for how long."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Invalid, PolicyDenied, StaleSnapshot, WrongState
from raiportal.signoffs import actions, selectors
from raiportal.signoffs.enums import ConditionState, Held, RequestState
from raiportal.signoffs.models import SignOff, SignOffRequest
from tests.factories.accounts import make_user
from tests.signoffs.kind import happened, registered
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db


def test_approves_when_every_role_has_signed(scene: Scene) -> None:
    scene.sign(scene.manager, "risk_manager")
    assert scene.held == Held.OPEN
    scene.sign(scene.lawyer, "reviewer:legal", valid_until=clocks.now() + datetime.timedelta(days=5))
    asked = SignOffRequest.objects.get()
    assert scene.held == Held.APPROVED
    assert asked.valid_until is not None
    assert asked.valid_until < clocks.now() + datetime.timedelta(days=6)
    assert happened == [("approved", asked.pk)]


def test_refuses_author_and_requester_and_wrong_role(scene: Scene) -> None:
    for person, role in ((scene.author, "risk_manager"), (scene.owner, "risk_manager"), (scene.lawyer, "risk_manager"), (scene.manager, "reviewer:legal")):
        with pytest.raises(PolicyDenied):
            scene.sign(person, role)
    assert not SignOff.objects.exists()


@pytest.mark.parametrize("person", ["author", "owner", "lawyer"])
def test_database_refuses_what_the_policy_would(scene: Scene, person: str) -> None:
    fields = {"role": "risk_manager", "verdict": "approve", "reason": "x", "digest": scene.request.digest, "valid_until": clocks.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        SignOff.objects.create(request=scene.request, person=getattr(scene, person), **fields)


@pytest.mark.parametrize(
    "change",
    ["snapshot = '{}'", "digest = repeat('a', 64)", "rules = '{}'", "excluded_ids = '[]'", "state = 'approved', decided_at = now(), valid_until = now()"],
)
def test_database_keeps_what_was_asked(scene: Scene, change: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"update sign_off_request set {change}")


def test_one_person_gives_one_verdict(scene: Scene) -> None:
    scene.sign(scene.manager, "risk_manager", "recuse")
    with pytest.raises(Conflict):
        scene.sign(scene.manager, "risk_manager")


@pytest.mark.parametrize("verdict", ["reject", "request_changes"])
def test_one_refusal_closes_the_request(scene: Scene, verdict: str) -> None:
    scene.sign(scene.manager, "risk_manager", verdict)
    assert scene.held == Held.REFUSED
    with pytest.raises(WrongState):
        scene.sign(scene.lawyer, "reviewer:legal")


def test_refuses_to_sign_what_changed(scene: Scene) -> None:
    scene.edit("Something else")
    with pytest.raises(StaleSnapshot):
        scene.sign(scene.manager, "risk_manager")
    assert scene.held == Held.STALE


def test_change_ends_an_approval_once_and_for_good(scene: Scene) -> None:
    before = scene.harm.title
    scene.approve()
    scene.edit("Something else")
    assert scene.held == Held.STALE
    actions.recheck(scene.harm, actor=scene.author)
    actions.end_lapsed(actor=User.system())
    scene.edit(before)
    assert scene.held == Held.STALE
    assert [what for what, _ in happened] == ["approved", "stale"]


def test_deactivated_signer_ends_an_approval(scene: Scene) -> None:
    scene.approve()
    User.objects.filter(pk=scene.lawyer.pk).update(is_active=False)
    assert scene.held == Held.LAPSED
    assert actions.end_lapsed(actor=User.system()) == 1
    assert actions.end_lapsed(actor=User.system()) == 0


def test_revoking_and_withdrawing_need_their_state_and_a_reason(scene: Scene) -> None:
    with pytest.raises(WrongState):
        actions.revoke(request_id=scene.request.pk, reason="No", actor=scene.manager)
    scene.approve()
    with pytest.raises(WrongState):
        actions.withdraw(request_id=scene.request.pk, reason="No", actor=scene.owner)
    with pytest.raises(Invalid):
        actions.revoke(request_id=scene.request.pk, reason=" ", actor=scene.manager)
    actions.revoke(request_id=scene.request.pk, reason="No", actor=scene.manager)
    assert scene.held == Held.REVOKED
    assert SignOffRequest.objects.get().state == RequestState.REVOKED


def test_condition_goes_from_its_owner_to_its_signer(scene: Scene) -> None:
    asked = actions.Asked("Write it down.", scene.owner, clocks.now().date())
    signed = scene.sign(scene.manager, "risk_manager", "approve_with_conditions", conditions=[asked])
    condition = signed.conditions.get()
    actions.meet_condition(condition_id=condition.pk, note="Done.", actor=scene.owner)
    actions.confirm_condition(condition_id=condition.pk, is_met=False, note="Not yet.", actor=scene.manager)
    actions.meet_condition(condition_id=condition.pk, note="Now.", actor=scene.owner)
    condition = actions.confirm_condition(condition_id=condition.pk, is_met=True, note="", actor=scene.manager)
    assert condition.state == ConditionState.CONFIRMED
    assert not condition.is_overdue(clocks.now() + datetime.timedelta(days=99))


def test_stand_in_is_bound_by_the_exclusions_of_whom_they_stand_in_for(scene: Scene) -> None:
    helper, now = make_user(Role.VIEWER, scope=scene.system.scope), clocks.now()
    span = {"from_at": now, "until_at": now + datetime.timedelta(days=3), "reason": "Away."}
    for absent in (scene.author, scene.manager):
        actions.name_stand_in(person=helper, for_person=absent, actor=absent, **span)
    with pytest.raises(PolicyDenied):
        scene.sign(helper, "risk_manager", stand_in_for=scene.author)
    assert scene.sign(helper, "risk_manager", stand_in_for=scene.manager).stand_in_for == scene.manager
    with pytest.raises(Conflict):
        scene.sign(scene.manager, "risk_manager")


def test_error_of_what_follows_an_approval_is_no_refusal() -> None:
    def broken(request: SignOffRequest, harm: Any, actor: User) -> None:
        raise IntegrityError("the hook's own")

    with registered(approved=broken):
        scene = Scene()
        scene.sign(scene.manager, "risk_manager")
        with pytest.raises(IntegrityError, match="the hook's own"):
            scene.sign(scene.lawyer, "reviewer:legal")
        assert scene.held == Held.OPEN
        assert SignOff.objects.count() == 1


def test_overdue_condition_ends_an_approval(scene: Scene) -> None:
    """It holds to the end of the condition's day, and from the next moment on no more."""
    today = clocks.now().date()
    scene.sign(scene.manager, "risk_manager", "approve_with_conditions", conditions=[actions.Asked("Write it down.", scene.owner, today)])
    scene.sign(scene.lawyer, "reviewer:legal")
    asked = selectors.with_sign_offs(SignOffRequest.objects.all()).get()
    day_after = datetime.datetime.combine(today + datetime.timedelta(days=1), datetime.time(), datetime.UTC)
    assert selectors.ending_of(asked, asked.digest, day_after - datetime.timedelta(seconds=1)) is None
    assert selectors.ending_of(asked, asked.digest, day_after) == "condition_overdue"
