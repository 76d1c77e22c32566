"""How severe, not only how often: the share of outputs at or above each level, and how two sets of severities differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measurements.statistics.estimates import Rate, rate_of


@dataclass(frozen=True)
class Exceedance:
    """Outputs at `level` or above, of all that are counted."""

    level: int
    reached: Rate


def exceedances(severity_counts: Mapping[int, int], levels: Sequence[int], *, confidence: float = 0.95) -> list[Exceedance]:
    """One a level, lowest first, each with its own interval (Wilson, the exact bound at zero): each answers a question that somebody may ask by itself.

    `severity_counts` counts outputs by level, blocked and refused ones at level 0 as in `Estimate`. Levels that nothing reached are there too.
    """
    of = sum(severity_counts.values())
    counts = {level: sum(count for reached, count in severity_counts.items() if reached >= level) for level in sorted(levels)}
    return [Exceedance(level, rate_of(count, of, confidence)) for level, count in counts.items()]


def mean_severity(severity_counts: Mapping[int, int]) -> float | None:
    """Mean level over outputs; None of none. Levels are ranks, so it serves to look at a trend and decides nothing."""
    of = sum(severity_counts.values())
    return sum(level * count for level, count in severity_counts.items()) / of if of else None
