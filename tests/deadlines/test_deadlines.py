"""Deadlines: set, moved, paused, frozen; people are reminded once, whatever clocks and workers do."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.deadlines import actions, selectors
from raiportal.deadlines.actions import _next_step, _steps
from raiportal.deadlines.models import Deadline
from raiportal.errors import Invalid, WrongState
from raiportal.look.clocks import clock_face
from raiportal.notifications.models import Notification
from raiportal.work import selectors as work
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.systems import make_system
from tests.notifications.producers import TRIED, tried_kind

pytestmark = pytest.mark.django_db

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
START = datetime.datetime(2026, 10, 20, 9, 0, tzinfo=datetime.UTC)  # the clocks of Europe go back on the 25th


@pytest.fixture(autouse=True)
def kind() -> None:
    tried_kind()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime.datetime], None]:
    """Sets what the actions read as the database's clock."""

    def set_to(moment: datetime.datetime) -> None:
        monkeypatch.setattr(clocks, "now", lambda: moment)

    set_to(START)
    return set_to


@pytest.fixture
def system() -> AISystem:
    system = make_system()
    make_user(Role.VIEWER, scope=system.scope, name="The Viewer")
    return system


def set_to(system: AISystem, due_at: datetime.datetime | None, **more: Any) -> Deadline | None:
    return actions.set_deadline(TRIED, subject=system, due_at=due_at, actor=system.owner, **more)


def made(system: AISystem, due_at: datetime.datetime) -> Deadline:
    deadline = set_to(system, due_at)
    assert deadline is not None
    return deadline


def told() -> list[str]:
    return [row.kind.removeprefix("deadlines.") for row in Notification.objects.order_by("pk")]


def run_at(clock: Any, moment: datetime.datetime) -> list[str]:
    """What was told anew at this moment."""
    clock(moment)
    before = len(told())
    actions.run_due(actor=User.system())
    return told()[before:]


def test_people_are_reminded_then_told_then_somebody_else_is(system: AISystem, clock: Any) -> None:
    due = START + 10 * DAY
    made(system, due)

    assert run_at(clock, START + DAY) == []
    assert run_at(clock, due - 7 * DAY) == ["due_soon"]
    assert run_at(clock, due - 7 * DAY + HOUR) == []
    assert run_at(clock, due - DAY) == ["due_soon"]
    assert run_at(clock, due) == ["due"]
    assert run_at(clock, due + DAY) == []
    assert run_at(clock, due + 2 * DAY) == ["escalated"]
    assert run_at(clock, due + 300 * DAY) == []
    escalated = Notification.objects.get(kind="deadlines.escalated")
    assert escalated.recipient == system.owner


def test_reminders_that_were_missed_are_told_as_one(system: AISystem, clock: Any) -> None:
    due = START + 10 * DAY
    made(system, due)

    assert run_at(clock, due - HOUR) == ["due_soon"]
    assert run_at(clock, due + 30 * DAY) == ["due", "escalated"]


def test_clock_that_goes_back_reminds_nobody_twice(system: AISystem, clock: Any) -> None:
    due = START + 10 * DAY
    made(system, due)
    run_at(clock, due - 7 * DAY)

    assert run_at(clock, due - 7 * DAY - HOUR) == []
    assert run_at(clock, due - 7 * DAY + HOUR) == []
    Deadline.objects.update(next_at=due - 7 * DAY)
    assert run_at(clock, due - 7 * DAY + 2 * HOUR) == []


def test_deadline_set_in_the_past_is_told_at_once(system: AISystem, clock: Any) -> None:
    made(system, START - HOUR)

    assert run_at(clock, START) == ["due"]


def test_moved_deadline_reminds_anew_and_is_in_the_ledger(system: AISystem, clock: Any) -> None:
    deadline = made(system, START + 3 * DAY)
    run_at(clock, START + 2 * DAY)

    assert set_to(system, START + 20 * DAY, reason="More time is needed.") == deadline
    assert run_at(clock, START + 3 * DAY) == []
    assert run_at(clock, START + 13 * DAY) == ["due_soon"]
    moved = Entry.objects.get(action="deadlines.deadline_moved")
    assert moved.payload.body["reason"] == "More time is needed."
    assert moved.scope_id == system.pk
    assert set_to(system, START + 20 * DAY) == deadline
    assert Entry.objects.filter(action="deadlines.deadline_moved").count() == 1


def test_pause_lets_the_time_stand_still_and_reminds_nobody(system: AISystem, clock: Any) -> None:
    due = START + 10 * DAY
    deadline = made(system, due)
    clock(START + 2 * DAY)
    with pytest.raises(Invalid):
        actions.pause(deadline_id=deadline.pk, reason=" ", actor=system.owner)
    paused = actions.pause(deadline_id=deadline.pk, reason="The supplier has to answer.", actor=system.owner)
    with pytest.raises(WrongState):
        actions.pause(deadline_id=deadline.pk, reason="Again.", actor=system.owner)

    assert run_at(clock, due + 5 * DAY) == []
    assert paused.remaining(due + 5 * DAY) == 8 * DAY
    resumed = actions.resume(deadline_id=deadline.pk, actor=system.owner)
    assert resumed.due_at == START + 23 * DAY
    assert resumed.remaining(due + 5 * DAY) == 8 * DAY
    assert resumed.paused_seconds == (13 * DAY).total_seconds()
    with pytest.raises(WrongState):
        actions.resume(deadline_id=deadline.pk, actor=system.owner)
    assert run_at(clock, START + 23 * DAY - 7 * DAY) == ["due_soon"]


def test_clock_that_goes_back_in_a_pause_takes_no_time_away(system: AISystem, clock: Any) -> None:
    deadline = made(system, START + DAY)
    actions.pause(deadline_id=deadline.pk, reason="Waiting.", actor=system.owner)
    clock(START - HOUR)

    resumed = actions.resume(deadline_id=deadline.pk, actor=system.owner)

    assert (resumed.due_at, resumed.paused_seconds) == (START + DAY, 0)


@pytest.mark.parametrize(("days", "is_late"), [(4, False), (12, True)])
def test_closed_deadline_is_frozen(system: AISystem, clock: Any, days: int, is_late: bool) -> None:
    deadline = made(system, START + 10 * DAY)
    clock(START + days * DAY)

    closed = actions.close(TRIED, subject=system, actor=system.owner)

    assert closed == deadline
    assert closed is not None
    assert closed.remaining(START + 500 * DAY) == (10 - days) * DAY
    assert (closed.remaining_seconds < 0) == is_late
    assert run_at(clock, START + 100 * DAY) == []
    assert actions.close(TRIED, subject=system, actor=system.owner) is None
    with pytest.raises(WrongState):
        actions.pause(deadline_id=deadline.pk, reason="Late.", actor=system.owner)
    with pytest.raises(WrongState):
        actions.resume(deadline_id=deadline.pk, actor=system.owner)
    (face,) = [clock_face(shown, START + 500 * DAY) for shown in selectors.clocks_of([closed], START + 500 * DAY)]
    assert face.state == ("late" if is_late else "done")


def test_deadline_closed_while_paused_keeps_what_was_left(system: AISystem, clock: Any) -> None:
    deadline = made(system, START + 10 * DAY)
    clock(START + DAY)
    actions.pause(deadline_id=deadline.pk, reason="Waiting.", actor=system.owner)
    clock(START + 50 * DAY)

    closed = actions.close(TRIED, subject=system, actor=system.owner)

    assert closed is not None
    assert closed.remaining(START + 60 * DAY) == 9 * DAY
    assert (closed.paused_at, closed.pause_reason) == (None, "")


def test_none_closes_and_another_one_starts_anew(system: AISystem, clock: Any) -> None:
    first = made(system, START + DAY)

    assert set_to(system, None) is None
    second = made(system, START + 2 * DAY)

    assert selectors.of(system) == [second, first]
    assert selectors.of_many(TRIED, [system.pk, 0]) == {system.pk: second}
    assert list(selectors.due_before(START + 3 * DAY)) == [second]
    assert set_to(make_system(), None) is None


def test_database_holds_one_open_deadline_of_a_kind_and_subject(system: AISystem) -> None:
    made(system, clocks.now() + DAY)
    about = {"kind": TRIED, "subject_kind": "systems.aisystem", "subject_id": system.pk}

    with pytest.raises(IntegrityError), transaction.atomic():
        Deadline.objects.create(due_at=clocks.now(), **about)


def test_work_lists_what_is_due_within_two_weeks_for_those_who_are_told(system: AISystem, clock: Any) -> None:
    made(system, START + 13 * DAY)
    viewer = User.objects.get(name="The Viewer")

    def waiting(person: User, now: datetime.datetime) -> list[Any]:
        return [entry.item for entry in work.my_work(User.objects.get(pk=person.pk), now).items if entry.source.slug == "deadlines"]

    (item,) = waiting(viewer, START)
    assert (item.due_at, item.system) == (START + 13 * DAY, system.name)
    assert waiting(system.owner, START) == []
    assert waiting(make_user(Role.AUDITOR), START) == []
    assert waiting(viewer, START - 2 * DAY) == []
    viewer.memberships.all().delete()
    assert waiting(viewer, START) == []


@given(
    due=st.integers(0, 3_000 * 86_400).map(lambda seconds: START + datetime.timedelta(seconds=seconds)),
    seconds=st.integers(-40 * 86_400, 40 * 86_400),
)
def test_steps_come_in_order_and_the_next_one_lies_ahead(due: datetime.datetime, seconds: int) -> None:
    kind, now = tried_kind(), due + datetime.timedelta(seconds=seconds)
    moments = [at for at, _, _ in _steps(kind, due)]

    following = _next_step(kind, due, now)

    assert moments == sorted(moments)
    assert following == next((at for at in moments if at > now), None)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raiportal.queue.send", lambda *_, **__: True)
    system = make_system()
    make_user(Role.VIEWER, scope=system.scope)
    made(system, clocks.now() - HOUR)
    barrier = threading.Barrier(2, timeout=10)

    def work() -> None:
        try:
            barrier.wait()
            actions.run_due(actor=User.system())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert told() == ["due"]
