"""Reads of runs that another tool made: which run came from a file, and how people outside labelled its outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Avg, Count, Q

from measurements.enums import RunSource
from measurements.models import Case, Judgement, MeasurementSet, MeasurementSetVersion, Run


@dataclass(frozen=True)
class LabellerCounts:
    """What one person outside, known as `name`, labelled by one metric. Severities are on that metric's scale; `harmful_rate` is the share, 0 to 1,
    at or above its threshold."""

    name: str
    metric_id: int
    metric: str
    scale: str
    threshold: int
    labels: int
    mean_severity: float
    harmful: int

    @property
    def harmful_rate(self) -> float:
        return self.harmful / self.labels


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """Where a case stands in a version, and the stratum that it is counted in there."""

    id: int
    stratum: str


def labels_of(run: Run) -> list[LabellerCounts]:
    """How people outside labelled a run's outputs, by metric and labeller; one query, empty for a run without such labels."""
    labels = Judgement.objects.filter(run=run, outside_labeller__isnull=False).order_by()
    columns = ("outside_labeller__name", "metric_version__metric_id", "metric_version__metric__name", "metric_version__scale", "metric_version__threshold")
    counts = {"number": Count("pk"), "mean": Avg("severity"), "harmful": Count("pk", filter=Q(is_harmful=True))}
    counted = labels.values_list("metric_version_id", *columns).annotate(**counts)
    rows = [
        LabellerCounts(name, metric_id, metric, scale, threshold, number, float(mean), harmful)
        for _, name, metric_id, metric, scale, threshold, number, mean, harmful in counted
    ]
    return sorted(rows, key=lambda row: (row.metric, row.name))


def run_of_file(measurement_set: MeasurementSet, file_digest: str) -> Run | None:
    """The run that a file's answers became when it was imported into this set, whichever version the set was at."""
    return Run.objects.filter(set_version__measurement_set=measurement_set, source=RunSource.IMPORTED, source_digest=file_digest).order_by("pk").first()


def placed_cases(version: MeasurementSetVersion, keys: Iterable[str]) -> dict[str, PlacedCase]:
    """Cases of a version by their keys."""
    rows = Case.objects.filter(version=version, key__in=list(keys)).values_list("key", "pk", "stratum")
    return {key: PlacedCase(pk, stratum) for key, pk, stratum in rows}
