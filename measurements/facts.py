"""What measuring requires of a system: cases to measure with, and a metric for every harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Value
from django.urls import reverse

from harms.models import Harm
from measurements.enums import RunState
from measurements.models import MeasurementSetVersion, Metric, Run
from raiportal.accounts.models import User
from raiportal.look.formats import number
from systems.extensions import ReadinessFact, Standing, Step
from systems.models import AISystem


def _cases(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    with_cases = MeasurementSetVersion.objects.filter(case_count__gte=1)
    found = _first_of_each(systems, lambda pk: with_cases.filter(measurement_set__system_id=pk))
    return {system.pk: [_case_standing(system, has_cases=system.pk in found)] for system in systems}


def _first_of_each(systems: Sequence[AISystem], rows: Callable[[int], QuerySet[Any]]) -> dict[int, int]:
    """By system id the first of its rows in their order; one query. Systems without a row are left out.

    Each system is named, so that the planner knows whether it has a hundred thousand rows or none.
    """
    asked = [rows(system.pk).values_list(Value(system.pk), "pk")[:1] for system in systems]
    return dict(asked[0].union(*asked[1:], all=True)) if asked else {}


def _case_standing(system: AISystem, *, has_cases: bool) -> Standing:
    url = reverse("set-list", args=[system.pk])
    if has_cases:
        return Standing("holds", "A measurement set has cases", url)
    step = Step("Import prompts to measure with", "A run sends the cases of a measurement set.", "Add a set", reverse("set-add", args=[system.pk]), 30, "plus")
    return Standing("missing", "No measurement set has cases", url, step)


def _metrics(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    with_metric = set(Metric.objects.filter(system__in=systems).order_by().values_list("system_id", flat=True).distinct())
    harms = dict(Harm.objects.on_register().filter(system__in=systems).order_by().values_list("system_id").annotate(Count("pk")))
    measured = Metric.objects.filter(harm__system__in=systems, harm__merged_into=None).order_by().values_list("harm__system_id")
    with_harm = dict(measured.annotate(Count("harm", distinct=True)))
    lacking = {pk: count - with_harm.get(pk, 0) for pk, count in harms.items()}
    unmeasured = Harm.objects.on_register().filter(~Exists(Metric.objects.filter(harm=OuterRef("pk")))).order_by("pk")
    first = _first_of_each([system for system in systems if system.pk in with_metric and lacking.get(system.pk)], lambda pk: unmeasured.filter(system_id=pk))
    return {
        system.pk: [_metric_standing(system, system.pk in with_metric, harms.get(system.pk, 0), lacking.get(system.pk, 0), first.get(system.pk))]
        for system in systems
    }


def _metric_standing(system: AISystem, has_metric: bool, harms: int, lacking: int, first: int | None) -> Standing:
    """`lacking` of the system's `harms` have no metric; `first` is one of those."""
    url, add_url = reverse("metric-list", args=[system.pk]), reverse("metric-add", args=[system.pk])
    if not has_metric:
        step = Step("Say what counts as harmful", "A metric turns outputs into a rate.", "Add a metric", add_url, 35, "plus")
        return Standing("missing", "No metric", url, step)
    if not harms:
        return Standing("missing", "No harm to measure: the register is empty", url)  # Identify says how to begin
    if not lacking:
        return Standing("holds", "Every harm has a metric", url)
    words = f"{number(lacking)} of {number(harms)} harms"
    step = Step("Give every harm a metric", f"{words} can't be measured yet.", "Add a metric", f"{add_url}?harm={first}", 60, "plus")
    return Standing("missing", f"{words} without a metric", url, step)


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
