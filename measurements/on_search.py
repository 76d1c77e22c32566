"""What search finds of measuring. Prompts and outputs are not searched here: their words may be harmful, and each set and run has its own search."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from measurements.models import MeasurementSet, Metric, Run, Schedule, metrics, sets
from raiportal.accounts.models import User
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit
from raiportal.work.text import document

_OF_SET = ("set_version__measurement_set", MeasurementSet)  # runs are found by the words of their sets


def _sets(user: User) -> QuerySet[MeasurementSet]:
    return MeasurementSet.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _set(found: MeasurementSet) -> Hit:
    return Hit(found.name, reverse("set", args=[found.pk]), found.system.name)


def _metrics(user: User) -> QuerySet[Metric]:
    return Metric.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _metric(metric: Metric) -> Hit:
    return Hit(metric.name, reverse("metric", args=[metric.pk]), metric.system.name, metric.code)


def _runs(user: User) -> QuerySet[Run]:
    return Run.objects.visible_to(user).select_related("system__scope", "set_version__measurement_set")  # type: ignore[no-any-return]


def _run(run: Run) -> Hit:
    title = f"{run.get_state_display()} on {run.set_version.measurement_set.name}"
    return Hit(title, reverse("run", args=[run.pk]), run.system.name, run.code)


def _schedules(user: User) -> QuerySet[Schedule]:
    return Schedule.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _schedule(schedule: Schedule) -> Hit:
    return Hit(schedule.name, reverse("schedule", args=[schedule.pk]), schedule.system.name)


SOURCES = (
    row_source("sets", "Measurement sets", RowSearch(_sets, sets.SEARCHED_TEXT, _set, excerpt="description"), order=30),
    row_source("metrics", "Metrics", RowSearch(_metrics, metrics.SEARCHED_TEXT, _metric, letters="M"), order=32),
    row_source("runs", "Runs", RowSearch(_runs, sets.SEARCHED_TEXT, _run, letters="R", through=_OF_SET), order=34),
    row_source("schedules", "Schedules", RowSearch(_schedules, document("name"), _schedule), order=36),
)
