"""What becomes of the due times of schedules: a run, or a written reason why there is none.

The rule about missed times, which the pages and docs/decisions state too:

- Each due time is settled once, and starts one run at most, however many beats and workers there are.
- Of several that passed while nothing ran, all but the newest are recorded as missed. The newest is caught up once, if it is at most
  `LATEST_START` late: 6 hours for a daily schedule, 24 for a weekly, 72 for a monthly one. So a long absence never ends in a storm of runs.
- While the run that the schedule started before is still open, a due time is recorded as missed.
- A run takes the newest version of set and metrics and starts in the name of whoever is responsible for the schedule. If that person may not
  measure the system any more, or it can't be called as configured, the due time is recorded as one that could not start, with the reason, and the
  schedule stays on; after `MOST_REFUSALS` in a row it switches itself off. Missed times in between neither count nor end such a row.
"""

from __future__ import annotations

import datetime

import structlog
from django.db import transaction

from measurements import policies, rhythms
from measurements.actions import run_start
from measurements.actions.schedules import turn_off
from measurements.actions.telling import tell_schedule_failed
from measurements.enums import DueOutcome, Rhythm
from measurements.models import DueTime, Run, Schedule
from measurements.selectors import metrics as metric_selectors
from measurements.selectors import schedules as selectors
from measurements.selectors import sets as set_selectors
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid, PolicyDenied, RaiportalError
from raiportal.look import formats
from systems.enums import Stage

log = structlog.get_logger(__name__)

LATEST_START: dict[str, datetime.timedelta] = {
    Rhythm.DAILY: datetime.timedelta(hours=6),
    Rhythm.WEEKLY: datetime.timedelta(hours=24),
    Rhythm.MONTHLY: datetime.timedelta(hours=72),
}
MOST_REFUSALS = 3
ON_TIME = datetime.timedelta(minutes=5)  # a start within this isn't called late: the beat comes once a minute, and a worker may be busy

NEWER_FOLLOWED = "Nothing was there to start it, and a newer due time has passed since."
LONGEST_DETAIL = 300  # characters, as the column


def start_due_runs(*, actor: User) -> list[int]:
    """Settle what is due, each schedule in a transaction of its own, so that one that fails holds up no other. Returns the ids of the runs started."""
    policies.may_settle_due_times(actor).require()
    started = []
    for schedule_id in selectors.due_schedule_ids(clocks.now()):
        try:
            settled = settle_due_times(schedule_id=schedule_id, actor=actor)
        except Exception:
            log.exception("due_time_not_settled", schedule_id=schedule_id)  # due still, so the next beat tries again
            continue
        if settled is not None and settled.run_id is not None:
            started.append(settled.run_id)
    return started


@transaction.atomic
def settle_due_times(*, schedule_id: int, actor: User) -> DueTime | None:
    """Record what becomes of all due times of one schedule that have passed, and start a run for the newest if the rule says so.

    Returns what became of the newest, or None when somebody else is at it or nothing is due.
    """
    policies.may_settle_due_times(actor).require()
    schedule = _claimed(schedule_id)
    now = clocks.now()
    due = _unsettled(schedule, now) if schedule else []
    if schedule is None or not due:
        return None
    DueTime.objects.bulk_create(DueTime(schedule=schedule, due_at=moment, outcome=DueOutcome.MISSED, detail=NEWER_FOLLOWED) for moment in due[:-1])
    newest = _settle(schedule, due[-1], now)
    newest.save(force_insert=True)
    _move_on(schedule, newest, now)
    _note(schedule, newest, len(due) - 1, actor)
    if newest.outcome == DueOutcome.REFUSED:
        tell_schedule_failed(schedule, newest, actor)
    if schedule.refusals_in_a_row >= MOST_REFUSALS:
        turn_off(schedule, f"{MOST_REFUSALS} due times in a row could not start. The last: {newest.detail}", actor)
    return newest


def _claimed(schedule_id: int) -> Schedule | None:
    """The schedule under a lock that only one of several beats gets."""
    parts = Schedule.objects.select_related("system__scope", "configuration__deployment", "measurement_set__system", "responsible")
    return parts.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=schedule_id, is_active=True).first()


def _unsettled(schedule: Schedule, now: datetime.datetime) -> list[datetime.datetime]:
    """Due times that have passed and have no row yet. Some may have one where the database's clock was set back."""
    assert schedule.next_due_at is not None  # a constraint of the table, while it is on
    due = rhythms.due_times_until(schedule.timing, schedule.next_due_at, now)
    known = set(DueTime.objects.filter(schedule=schedule, due_at__in=due).values_list("due_at", flat=True))
    return [moment for moment in due if moment not in known]


def _settle(schedule: Schedule, due_at: datetime.datetime, now: datetime.datetime) -> DueTime:
    settled = DueTime(schedule=schedule, due_at=due_at, outcome=DueOutcome.MISSED)
    late = now - due_at
    if late > LATEST_START[schedule.rhythm]:
        settled.detail = _too_late(schedule, late)
    elif (still_open := selectors.open_run_of(schedule)) is not None:
        settled.detail = f"{still_open.code}, which this schedule had started before, was {still_open.get_state_display().lower()} still."
    else:
        _try_to_start(schedule, settled, late)
    return settled


def _too_late(schedule: Schedule, late: datetime.timedelta) -> str:
    latest = LATEST_START[schedule.rhythm].total_seconds() / 3600
    words = formats.duration(late.total_seconds())
    return f"It was noticed {words} late; a {schedule.rhythm} schedule is caught up within {latest:.0f} hours."


def _try_to_start(schedule: Schedule, settled: DueTime, late: datetime.timedelta) -> None:
    try:
        settled.run = _start(schedule)
    except RaiportalError as refusal:
        settled.outcome = DueOutcome.REFUSED
        settled.detail = _reason(schedule, refusal)[:LONGEST_DETAIL]
    else:
        settled.outcome = DueOutcome.STARTED
        settled.detail = f"Caught up {formats.duration(late.total_seconds())} late." if late > ON_TIME else ""


def _start(schedule: Schedule) -> Run:
    """A run on the newest versions; nothing of it is kept when it is refused."""
    set_version = set_selectors.latest_version(schedule.measurement_set)
    if set_version is None:
        raise Invalid("The set has no cases.", field="set_version")
    set_version.measurement_set = schedule.measurement_set
    return run_start.plan_and_start_run(
        configuration=schedule.configuration,
        set_version=set_version,
        metric_versions=[metric_selectors.newest_version(metric) for metric in schedule.metrics.order_by("pk")],
        repeats=schedule.repeats,
        max_concurrency=schedule.max_concurrency,
        budget_cost=schedule.budget_cost,
        budget_tokens=schedule.budget_tokens,
        actor=schedule.responsible,
    )


def _reason(schedule: Schedule, refusal: RaiportalError) -> str:
    if isinstance(refusal, PolicyDenied) and schedule.system.stage != Stage.RETIRED:
        return f"{schedule.responsible.name}, in whose name it starts runs, may not measure this system any more. Somebody else has to save or switch it on."
    return refusal.detail


def _move_on(schedule: Schedule, newest: DueTime, now: datetime.datetime) -> None:
    """The next due time, and how often in a row none could start."""
    schedule.next_due_at = rhythms.due_after(schedule.timing, now)
    if newest.outcome == DueOutcome.STARTED:
        schedule.refusals_in_a_row = 0
    elif newest.outcome == DueOutcome.REFUSED:
        schedule.refusals_in_a_row += 1
    schedule.save(update_fields=["next_due_at", "refusals_in_a_row"])


def _note(schedule: Schedule, newest: DueTime, missed: int, actor: User) -> None:
    ledger.record(
        "measurements.due_time_settled",
        subject=schedule,
        actor=actor,
        reason=f"{newest.run.code} started. {newest.detail}".strip() if newest.run else newest.detail,
        due_at=newest.due_at,
        outcome=newest.outcome,
        run=newest.run_id,
        missed_before=missed,
    )
    log.info("due_time_settled", schedule_id=schedule.pk, outcome=newest.outcome, run_id=newest.run_id, missed=missed)
