"""Registers in figures, for the pages of systems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q

from harms.enums import HarmState
from harms.models import NO_SCORE, Harm
from harms.selectors.levels import HIGH_SCORE
from systems.models import AISystem


def open_high_counts(systems: Sequence[AISystem]) -> dict[int, int]:
    """By system id, how many harms have a high or critical score; one query."""
    return _counted(systems, Q(priority__gte=HIGH_SCORE))


@dataclass(frozen=True)
class Gaps:
    """What the register of a system lacks."""

    harms: int
    proposed: int
    high_unowned: int


def gaps_in(systems: Sequence[AISystem]) -> dict[int, Gaps]:
    """By system id; two queries, each counted along an index. Systems without a harm are left out."""
    by_state: dict[int, Counter[str]] = defaultdict(Counter)
    of_systems = Harm.objects.on_register().filter(system__in=systems).order_by()
    for system, state, count in of_systems.values_list("system", "state").annotate(Count("pk")):
        by_state[system][state] = count
    high_unowned = _counted(systems, Q(priority__gte=HIGH_SCORE, owner=None))
    return {pk: Gaps(states.total(), states[HarmState.PROPOSED], high_unowned.get(pk, 0)) for pk, states in by_state.items()}


def _counted(systems: Sequence[AISystem], rule: Q) -> dict[int, int]:
    """How many harms of the register fit, by system id; systems without one are left out."""
    return dict(Harm.objects.on_register().filter(rule, system__in=systems).order_by().values_list("system").annotate(Count("pk")))


def worst_harms(systems: Sequence[AISystem], most: int) -> dict[int, list[Harm]]:
    """By system id, the `most` highest ranked harms that somebody assessed; one query that reads no more than these from each system."""
    worst = Harm.objects.on_register().filter(system=OuterRef("pk"), priority__gt=NO_SCORE).order_by("-priority", "-pk").values("pk")[:most]
    chosen = AISystem.objects.filter(pk__in=[system.pk for system in systems]).annotate(worst=ArraySubquery(worst)).values_list("worst", flat=True)
    wanted = [pk for pks in chosen for pk in pks]
    found: dict[int, list[Harm]] = defaultdict(list)
    for harm in Harm.objects.filter(pk__in=wanted).select_related("owner").order_by("-priority", "-pk"):
        found[harm.system_id].append(harm)
    return dict(found)
