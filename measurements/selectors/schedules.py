"""Schedules and their due times, as pages, the API and the beat read them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet

from measurements.enums import OPEN_STATES, DueOutcome
from measurements.models import DueTime, Metric, Run, Schedule
from raiportal.look.marks import Mark
from systems.models import AISystem

LATEST_SHOWN = 5  # newest due times in a list's line

ON = Mark("On", "holds", "ok")
OFF = Mark("Off", "lock")
CANNOT_START = Mark("On, can't start", "fails", "bad")
OUTCOME_MARKS: dict[str, Mark] = {
    DueOutcome.STARTED: Mark("Run started", "holds", "ok"),
    DueOutcome.MISSED: Mark("Missed", "stale", "warn"),
    DueOutcome.REFUSED: Mark("Could not start", "fails", "bad"),
}


def with_parts(schedules: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """Schedules with all that a line or a page about them names; their metrics by name."""
    named = schedules.select_related("system__scope", "configuration__deployment", "measurement_set", "responsible", "created_by")
    return named.prefetch_related(Prefetch("metrics", queryset=Metric.objects.order_by("name", "pk")))


def schedule_count(system: AISystem) -> int:
    return Schedule.objects.filter(system=system).count()


def mark_of(schedule: Schedule) -> Mark:
    if not schedule.is_active:
        return OFF
    return CANNOT_START if schedule.refusals_in_a_row else ON


# --- Due times ---
def due_schedule_ids(now: datetime.datetime) -> list[int]:
    """Schedules with a due time that nothing became of yet, longest due first."""
    return list(Schedule.objects.filter(is_active=True, next_due_at__lte=now).order_by("next_due_at", "pk").values_list("pk", flat=True))


def open_run_of(schedule: Schedule) -> Run | None:
    """The run that this schedule started and that has not ended."""
    started = DueTime.objects.filter(schedule=schedule, run__state__in=OPEN_STATES).select_related("run").order_by("-due_at").first()
    return started.run if started else None


def due_times_of(schedule: Schedule) -> QuerySet[DueTime]:
    return DueTime.objects.filter(schedule=schedule).select_related("run")


def schedule_of(run: Run) -> Schedule | None:
    """The schedule that started a run, or None when a person did."""
    return schedules_of_runs([run]).get(run.pk)


def schedules_of_runs(runs: Sequence[Run]) -> dict[int, Schedule]:
    """By id of those runs that a schedule started, in one query."""
    found = DueTime.objects.filter(run__in=runs).select_related("schedule").order_by()
    return {due.run_id: due.schedule for due in found if due.run_id is not None}


# --- Lists ---
@dataclass(frozen=True)
class ScheduleRow:
    """One schedule in a list, with what became of its newest due times, newest first."""

    schedule: Schedule
    latest: list[DueTime]

    @property
    def mark(self) -> Mark:
        return mark_of(self.schedule)


def rows(schedules: Sequence[Schedule]) -> list[ScheduleRow]:
    """Lines of a list, in two queries more."""
    newest = DueTime.objects.filter(schedule=OuterRef("pk")).order_by("-due_at").values("pk")[:LATEST_SHOWN]
    owners: QuerySet[Any] = Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules])
    ids = dict(owners.annotate(newest=ArraySubquery(newest)).values_list("pk", "newest"))
    found = DueTime.objects.select_related("run").in_bulk([pk for each in ids.values() for pk in each])
    return [ScheduleRow(schedule, [found[pk] for pk in ids[schedule.pk]]) for schedule in schedules]
