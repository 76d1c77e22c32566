"""Reads of sets, their versions and cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from measurements.enums import UploadState
from measurements.models import Case, MeasurementSet, MeasurementSetVersion, Run, SetUpload
from systems.models import AISystem


def latest_version(measurement_set: MeasurementSet) -> MeasurementSetVersion | None:
    """The version that an import builds on and a new run takes unless told otherwise."""
    return MeasurementSetVersion.objects.filter(measurement_set=measurement_set).order_by("-number").first()


def case_keys(version: MeasurementSetVersion | None) -> set[str]:
    if version is None:
        return set()
    return set(Case.objects.filter(version=version).values_list("key", flat=True).iterator(chunk_size=10_000))


def with_newest_version(sets: QuerySet[Any]) -> QuerySet[Any]:
    """The sets with `newest_id`, `newest_number`, `case_count` and `newest_at` of their newest version, None for those without one."""
    newest = MeasurementSetVersion.objects.filter(measurement_set=OuterRef("pk")).order_by("-number")
    columns = {"newest_id": "pk", "newest_number": "number", "case_count": "case_count", "newest_at": "created_at"}
    return sets.annotate(**{name: Subquery(newest.values(column)[:1]) for name, column in columns.items()})


def sets_of(system: AISystem) -> QuerySet[Any]:
    """The system's sets with their newest version and harms."""
    return with_newest_version(MeasurementSet.objects.filter(system=system)).prefetch_related("harms")


def runs_of_sets(sets: Iterable[MeasurementSet]) -> Counter[int]:
    """How many runs measure each of these sets, by set id; two queries.

    Versions come first and runs by their ids: the planner knows how many runs a given version has, and nothing of how many one of a set has.
    """
    sets_by_version = dict(MeasurementSetVersion.objects.filter(measurement_set__in=sets).values_list("pk", "measurement_set_id"))
    counted: Counter[int] = Counter()
    for version, runs in Run.objects.filter(set_version__in=list(sets_by_version)).order_by().values_list("set_version").annotate(Count("pk")):
        counted[sets_by_version[version]] += runs
    return counted


def versions_of(measurement_set: MeasurementSet) -> QuerySet[Any]:
    """Its versions, newest first, with who made them and how many runs measure them."""
    return measurement_set.versions.select_related("created_by").annotate(run_count=Count("runs")).order_by("-number")


def set_count(system: AISystem) -> int:
    return MeasurementSet.objects.filter(system=system).count()


def waiting_uploads(measurement_set: MeasurementSet) -> QuerySet[SetUpload]:
    """Uploads that were looked at and neither confirmed nor discarded."""
    return measurement_set.uploads.filter(state=UploadState.PREVIEWED).select_related("created_by").order_by("-pk")
