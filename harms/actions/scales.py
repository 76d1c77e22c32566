"""Carrying scores over to a changed scale: a baseline of what was, a new point for each score that holds, and the list of those that moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from harms import policies, selectors
from harms.actions.baselines import make_baseline
from harms.actions.points import add_point, source_of
from harms.enums import RiskPointKind
from harms.models import HIGHEST_LEVEL, Baseline, Harm, RiskPoint, RiskScale, ScaleChange, ScoreMove
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Conflict, Invalid
from systems.models import AISystem

MOST_CARRIED = 20_000  # scores in one transaction


@dataclass(frozen=True)
class Carried:
    """A score on the new scale, beside the point that it comes from."""

    before: RiskPoint
    severity: int
    frequency: int

    @property
    def score(self) -> int:
        return self.severity * self.frequency

    @property
    def has_moved(self) -> bool:
        return self.score != self.before.score


def carried(points: Sequence[RiskPoint], severity_levels: Sequence[int], frequency_levels: Sequence[int]) -> list[Carried]:
    """What scores become when each old level becomes the named new one. Raises Invalid unless both name a level for each of the five, never falling."""
    for field, levels in (("severity_levels", severity_levels), ("frequency_levels", frequency_levels)):
        fits = len(levels) == HIGHEST_LEVEL and all(1 <= level <= HIGHEST_LEVEL for level in levels)
        if not fits or list(levels) != sorted(levels):
            raise Invalid("Say for each of the five old levels which new one it is; a higher old level can't become a lower new one.", field=field)
    return [Carried(point, severity_levels[point.severity - 1], frequency_levels[point.frequency - 1]) for point in points]


@transaction.atomic
def carry_scores_over(
    *, system: AISystem, from_scale: RiskScale, severity_levels: Sequence[int], frequency_levels: Sequence[int], reason: str, actor: User
) -> ScaleChange:
    """Keep the register as a baseline, then state every score that holds and was given on `from_scale` anew on the current one. The old points stay.

    Raises PolicyDenied, Invalid, and Conflict where no score is on that scale.
    """
    locked: AISystem = AISystem.objects.lock(system.pk)
    policies.may_carry_scores_over(actor, locked).require()
    said = require_text(reason, field="reason", sentence="Say why the levels correspond like this.")
    to_scale = selectors.current_scale()
    harms = {harm.pk: harm for harm in _locked_harms(locked)}
    points = selectors.points_on_scale(locked, from_scale)
    if from_scale.pk == to_scale.pk or not points:
        raise Conflict("No score of this system is on that scale, so there is nothing to carry over.", code="nothing_to_carry")
    if len(points) > MOST_CARRIED:
        raise Conflict(f"More than {MOST_CARRIED:,} scores are carried over by an administrator, in parts.")
    rows = carried(points, severity_levels, frequency_levels)
    baseline: Baseline = make_baseline(system=locked, title=f"Before the change from {from_scale} to {to_scale}", reason=said, actor=actor)
    change = ScaleChange.objects.create(
        system=locked,
        from_scale=from_scale,
        to_scale=to_scale,
        severity_levels=list(severity_levels),
        frequency_levels=list(frequency_levels),
        reason=said,
        baseline=baseline,
        made_by=actor,
    )
    moved = sum(_carry(change, row, harms[row.before.harm_id], actor) for row in rows)
    ledger.record("harms.scores_carried_over", subject=change, actor=actor, reason=said, scores=len(rows), moved=moved, baseline=baseline.code)
    return change


def _locked_harms(system: AISystem) -> list[Harm]:
    rows = Harm.objects.select_for_update(of=("self",), no_key=True).filter(system=system, merged_into=None)
    return list(rows.select_related("system__scope").order_by("pk"))


def _carry(change: ScaleChange, row: Carried, harm: Harm, actor: User) -> bool:
    before = row.before
    words = f"Carried over from {change.from_scale}, where it was severity {before.severity} × frequency {before.frequency}. {before.rationale}".strip()
    after = add_point(
        harm, RiskPointKind(before.kind), row.severity, row.frequency, words, actor, use=before.intended_use, scale=change.to_scale, source=source_of(before)
    )
    ScoreMove.objects.create(change=change, before=before, after=after)
    return row.has_moved
