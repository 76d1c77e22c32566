"""Harms as rows of a file. What an import reads comes first, so that a file of ours can be imported as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from harms.enums import RiskPointKind
from harms.models import Harm, HarmUse, RiskPoint
from harms.selectors.register import Register, ordered
from raiportal.keyset import Sort

IMPORTED = (  # an import reads these and works out the rest
    *("title", "description", "category", "origin", "owner", "uses"),
    *("inherent_severity", "inherent_frequency", "rationale", "library_entry"),
)
WORKED_OUT = (
    *("code", "system", "state", "priority", "severity", "frequency"),
    *("inherent_score", "measured_score", "residual_score", "observed_score", "created_at", "updated_at"),
)
EXPORTED = (*IMPORTED, *WORKED_OUT)
SCORES = ("priority", "severity", "frequency", "inherent_score", "measured_score", "residual_score", "observed_score")
ROWS_AT_ONCE = 1_000


def exported(register: Register, found: QuerySet[Any], sort: Sort) -> Iterator[dict[str, Any]]:
    """Rows for a file in the order of the page, a thousand at a time. The scores of a use's list are those in that use."""
    relations = [f"{register.to_harm}{name}" for name in ("system__scope", "category", "owner")]
    listed = ordered(register, found, sort).select_related(*relations).iterator(chunk_size=ROWS_AT_ONCE)
    while rows := list(islice(listed, ROWS_AT_ONCE)):
        harms = [row.harm if register.use else row for row in rows]
        whole, uses = _whole(harms), _uses(harms)
        for row, harm in zip(rows, harms, strict=True):
            yield _exported(harm, row, whole.get(harm.pk), uses[harm.pk])


def _exported(harm: Harm, scored: Any, point: RiskPoint | None, uses: list[str]) -> dict[str, Any]:
    return {
        "title": harm.title,
        "description": harm.description,
        "category": harm.category.slug,
        "origin": harm.origin,
        "owner": harm.owner.username if harm.owner else None,
        "uses": "; ".join(uses),
        "inherent_severity": point.severity if point else None,
        "inherent_frequency": point.frequency if point else None,
        "rationale": point.rationale if point else "",
        "library_entry": harm.library_entry,
        "code": harm.code,
        "system": harm.system.slug,
        "state": harm.state,
        **{name: getattr(scored, name) for name in SCORES},
        "created_at": harm.created_at,
        "updated_at": harm.updated_at,
    }


def _whole(harms: Sequence[Harm]) -> dict[int, RiskPoint]:
    """By harm id, the newest inherent risk of the harm as a whole."""
    stated = RiskPoint.objects.filter(harm__in=[harm.pk for harm in harms], kind=RiskPointKind.INHERENT, intended_use=None)
    return {point.harm_id: point for point in stated.order_by("harm", "-pk").distinct("harm")}


def _uses(harms: Sequence[Harm]) -> dict[int, list[str]]:
    """By harm id, its uses as an import reads them: `U-1`, or `U-1=4x3` with severity and frequency of the inherent risk there."""
    found: dict[int, list[str]] = defaultdict(list)
    placed = HarmUse.objects.filter(harm__in=[harm.pk for harm in harms], intended_use__archived_at=None)
    for held in placed.select_related("intended_use").order_by("intended_use__number"):
        levels = f"={held.inherent_severity}x{held.inherent_frequency}" if held.inherent_severity else ""
        found[held.harm_id].append(f"{held.intended_use.code}{levels}")
    return found
