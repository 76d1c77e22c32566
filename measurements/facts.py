"""What measuring requires of a system: cases to measure with, and a metric for every harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.urls import reverse

from harms.models import Harm
from measurements.enums import RunState
from measurements.models import MeasurementSetVersion, Metric, Run
from raiportal.accounts.models import User
from raiportal.look.formats import number
from systems.extensions import ReadinessFact, Standing, Step
from systems.models import AISystem


def _cases(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    largest = MeasurementSetVersion.objects.filter(measurement_set__system__in=systems).values_list("measurement_set__system_id").annotate(Max("case_count"))
    counts = dict(largest.order_by())
    return {system.pk: [_case_standing(system, counts.get(system.pk, 0))] for system in systems}


def _case_standing(system: AISystem, cases: int) -> Standing:
    url = reverse("set-list", args=[system.pk])
    if cases:
        return Standing("holds", "A measurement set has cases", url)
    step = Step("Import prompts to measure with", "A run sends the cases of a measurement set.", "Add a set", reverse("set-add", args=[system.pk]), 30, "plus")
    return Standing("missing", "No measurement set has cases", url, step)


def _metrics(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    with_metric = set(Metric.objects.filter(system__in=systems).values_list("system_id", flat=True))
    harms = Harm.objects.filter(system__in=systems).annotate(is_measured=Exists(Metric.objects.filter(harm=OuterRef("pk"))))
    lacks = Q(is_measured=False)
    counts = harms.order_by().values("system_id").annotate(harms=Count("pk"), lacking=Count("pk", filter=lacks), first=Min("pk", filter=lacks))
    by_system = {row["system_id"]: row for row in counts}
    return {system.pk: [_metric_standing(system, system.pk in with_metric, by_system.get(system.pk))] for system in systems}


def _metric_standing(system: AISystem, has_metric: bool, harms: Mapping[str, Any] | None) -> Standing:
    """`harms` has the system's "harms", how many are "lacking" a metric and the "first" of those; None when it has no harm."""
    url, add_url = reverse("metric-list", args=[system.pk]), reverse("metric-add", args=[system.pk])
    if not has_metric:
        step = Step("Say what counts as harmful", "A metric turns outputs into a rate.", "Add a metric", add_url, 35, "plus")
        return Standing("missing", "No metric", url, step)
    if harms is None:
        return Standing("missing", "No harm to measure: the register is empty", url)  # Identify says how to begin
    if not harms["lacking"]:
        return Standing("holds", "Every harm has a metric", url)
    lacking = f"{number(harms['lacking'])} of {number(harms['harms'])} harms"
    step = Step("Give every harm a metric", f"{lacking} can't be measured yet.", "Add a metric", f"{add_url}?harm={harms['first']}", 60, "plus")
    return Standing("missing", f"{lacking} without a metric", url, step)


def _runs(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    newest = Run.objects.filter(system__in=systems, state=RunState.COMPLETED).order_by().values_list("system_id").annotate(Max("pk"))
    completed = dict(newest)
    return {system.pk: [_run_standing(system, completed.get(system.pk))] for system in systems}


def _run_standing(system: AISystem, run_id: int | None) -> Standing:
    if run_id is not None:
        return Standing("holds", "A run is completed", reverse("run", args=[run_id]))
    step = Step(
        "Measure the system",
        "No run has been completed, so nobody knows how often it does harm.",
        "Plan a run",
        reverse("run-add", args=[system.pk]),
        40,
        "play",
    )
    return Standing("missing", "No completed run", reverse("run-list", args=[system.pk]), step)


CASES = ReadinessFact("measurement-cases", "measure", _cases, order=10)
METRICS = ReadinessFact("measurement-metrics", "measure", _metrics, order=20)
RUNS = ReadinessFact("measurement-runs", "measure", _runs, order=30)
