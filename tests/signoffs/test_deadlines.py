"""The dates of requests and conditions: who is reminded, who hears of what was missed, and when nobody waits any more."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.models import F

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.deadlines import actions as deadlines
from raiportal.deadlines.models import Deadline
from raiportal.notifications.models import Notification
from raiportal.signoffs import actions
from raiportal.signoffs.dates import TO_MEET, TO_SIGN
from raiportal.signoffs.models import Condition
from tests.factories.accounts import make_user
from tests.signoffs.kind import registered
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


class Dated(Scene):
    """A request to be signed within ten days."""

    def __init__(self) -> None:
        super().__init__()
        actions.withdraw(request_id=self.request.pk, reason="Without a date.", actor=self.owner)
        due_at = clocks.now() + 10 * DAY
        self.request = actions.request_sign_off(kind="tests.acceptance", subject_id=self.harm.pk, due_at=due_at, actor=self.owner)

    def condition(self) -> Condition:
        asked = [actions.Asked("Measure it again.", self.owner, (clocks.now() + 20 * DAY).date())]
        return self.sign(self.manager, "risk_manager", "approve_with_conditions", conditions=asked).conditions.get()


@pytest.fixture
def scene() -> Iterator[Dated]:
    with registered():
        yield Dated()


def _open(kind: str) -> list[int]:
    return list(Deadline.objects.open().filter(kind=kind).values_list("subject_id", flat=True))


def _told_when_due(kind: str, slug: str) -> set[User]:
    """Who is told when the deadlines of this kind come due now."""
    now = clocks.now()
    Deadline.objects.open().filter(kind=kind).update(due_at=now, next_at=now)
    before = set(Notification.objects.values_list("pk", flat=True))
    deadlines.run_due(actor=User.system())
    return {told.recipient for told in Notification.objects.exclude(pk__in=before).filter(event__kind=slug).select_related("recipient")}


def test_those_who_can_still_sign_are_reminded_and_whoever_asked_hears_of_a_missed_date(scene: Dated) -> None:
    second_manager = make_user(Role.RISK_MANAGER)
    scene.sign(scene.manager, "risk_manager")

    reminded = _told_when_due(TO_SIGN, "deadlines.due")

    escalated = {told.recipient for told in Notification.objects.filter(event__kind="deadlines.escalated").select_related("recipient")}
    assert reminded == {scene.lawyer}, f"the second manager {second_manager.pk} isn't needed any more"
    assert escalated == {scene.owner}


@pytest.mark.parametrize("ending", ["approved", "refused", "withdrawn"])
def test_nobody_is_reminded_to_sign_what_is_decided(scene: Dated, ending: str) -> None:
    assert _open(TO_SIGN) == [scene.request.pk]

    if ending == "approved":
        scene.approve()
    elif ending == "refused":
        scene.sign(scene.manager, "risk_manager", "reject")
    else:
        actions.withdraw(request_id=scene.request.pk, reason="Too early.", actor=scene.owner)

    assert _open(TO_SIGN) == []


def test_a_request_without_a_date_has_no_deadline() -> None:
    with registered():
        Scene()

    assert not Deadline.objects.exists()


def test_the_date_of_a_condition_goes_from_its_owner_to_its_signer_and_back(scene: Dated) -> None:
    condition = scene.condition()
    day_after = datetime.datetime.combine(condition.due_on + DAY, datetime.time(), datetime.UTC)
    assert Deadline.objects.get(kind=TO_MEET).due_at == day_after

    actions.meet_condition(condition_id=condition.pk, note="Done.", actor=scene.owner)
    assert Deadline.objects.get(kind=TO_MEET).due_at == day_after + 14 * DAY
    assert _told_when_due(TO_MEET, "deadlines.due") == {scene.manager}

    actions.confirm_condition(condition_id=condition.pk, is_met=False, note="Not yet.", actor=scene.manager)
    assert Deadline.objects.get(kind=TO_MEET).due_at == day_after
    assert _told_when_due(TO_MEET, "deadlines.due") == {scene.owner}


def test_a_confirmed_condition_waits_for_nobody(scene: Dated) -> None:
    condition = scene.condition()

    actions.meet_condition(condition_id=condition.pk, note="Done.", actor=scene.owner)
    actions.confirm_condition(condition_id=condition.pk, is_met=True, note="", actor=scene.manager)

    assert _open(TO_MEET) == []
    assert Deadline.objects.get(kind=TO_MEET).closed_at is not None


@pytest.mark.parametrize("ending", ["refused", "withdrawn", "revoked", "stale", "overdue", "replaced"])
def test_no_condition_waits_once_nothing_depends_on_it(scene: Dated, ending: str) -> None:
    condition = scene.condition()
    assert _open(TO_MEET) == [condition.pk]

    _end(scene, condition, ending)

    assert _open(TO_MEET) == []


def _end(scene: Dated, condition: Condition, ending: str) -> None:
    if ending == "refused":
        scene.sign(scene.lawyer, "reviewer:legal", "reject")
        return
    if ending == "withdrawn":
        actions.withdraw(request_id=scene.request.pk, reason="Too early.", actor=scene.owner)
        return
    scene.sign(scene.lawyer, "reviewer:legal")
    if ending == "revoked":
        actions.revoke(request_id=scene.request.pk, reason="Wrong.", actor=scene.manager)
    elif ending == "stale":
        scene.edit("Something else")
        actions.recheck(scene.harm, actor=scene.author)
    elif ending == "overdue":
        _let_pass(condition)
        assert actions.end_lapsed(actor=User.system()) == 1
    else:
        scene.request = actions.request_sign_off(kind="tests.acceptance", subject_id=scene.harm.pk, actor=scene.owner)
        scene.approve()


def _let_pass(condition: Condition) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        Condition.objects.filter(pk=condition.pk).update(due_on=F("due_on") - 40 * DAY)
        cursor.execute("set local session_replication_role = origin")
