"""Entries of the register that don't agree with themselves, and in which way."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from harms import consistency
from harms.consistency import BY_SLUG, RULES, Known, Rule
from harms.enums import FindingState
from harms.models import Candidate, Finding, Harm, LibraryDismissal
from raiportal import clocks
from systems.models import AISystem

ANY = "any"  # of the filter: entries that break some rule


def flagged(rows: QuerySet[Any], slug: str, to_harm: str = "") -> QuerySet[Any]:
    """Those of `rows` whose harm breaks this rule, or ("any") some rule. One subquery, whatever the rows are."""
    rules = RULES if slug == ANY else (BY_SLUG[slug],)
    return rows.filter(**{f"{to_harm}pk__in": breaking(rules).values("pk")}) if to_harm else _narrowed(rows, rules)


def breaking(rules: Sequence[Rule] = RULES, system: AISystem | None = None) -> QuerySet[Harm]:
    """Harms on a register that break one of the rules at least."""
    rows = Harm.objects.on_register()
    return _narrowed(rows.filter(system=system) if system else rows, rules)


def counts_by_rule(system: AISystem) -> list[tuple[Rule, int]]:
    """Each rule with how many harms of the system break it; one query."""
    rows = _annotated(Harm.objects.on_register().filter(system=system), RULES)
    now = clocks.now()
    counted = rows.aggregate(**{rule.slug.replace("-", "_"): Count("pk", filter=rule.breaks(now)) for rule in RULES})
    return [(rule, counted[rule.slug.replace("-", "_")]) for rule in RULES]


def flags_of_many(harms: Sequence[Harm], now: datetime.datetime) -> dict[int, list[tuple[Rule, str]]]:
    """By id, the rules that each of these harms breaks, with their sentences; three queries."""
    instances: dict[int | None, datetime.datetime] = {}
    ids = [harm.pk for harm in harms]
    linked = Candidate.objects.filter(harm__in=ids).order_by().values_list("harm_id").annotate(newest=Max("decided_at"))
    confirmed = Finding.objects.filter(harm__in=ids, state=FindingState.CONFIRMED, triaged_at__isnull=False).order_by().values_list("harm_id")
    for pk, at in (*linked, *confirmed.annotate(newest=Max("triaged_at"))):
        instances[pk] = max(at, instances.get(pk, at))
    entries = {harm.library_entry for harm in harms if harm.library_entry}
    dismissed = set(
        LibraryDismissal.objects.filter(system__in={harm.system_id for harm in harms}, entry__in=entries, taken_back_at=None).values_list(
            "system_id", "entry", "model_name"
        )
    )
    return {
        harm.pk: consistency.flags_of(harm, Known(now, instances.get(harm.pk), (harm.system_id, harm.library_entry, harm.model_name) in dismissed))
        for harm in harms
    }


def _narrowed(rows: QuerySet[Any], rules: Sequence[Rule]) -> QuerySet[Any]:
    now, broken = clocks.now(), Q(pk__in=[])
    for rule in rules:
        broken |= rule.breaks(now)
    return _annotated(rows, rules).filter(broken)


def _annotated(rows: QuerySet[Any], rules: Sequence[Rule]) -> QuerySet[Any]:
    needed = {name for rule in rules for name in rule.needs}
    newest = Candidate.objects.filter(harm=OuterRef("pk")).order_by("-decided_at").values("decided_at")[:1]
    dismissed = LibraryDismissal.objects.filter(
        system=OuterRef("system"), entry=OuterRef("library_entry"), model_name=OuterRef("model_name"), taken_back_at=None
    )
    confirmed = Finding.objects.filter(harm=OuterRef("pk"), state=FindingState.CONFIRMED).order_by("-triaged_at").values("triaged_at")[:1]
    known = {"newest_instance_at": Greatest(Subquery(newest), Subquery(confirmed)), "is_dismissed": Exists(dismissed)}
    return rows.annotate(**{name: known[name] for name in sorted(needed)})
