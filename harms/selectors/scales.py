"""Which scores hold on which scale, and what became of those that were carried over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from harms.models import HarmUse, RiskPoint, RiskScale, ScaleChange, ScoreMove
from raiportal.accounts.models import User
from systems.models import AISystem

MOVED = ("code", "title", "place", "kind", "before", "after", "before_severity", "before_frequency", "after_severity", "after_frequency")


def points_on_scale(system: AISystem, scale: RiskScale) -> list[RiskPoint]:
    """The points of a system's harms that hold now (the newest of each kind in each place that counts) and were given on `scale`."""
    return [point for point in _holding(system) if point.scale_id == scale.pk]


def older_scales(system: AISystem, current: RiskScale) -> list[tuple[RiskScale, int]]:
    """Scales on which scores that hold were given and which are not the current one, each with how many, oldest first."""
    counts: dict[int, int] = {}
    for point in _holding(system):
        if point.scale_id != current.pk:
            counts[point.scale_id] = counts.get(point.scale_id, 0) + 1
    return [(scale, counts[scale.pk]) for scale in RiskScale.objects.filter(pk__in=counts).order_by("version")]


def _holding(system: AISystem) -> QuerySet[RiskPoint]:
    in_use = HarmUse.objects.filter(harm=OuterRef("harm"), intended_use=OuterRef("intended_use"), intended_use__archived_at=None)
    order = ("harm", F("intended_use").asc(nulls_first=True), "kind")
    points = RiskPoint.objects.filter(harm__system=system, harm__merged_into=None).filter(Q(intended_use=None) | Exists(in_use))
    return points.select_related("harm", "intended_use", "scale").order_by(*order, "-pk").distinct("harm", "intended_use", "kind")


def changes_of(user: User) -> QuerySet[ScaleChange]:
    found: QuerySet[ScaleChange] = ScaleChange.objects.visible_to(user).select_related("system__scope", "from_scale", "to_scale", "made_by", "baseline")
    return found


def moves_of(change: ScaleChange) -> list[ScoreMove]:
    """Every score that was carried over; those that moved first, the highest on top."""
    related = ("before__harm", "before__intended_use", "after")
    rows = list(ScoreMove.objects.filter(change=change).select_related(*related))
    return sorted(rows, key=lambda move: (not move.has_moved, -move.after.score, move.before.harm_id, move.pk))


def move_rows(change: ScaleChange) -> Iterator[dict[str, Any]]:
    """For a file: every score that was carried over, with before and after."""
    for move in moves_of(change):
        before, after = move.before, move.after
        yield {
            "code": before.harm.code,
            "title": before.harm.title,
            "place": before.intended_use.code if before.intended_use else "",
            "kind": before.kind,
            "before": before.score,
            "after": after.score,
            "before_severity": before.severity,
            "before_frequency": before.frequency,
            "after_severity": after.severity,
            "after_frequency": after.frequency,
        }
