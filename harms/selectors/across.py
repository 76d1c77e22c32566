"""Harms and uses for other apps, forms and rules."""

from __future__ import annotations

from django.db.models import QuerySet

from harms.models import Harm
from systems.models import AISystem, IntendedUse


def harms_of(system: AISystem) -> QuerySet[Harm]:
    """Every harm of a system that wasn't merged into another, worst first."""
    return Harm.objects.on_register().filter(system=system).order_by("-priority", "-pk")  # type: ignore[no-any-return]


def uses_to_choose(system: AISystem) -> QuerySet[IntendedUse]:
    """The intended uses that a harm of this system can be in."""
    return IntendedUse.objects.filter(system=system, archived_at=None).order_by("number")  # type: ignore[no-any-return]
