"""Reads of sets, their versions and cases."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from measurements.models import Case, MeasurementSet, MeasurementSetVersion


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
