"""How severe, not only how often: the share of outputs at or above each level, and how two sets of severities differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measurements.statistics.intervals import Interval, wilson_interval, zero_interval


@dataclass(frozen=True)
class Exceedance:
    """Outputs at `level` or above, of all that are counted; `rate` and `interval` None where there are none."""

    level: int
    count: int
    of: int
    rate: float | None
    interval: Interval | None


def exceedances(severity_counts: Mapping[int, int], levels: Sequence[int], *, confidence: float = 0.95) -> list[Exceedance]:
    """One a level, lowest first, each with its own interval (Wilson, the exact bound at zero): each answers a question that somebody may ask by itself.

    `severity_counts` counts outputs by level, blocked and refused ones at level 0 as in `Estimate`. Levels that nothing reached are there too.
    """
    of = sum(severity_counts.values())
    return [_exceedance(level, sum(count for reached, count in severity_counts.items() if reached >= level), of, confidence) for level in sorted(levels)]


def mean_severity(severity_counts: Mapping[int, int]) -> float | None:
    """Mean level over outputs; None of none. Levels are ranks, so it serves to look at a trend and decides nothing."""
    of = sum(severity_counts.values())
    return sum(level * count for level, count in severity_counts.items()) / of if of else None


def _exceedance(level: int, count: int, of: int, confidence: float) -> Exceedance:
    if not of:
        return Exceedance(level, 0, 0, None, None)
    interval = wilson_interval(count, of, confidence=confidence) if count else zero_interval(of, confidence=confidence)
    return Exceedance(level, count, of, count / of, interval)
