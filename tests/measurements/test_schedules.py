"""Setting schedules, and what becomes of their due times."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from measurements import policies
from measurements.actions import due_times, run_start, runs, schedules
from measurements.actions.due_times import LATEST_START, MOST_REFUSALS, NEWER_FOLLOWED, settle_due_times, start_due_runs
from measurements.enums import DueOutcome, Rhythm, RunState
from measurements.models import DueTime, MeasurementSetVersion, Run, Schedule
from measurements.selectors import schedules as selectors
from measurements.selectors.metrics import newest_version
from measurements.tasks import start_due_runs as beat
from raiportal import clocks, queue
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied, Unmet
from systems import actions as system_actions
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.measurements import add_cases, make_metric, make_owner, make_set
from tests.factories.schedules import due_ago, make_schedule, parts
from tests.factories.systems import make_deployment, make_system

HOUR, DAY, MINUTE = datetime.timedelta(hours=1), datetime.timedelta(days=1), datetime.timedelta(minutes=1)
STARTED, MISSED, REFUSED = DueOutcome.STARTED, DueOutcome.MISSED, DueOutcome.REFUSED


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were handed to Celery, instead of handing them over."""
    sent: list[str] = []

    def send(task: str, *, expires: float | None = None, **arguments: object) -> bool:
        sent.append(task)
        return True

    monkeypatch.setattr(queue, "send", send)
    return sent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime.datetime], None]:
    """Sets what the actions read as the database's clock."""

    def set_to(moment: datetime.datetime) -> None:
        monkeypatch.setattr(clocks, "now", lambda: moment)

    return set_to


def utc(*args: int) -> datetime.datetime:
    return datetime.datetime(*args, tzinfo=datetime.UTC)  # type: ignore[arg-type, misc]


def settle(schedule: Schedule) -> DueTime | None:
    settled = settle_due_times(schedule_id=schedule.pk, actor=User.system())
    schedule.refresh_from_db()
    return settled


def history(schedule: Schedule) -> list[tuple[str, str]]:
    """Outcome and detail of every due time, oldest first."""
    return list(DueTime.objects.filter(schedule=schedule).order_by("due_at").values_list("outcome", "detail"))


def end_run_of(due: DueTime | None) -> None:
    assert due is not None
    assert due.run is not None
    runs.cancel_run(run_id=due.run.pk, reason="to make room", actor=User.system())


# --- Adding and changing ---
@pytest.mark.django_db
def test_add_works_out_the_first_due_time_by_the_clock_of_the_place(clock: Callable[..., None]) -> None:
    clock(utc(2027, 3, 27, 12))

    schedule = make_schedule(at_time=datetime.time(2, 30))

    assert schedule.next_due_at == utc(2027, 3, 28, 1), "02:30 doesn't exist that day in Berlin"
    assert (schedule.is_active, schedule.responsible, schedule.created_by) == (True, schedule.created_by, schedule.responsible)
    entry = Entry.objects.select_related("payload").get(action="measurements.schedule_added")
    assert entry.payload.body["details"]["time_zone"] == "Europe/Berlin"
    assert entry.payload.body["details"]["metrics"] == [metric.pk for metric in schedule.metrics.all()]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("name", {"name": "  "}),
        ("rhythm", {"rhythm": "hourly"}),
        ("weekday", {"rhythm": "weekly"}),
        ("weekday", {"rhythm": "weekly", "weekday": 7}),
        ("weekday", {"weekday": 1}),
        ("month_day", {"rhythm": "monthly"}),
        ("month_day", {"rhythm": "monthly", "month_day": 32}),
        ("month_day", {"month_day": 1}),
        ("at_time", {"at_time": datetime.time(3, 0, 1)}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
        ("repeats", {"repeats": 0}),
        ("repeats", {"repeats": 101}),
        ("max_concurrency", {"max_concurrency": 0}),
        ("budget_cost", {"budget_cost": Decimal(0)}),
        ("budget_tokens", {"budget_tokens": 0}),
        ("metrics", {"metrics": []}),
    ],
)
def test_add_refuses_what_does_not_fit(field: str, terms: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        make_schedule(**terms)

    assert refusal.value.field == field
    assert not Schedule.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["configuration", "measurement_set", "metrics"])
def test_add_refuses_parts_of_another_system(field: str) -> None:
    foreign = parts(make_system())

    with pytest.raises(Invalid) as refusal:
        make_schedule(**{field: foreign[field]})

    assert refusal.value.field == field


@pytest.mark.django_db
def test_add_refuses_what_no_run_could_start_on() -> None:
    system = make_system()
    given = parts(system)
    system_actions.switch_off_deployment(deployment_id=given["configuration"].deployment_id, reason="moved", actor=make_owner(system))
    given["configuration"].deployment.refresh_from_db()

    with pytest.raises(Invalid, match="switched off"):
        make_schedule(system, **given)
    with pytest.raises(Invalid, match="no cases"):
        make_schedule(system, measurement_set=make_set(system))


@pytest.mark.django_db
def test_name_is_taken_once_in_a_system() -> None:
    schedule = make_schedule()

    with pytest.raises(Invalid) as refusal:
        make_schedule(schedule.system, name=schedule.name)

    assert refusal.value.field == "name"


@pytest.mark.django_db
def test_system_has_only_so_many_schedules_that_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-43: a loop that adds schedules ends at a limit."""
    monkeypatch.setattr(schedules, "MOST_ACTIVE", 2)
    first = make_schedule()
    make_schedule(first.system)

    with pytest.raises(Unmet):
        make_schedule(first.system)
    schedules.switch_off_schedule(schedule_id=first.pk, reason="too many", actor=make_owner(first.system))
    make_schedule(first.system)
    with pytest.raises(Unmet):
        schedules.switch_on_schedule(schedule_id=first.pk, reason="again", actor=make_owner(first.system))


@pytest.mark.django_db
def test_change_of_the_rhythm_moves_the_next_due_time_and_the_responsibility(clock: Callable[..., None]) -> None:
    schedule, other = make_schedule(), make_user(Role.RISK_MANAGER)
    clock(utc(2027, 5, 5, 12))

    changed = schedules.edit_schedule(schedule_id=schedule.pk, rhythm=Rhythm.WEEKLY, weekday=4, time_zone="UTC", actor=other)

    assert changed.next_due_at == utc(2027, 5, 7, 3)
    assert (changed.responsible, changed.created_by) == (other, schedule.created_by)
    back = schedules.edit_schedule(schedule_id=schedule.pk, rhythm=Rhythm.DAILY, actor=other)
    assert (back.weekday, back.next_due_at) == (None, utc(2027, 5, 6, 3)), "a daily one has no weekday"


@pytest.mark.django_db
def test_change_of_anything_else_keeps_a_due_time_that_waits() -> None:
    schedule = due_ago(make_schedule(), 2 * MINUTE)

    changed = schedules.edit_schedule(schedule_id=schedule.pk, repeats=2, metrics=[make_metric(schedule.system)], actor=make_owner(schedule.system))

    assert changed.next_due_at == schedule.next_due_at
    assert changed.repeats == 2
    assert Entry.objects.filter(action="measurements.schedule_metrics_changed").exists()


@pytest.mark.django_db
def test_due_time_that_waits_is_recorded_when_the_rhythm_changes_or_it_is_switched_off() -> None:
    changed, ended = (due_ago(make_schedule(), 2 * MINUTE) for _ in range(2))

    schedules.edit_schedule(schedule_id=changed.pk, time_zone="Asia/Tokyo", actor=make_owner(changed.system))
    schedules.switch_off_schedule(schedule_id=ended.pk, reason="no money", actor=make_owner(ended.system))

    assert history(changed) == [(MISSED, schedules.CHANGED_FIRST)]
    assert history(ended) == [(MISSED, schedules.OFF_FIRST)]


@pytest.mark.django_db
def test_switched_off_it_starts_nothing_and_switched_on_it_goes_on_from_then() -> None:
    schedule, other = make_schedule(), make_user(Role.RISK_MANAGER)

    off = schedules.switch_off_schedule(schedule_id=schedule.pk, reason="no money", actor=make_owner(schedule.system))
    assert (off.is_active, off.next_due_at, off.off_reason) == (False, None, "no money")
    assert start_due_runs(actor=User.system()) == []
    on = schedules.switch_on_schedule(schedule_id=schedule.pk, reason="money again", actor=other)

    assert on.is_active
    assert on.next_due_at is not None
    assert on.next_due_at > clocks.now()
    assert (on.off_reason, on.responsible) == ("", other)
    reasons = [entry.payload.body["reason"] for entry in Entry.objects.filter(action__startswith="measurements.schedule_switched").select_related("payload")]
    assert sorted(reasons) == ["money again", "no money"]


@pytest.mark.django_db
def test_switching_needs_a_reason() -> None:
    schedule = make_schedule()

    for switch in (schedules.switch_off_schedule, schedules.switch_on_schedule):
        with pytest.raises(Invalid):
            switch(schedule_id=schedule.pk, reason=" ", actor=make_owner(schedule.system))


# --- Rights ---
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "in_system", "may"),
    [
        (Role.ADMINISTRATOR, False, True),
        (Role.RISK_MANAGER, False, True),
        (Role.AUDITOR, False, False),
        (Role.OWNER, True, True),
        (Role.VIEWER, True, False),
    ],
)
def test_who_may_set_schedules(role: Role, in_system: bool, may: bool) -> None:
    schedule = make_schedule()
    somebody = make_user(role, scope=schedule.system.scope if in_system else None)

    assert bool(policies.may_schedule(somebody, schedule.system)) is may
    assert bool(policies.may_switch_schedule_off(somebody, schedule)) is may
    assert not policies.may_settle_due_times(somebody)


@pytest.mark.django_db
def test_retired_system_takes_no_schedule_but_lets_one_be_switched_off() -> None:
    schedule = make_schedule()
    owner = make_owner(schedule.system)
    retired = system_actions.retire_system(system_id=schedule.system.pk, reason="replaced", actor=owner)

    assert not policies.may_schedule(owner, retired)
    assert policies.may_switch_schedule_off(owner, Schedule.objects.get(pk=schedule.pk))


@pytest.mark.django_db
def test_only_the_portal_settles_due_times() -> None:
    schedule = due_ago(make_schedule(), MINUTE)

    with pytest.raises(PolicyDenied):
        settle_due_times(schedule_id=schedule.pk, actor=make_user(Role.ADMINISTRATOR))
    with pytest.raises(PolicyDenied):
        start_due_runs(actor=make_user(Role.ADMINISTRATOR))


# --- Starting ---
@pytest.mark.django_db(transaction=True)
def test_due_schedule_starts_a_run_in_the_name_of_who_answers_for_it(queued: list[str]) -> None:
    schedule = due_ago(make_schedule(repeats=2, max_concurrency=1, budget_tokens=5_000), MINUTE)

    started = start_due_runs(actor=User.system())

    run = Run.objects.get(pk__in=started)
    assert (run.state, run.created_by, run.repeats, run.max_concurrency, run.budget_tokens) == (RunState.RUNNING, schedule.responsible, 2, 1, 5_000)
    assert queued == ["measurements.tasks.pump"]
    assert history(schedule) == [(STARTED, "")]
    assert selectors.schedule_of(run) == schedule
    schedule.refresh_from_db()
    assert schedule.next_due_at is not None
    assert schedule.next_due_at > clocks.now()
    entry = Entry.objects.select_related("payload", "actor").get(action="measurements.due_time_settled")
    assert (entry.actor, entry.payload.body["details"]["run"]) == (User.system(), run.pk)


@pytest.mark.django_db
def test_run_takes_the_newest_versions_of_set_and_metrics() -> None:
    schedule = due_ago(make_schedule(), MINUTE)
    add_cases(schedule.measurement_set, ("four",))
    metric = schedule.metrics.get()

    settled = settle(schedule)

    assert settled is not None
    run = Run.objects.get(pk=settled.run_id)
    assert run.set_version == MeasurementSetVersion.objects.filter(measurement_set=schedule.measurement_set).latest("number")
    assert (run.set_version.number, run.planned_count) == (2, 4)
    assert [chosen.metric_version for chosen in run.run_metrics.all()] == [newest_version(metric)]


@pytest.mark.django_db
def test_nothing_starts_before_its_time_nor_twice() -> None:
    schedule = make_schedule()
    assert settle(schedule) is None

    due_ago(schedule, MINUTE)

    assert settle(schedule) is not None
    assert settle(schedule) is None
    assert beat() is None
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_clock_that_was_set_back_starts_no_second_run(clock: Callable[..., None]) -> None:
    """REL-31: what was settled stays settled."""
    schedule = make_schedule(time_zone="UTC")
    first = schedule.next_due_at
    assert first is not None
    clock(first + MINUTE)
    end_run_of(settle(schedule))

    clock(first - HOUR)
    schedules.edit_schedule(schedule_id=schedule.pk, at_time=datetime.time(4), actor=make_owner(schedule.system))
    schedules.edit_schedule(schedule_id=schedule.pk, at_time=datetime.time(3), actor=make_owner(schedule.system))
    schedule.refresh_from_db()
    assert schedule.next_due_at == first
    clock(first + MINUTE)

    assert settle(schedule) is None
    assert DueTime.objects.count() == 1


@pytest.mark.django_db
def test_database_holds_one_due_time_and_its_run() -> None:
    """INV-26: the constraint holds even if the code should not."""
    schedule = due_ago(make_schedule(), MINUTE)
    settled = settle(schedule)
    assert settled is not None

    with pytest.raises(IntegrityError, match="due_time_once"), transaction.atomic():
        DueTime.objects.create(schedule=schedule, due_at=settled.due_at, outcome=MISSED)
    with pytest.raises(IntegrityError, match="due_time_run_if_started"), transaction.atomic():
        DueTime.objects.create(schedule=schedule, due_at=settled.due_at + DAY, outcome=STARTED)


# --- Missed times (REL-29) ---
@pytest.mark.django_db
def test_rel_29_beat_down_for_three_hours_starts_each_daily_schedule_once() -> None:
    late = [due_ago(make_schedule(), 3 * HOUR) for _ in range(3)]
    asleep = make_schedule()

    started = start_due_runs(actor=User.system())

    assert len(started) == 3
    assert start_due_runs(actor=User.system()) == []
    for schedule in late:
        [(outcome, detail)] = history(schedule)
        assert outcome == STARTED
        assert detail.startswith("Caught up 3\u00a0h")
    assert history(asleep) == []


@pytest.mark.django_db
@pytest.mark.parametrize("rhythm", Rhythm.values)
def test_newest_of_several_missed_times_is_caught_up_within_its_limit_and_the_others_are_recorded(rhythm: str, clock: Callable[..., None]) -> None:
    day = {Rhythm.WEEKLY.value: {"weekday": 2}, Rhythm.MONTHLY.value: {"month_day": 10}}.get(rhythm, {})
    on_time, too_late = (make_schedule(rhythm=rhythm, time_zone="UTC", **day) for _ in range(2))
    due = [moment for schedule in (on_time, too_late) for moment in [schedule.next_due_at] if moment]
    third = _nth(on_time, 3)

    clock(third + LATEST_START[rhythm])
    settle(on_time)
    clock(third + LATEST_START[rhythm] + MINUTE)
    settle(too_late)

    assert due
    assert [outcome for outcome, _ in history(on_time)] == [MISSED, MISSED, STARTED]
    assert history(on_time)[0][1] == NEWER_FOLLOWED
    assert [outcome for outcome, _ in history(too_late)] == [MISSED, MISSED, MISSED]
    assert "late" in history(too_late)[-1][1]
    assert Run.objects.count() == 1


def _nth(schedule: Schedule, number: int) -> datetime.datetime:
    from measurements.rhythms import next_due_times

    assert schedule.next_due_at is not None
    return next_due_times(schedule.timing, schedule.next_due_at - MINUTE, number)[-1]


@pytest.mark.django_db
def test_year_away_ends_in_one_run_at_most(clock: Callable[..., None]) -> None:
    schedule = make_schedule(time_zone="UTC")
    assert schedule.next_due_at is not None
    clock(schedule.next_due_at + 365 * DAY + MINUTE)

    settle(schedule)

    assert (DueTime.objects.filter(outcome=MISSED).count(), DueTime.objects.filter(outcome=STARTED).count()) == (365, 1)


@pytest.mark.django_db
def test_due_time_is_missed_while_the_last_run_is_open(clock: Callable[..., None]) -> None:
    schedule = make_schedule(time_zone="UTC")
    first = schedule.next_due_at
    assert first is not None
    clock(first)
    started = settle(schedule)
    assert started is not None
    assert started.run is not None
    clock(first + DAY)
    settle(schedule)
    end_run_of(started)
    clock(first + 2 * DAY)
    settle(schedule)

    assert [outcome for outcome, _ in history(schedule)] == [STARTED, MISSED, STARTED]
    assert history(schedule)[1][1] == f"{started.run.code}, which this schedule had started before, was running still."


# --- What can't start (SEC-13) ---
def lose_role(schedule: Schedule) -> None:
    Membership.objects.filter(user=schedule.responsible).delete()


def deactivate(schedule: Schedule) -> None:
    User.objects.filter(pk=schedule.responsible_id).update(is_active=False)


def retire(schedule: Schedule) -> None:
    system_actions.retire_system(system_id=schedule.system_id, reason="replaced", actor=make_owner(schedule.system))


def switch_off_deployment(schedule: Schedule) -> None:
    system_actions.switch_off_deployment(deployment_id=schedule.configuration.deployment_id, reason="moved", actor=make_owner(schedule.system))


def change_endpoint(schedule: Schedule) -> None:
    system_actions.edit_deployment(deployment_id=schedule.configuration.deployment_id, model="larger", actor=make_owner(schedule.system))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lose_role, "may not measure this system any more"),
        (deactivate, "may not measure this system any more"),
        (retire, "is retired"),
        (switch_off_deployment, "switched off"),
        (change_endpoint, "another address or model"),
    ],
)
def test_sec_13_what_cannot_start_is_recorded_with_its_reason_and_the_schedule_stays_on(spoil: Callable[[Schedule], None], words: str) -> None:
    schedule = due_ago(make_schedule(), MINUTE)
    spoil(schedule)

    settle(schedule)

    [(outcome, detail)] = history(schedule)
    assert outcome == REFUSED
    assert words in detail
    assert not Run.objects.exists(), "nothing of a refused run is kept"
    assert (schedule.is_active, schedule.refusals_in_a_row, selectors.mark_of(schedule)) == (True, 1, selectors.CANNOT_START)


@pytest.mark.django_db
def test_it_switches_itself_off_after_three_in_a_row(clock: Callable[..., None]) -> None:
    schedule = make_schedule(time_zone="UTC")
    first = schedule.next_due_at
    assert first is not None
    lose_role(schedule)

    for number in range(MOST_REFUSALS):
        assert schedule.is_active
        clock(first + number * DAY)
        settle(schedule)

    assert (schedule.is_active, schedule.next_due_at) == (False, None)
    assert schedule.off_reason.startswith("3 due times in a row could not start.")
    entry = Entry.objects.select_related("payload").get(action="measurements.schedule_switched_off")
    assert entry.actor == User.system()
    assert "may not measure" in entry.payload.body["reason"]


@pytest.mark.django_db
def test_row_of_refusals_ends_with_a_run_or_a_person_but_not_with_a_missed_time(clock: Callable[..., None]) -> None:
    schedule = make_schedule(time_zone="UTC")
    first = schedule.next_due_at
    assert first is not None
    owner = make_owner(schedule.system)
    switch_off_deployment(schedule)
    for number in (0, 3):  # two days passed unnoticed in between
        clock(first + number * DAY)
        settle(schedule)
    assert schedule.refusals_in_a_row == 2

    schedules.edit_schedule(schedule_id=schedule.pk, name="By hand", actor=owner)
    schedule.refresh_from_db()
    assert schedule.refusals_in_a_row == 0
    clock(first + 4 * DAY)
    settle(schedule)
    assert schedule.refusals_in_a_row == 1
    system_actions.switch_on_deployment(deployment_id=schedule.configuration.deployment_id, reason="back", actor=owner)
    clock(first + 5 * DAY)
    settle(schedule)

    assert [outcome for outcome, _ in history(schedule)] == [REFUSED, MISSED, MISSED, REFUSED, REFUSED, STARTED]
    assert schedule.refusals_in_a_row == 0


@pytest.mark.django_db
def test_somebody_else_takes_over_by_saving_it(clock: Callable[..., None]) -> None:
    schedule = make_schedule(time_zone="UTC")
    first, heir = schedule.next_due_at, make_owner(schedule.system)
    assert first is not None
    deactivate(schedule)
    clock(first)
    settle(schedule)

    schedules.edit_schedule(schedule_id=schedule.pk, actor=heir)
    clock(first + DAY)
    settled = settle(schedule)

    assert settled is not None
    assert settled.run is not None
    assert settled.run.created_by == heir


@pytest.mark.django_db
def test_one_schedule_that_breaks_holds_up_no_other(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = due_ago(make_schedule(), 3 * MINUTE), due_ago(make_schedule(), 2 * MINUTE)
    whole = run_start.plan_and_start_run

    def start(**given: Any) -> Run:
        if given["configuration"].pk == broken.configuration_id:
            raise ZeroDivisionError
        return whole(**given)

    monkeypatch.setattr(run_start, "plan_and_start_run", start)

    started = start_due_runs(actor=User.system())

    assert [selectors.schedule_of(run) for run in Run.objects.filter(pk__in=started)] == [sound]
    assert history(broken) == []
    assert selectors.due_schedule_ids(clocks.now()) == [broken.pk], "the next beat tries again"
    assert "due_time_not_settled" in caplog.text


# --- Two at once (REL-28, REL-29) ---
def in_threads(count: int, act: Callable[[], Any]) -> list[Any]:
    """What `count` threads get that begin together, each with a connection of its own."""
    barrier = threading.Barrier(count)

    def run() -> Any:
        try:
            barrier.wait(10)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(30) for future in [pool.submit(run) for _ in range(count)]]


@pytest.mark.django_db(transaction=True)
def test_rel_29_several_beats_at_once_give_one_run_for_each_due_time() -> None:
    made = [due_ago(make_schedule(), MINUTE) for _ in range(4)]

    for _ in range(5):  # a beat a minute, each delivered several times
        in_threads(4, lambda: start_due_runs(actor=User.system()))

    assert Run.objects.count() == len(made)
    assert {schedule.pk: len(history(schedule)) for schedule in made} == {schedule.pk: 1 for schedule in made}


@pytest.mark.django_db(transaction=True)
def test_rel_29_two_beats_for_ten_days_give_one_run_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = make_schedule(time_zone="UTC")
    first = schedule.next_due_at
    assert first is not None

    for day in range(10):
        monkeypatch.setattr(clocks, "now", lambda day=day: first + day * DAY + MINUTE)
        in_threads(2, lambda: start_due_runs(actor=User.system()))
        for run in Run.objects.filter(state=RunState.RUNNING):
            runs.cancel_run(run_id=run.pk, reason="to make room", actor=User.system())

    assert [outcome for outcome, _ in history(schedule)] == [STARTED] * 10
    assert Run.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_beat_passes_over_a_schedule_that_another_one_holds() -> None:
    schedule = due_ago(make_schedule(), MINUTE)

    with transaction.atomic():
        Schedule.objects.lock(schedule.pk)
        [settled] = in_threads(1, lambda: settle_due_times(schedule_id=schedule.pk, actor=User.system()))
        assert settled is None

    assert settle(schedule) is not None


@pytest.mark.django_db
def test_what_is_due_is_found_by_its_index() -> None:
    make_schedule()
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("explain select id from schedule where is_active and next_due_at <= now() order by next_due_at, id")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "schedule_due" in plan


@pytest.mark.django_db
def test_runs_name_the_schedules_that_started_them_in_one_query(django_assert_num_queries: Any) -> None:
    made = [due_ago(make_schedule(), MINUTE) for _ in range(3)]
    start_due_runs(actor=User.system())
    by_hand = _by_hand(make_system())
    every = [*Run.objects.exclude(pk=by_hand.pk), by_hand]

    with django_assert_num_queries(1):
        found = selectors.schedules_of_runs(every)

    assert set(found.values()) == set(made)
    assert by_hand.pk not in found
    assert selectors.schedule_of(by_hand) is None


def _by_hand(system: AISystem) -> Run:
    from tests.factories.runs import make_run

    return make_run(deployment=make_deployment(system))


def test_rule_is_the_one_that_the_pages_state() -> None:
    assert {rhythm: limit.total_seconds() / 3600 for rhythm, limit in due_times.LATEST_START.items()} == {"daily": 6, "weekly": 24, "monthly": 72}
