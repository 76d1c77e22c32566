"""Two measurements of the same items, compared pair by pair: the exact McNemar test and Newcombe's interval of the difference.

Both work on the four counts alone. Swapping the measurements changes the sign of the difference and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from measurements.statistics.intervals import Interval, difference_interval, wilson_interval


@dataclass(frozen=True)
class PairCounts:
    """Pairs by what each side found: harmful on both, only in the first, only in the second, on neither."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def total(self) -> int:
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def first(self) -> int:
        """Harmful outputs of the first measurement."""
        return self.both + self.first_only

    @property
    def second(self) -> int:
        return self.both + self.second_only

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts(self.both + other.both, self.first_only + other.first_only, self.second_only + other.second_only, self.neither + other.neither)

    @property
    def swapped(self) -> PairCounts:
        return PairCounts(self.both, self.second_only, self.first_only, self.neither)


def paired_difference(counts: PairCounts) -> float:
    """Second rate less first rate, -1 to 1; at least one pair."""
    return (counts.second_only - counts.first_only) / counts.total


def paired_interval(counts: PairCounts, *, confidence: float = 0.95) -> Interval:
    """Confidence interval of second rate less first rate, within -1 and 1; at least one pair.

    Newcombe (1998), Statistics in Medicine 17:2635, method 10: Wilson's bounds of both rates, joined by squaring and adding, with the
    correlation of the pairs corrected for continuity.
    """
    if counts.total < 1:
        raise ValueError("There is no pair to compare.")
    first_rate, second_rate = counts.first / counts.total, counts.second / counts.total
    first = wilson_interval(counts.first, counts.total, confidence=confidence)
    second = wilson_interval(counts.second, counts.total, confidence=confidence)
    return difference_interval((first_rate, first), (second_rate, second), _correlation(counts), "Newcombe, paired")


def mcnemar_exact(counts: PairCounts) -> float:
    """Two-sided p-value that a change in either direction is equally likely; 1 when no pair changed.

    McNemar (1947), exact: the smaller of the two changed counts against a binomial of one half.
    """
    from scipy.special import bdtr

    changed = counts.first_only + counts.second_only
    if not changed:
        return 1.0
    return min(1.0, 2.0 * float(bdtr(min(counts.first_only, counts.second_only), changed, 0.5)))


def mcnemar_mid_p(counts: PairCounts) -> float:
    """The exact test's p-value less half of what is most likely at its edge, on both sides: nearer to its level, which the exact test stays below.

    Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology 13:91. The smaller of the two changed counts counts, whichever run it is of.
    """
    from scipy.special import bdtr

    changed, fewer = counts.first_only + counts.second_only, min(counts.first_only, counts.second_only)
    if not changed:
        return 1.0
    at_edge = float(bdtr(fewer, changed, 0.5)) - (float(bdtr(fewer - 1, changed, 0.5)) if fewer else 0.0)
    return min(1.0, max(0.0, 2.0 * float(bdtr(fewer, changed, 0.5)) - at_edge))


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value corrected for there being several, in the order given: below a level where Holm's step-down test rejects at that level.

    Holm (1979), Scandinavian Journal of Statistics 6:65.
    """
    adjusted, highest = [1.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _correlation(counts: PairCounts) -> float:
    """Phi of the four counts, drawn towards zero by half the pairs when positive; 0 where a rate is 0 or 1 on one side."""
    a, b, c, d = counts.both, counts.first_only, counts.second_only, counts.neither
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if not margins:
        return 0.0
    excess = float(a * d - b * c)
    corrected = excess if excess <= 0 else max(0.0, excess - counts.total / 2)
    return corrected / sqrt(margins)
