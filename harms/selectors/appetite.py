"""Which score of each kind of harm is within appetite, and which harms are above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from harms.enums import OPEN_STATES
from harms.models import HIGHEST_SCORE, Appetite, Harm, HarmCategory
from systems.models import AISystem

Limits = dict[tuple[int, int | None], int]  # highest scores by category and system (None: the organisation)


@dataclass(frozen=True)
class CategoryAppetite:
    """One kind of harm with what is borne of it: by the organisation, by one system instead (where one is looked at), and which of both holds."""

    category: HarmCategory
    default: int | None
    own: int | None
    above: int  # open harms above what holds

    @property
    def holds(self) -> int | None:
        return self.own if self.own is not None else self.default


def limits() -> Limits:
    """Everything that is set; one query, a few rows."""
    rows = Appetite.objects.filter(highest_score__isnull=False).values_list("category_id", "system_id", "highest_score")
    return {(category, system): score for category, system, score in rows if score is not None}


def appetite_for(harm: Harm, known: Limits | None = None) -> int | None:
    """The highest score within appetite for this harm's kind in its system; None where nothing is set."""
    found = limits() if known is None else known
    return found.get((harm.category_id, harm.system_id), found.get((harm.category_id, None)))


def is_above(harm: Harm, score: int, known: Limits | None = None) -> bool:
    limit = appetite_for(harm, known)
    return limit is not None and score > limit


def above_appetite(to_harm: str = "") -> Q:
    """Rows (harms, or what leads to them) whose ranking score is above what holds for their kind and system. What nobody set is not exceeded."""
    return Q(priority__gt=highest_within_appetite(to_harm))


def highest_within_appetite(to_harm: str) -> Coalesce:
    """What holds for a row's kind and system, as a subquery of at most one row each; the highest score there is where nothing is set."""
    rows = Appetite.objects.filter(category=OuterRef(f"{to_harm}category"), highest_score__isnull=False).values("highest_score")
    own, default = rows.filter(system=OuterRef(f"{to_harm}system")), rows.filter(system=None)
    return Coalesce(Subquery(own), Subquery(default), Value(HIGHEST_SCORE), output_field=IntegerField())


def appetites(system: AISystem | None, scopes: Sequence[int] | None = None) -> list[CategoryAppetite]:
    """Every kind of harm with what is borne of it. `above` counts the open harms of the system, or (None) of the systems in `scopes`."""
    known, counts = limits(), _counts(system, scopes)
    return [
        CategoryAppetite(category, known.get((category.pk, None)), known.get((category.pk, system.pk)) if system else None, counts.get(category.pk, 0))
        for category in HarmCategory.objects.order_by("position", "pk")
    ]


def _counts(system: AISystem | None, scopes: Sequence[int] | None) -> dict[int, int]:
    harms = Harm.objects.filter(state__in=OPEN_STATES).filter(above_appetite())
    if system is not None:
        harms = harms.filter(system=system)
    elif scopes is not None:
        harms = harms.filter(system__in=scopes)
    return dict(harms.order_by().values_list("category").annotate(Count("pk")))


def above_counts(systems: Sequence[AISystem]) -> dict[int, int]:
    """Open harms above appetite by system id; two queries. Counted by score first: asking each harm for its limit is dear."""
    known = limits()
    if not known:
        return {}
    harms = Harm.objects.filter(system__in=systems, state__in=OPEN_STATES, priority__gt=min(known.values()))
    counted = harms.order_by().values_list("system", "category", "priority").annotate(Count("pk"))
    above: Counter[int] = Counter()
    for system, category, priority, count in counted:
        if priority > known.get((category, system), known.get((category, None), HIGHEST_SCORE)):
            above[system] += count
    return above
