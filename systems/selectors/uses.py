"""What systems are meant for, and whom they touch."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Q, QuerySet

from systems.models import AISystem, IntendedUse, Stakeholder


def intended_uses_of(system: AISystem, *, archived: bool = False) -> QuerySet[IntendedUse]:
    """Those in force (or archived), the supported first, each with `stakeholder_count`."""
    counted = Count("stakeholders", filter=Q(stakeholders__archived_at=None))
    uses = IntendedUse.objects.filter(system=system, archived_at__isnull=not archived).select_related("created_by")
    return uses.annotate(stakeholder_count=counted).order_by("-is_supported", "number", "pk")  # type: ignore[no-any-return]


def stakeholders_of(system: AISystem, *, archived: bool = False) -> QuerySet[Stakeholder]:
    """Those in force (or archived), the directly touched first, with their uses at hand."""
    groups = Stakeholder.objects.filter(system=system, archived_at__isnull=not archived).prefetch_related("intended_uses")
    return groups.order_by("reach", "number", "pk")  # type: ignore[no-any-return]


def systems_with_uses(systems: Sequence[AISystem]) -> set[int]:
    """Ids of those for which somebody stated a supported use."""
    return set(IntendedUse.objects.filter(system__in=systems, archived_at=None, is_supported=True).values_list("system_id", flat=True))


def systems_with_stakeholders(systems: Sequence[AISystem]) -> set[int]:
    return set(Stakeholder.objects.filter(system__in=systems, archived_at=None).values_list("system_id", flat=True))
