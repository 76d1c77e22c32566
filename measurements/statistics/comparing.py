"""Two rates compared where pairs alone don't do: different items, cases that repeat, and whether a new rate is shown to be no worse.

Swapping the measurements changes the sign of the difference and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from measurements.statistics.intervals import ClusterSums, Interval, clustered_interval, difference_interval, wilson_interval


class NotWorse(StrEnum):
    """What a comparison shows of the second rate against the first, a margin allowed for."""

    NOT_WORSE = "not_worse"
    WORSE = "worse"
    NOT_SHOWN = "not_shown"


@dataclass(frozen=True)
class PairedSums:
    """Two measurements of the same cases, each of which may repeat: the sums of both, and across them.

    Every case is in both, with at least one counted output each. With n outputs of a case, x of them harmful, of the first and the second measurement, `x1_x2`
    is the sum of x1 * x2 over cases, and so on.
    """

    first: ClusterSums
    second: ClusterSums
    x1_x2: int
    x1_n2: int
    n1_x2: int
    n1_n2: int

    @property
    def swapped(self) -> PairedSums:
        return PairedSums(self.second, self.first, self.x1_x2, self.n1_x2, self.x1_n2, self.n1_n2)


def unpaired_interval(first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95) -> Interval:
    """Second rate less first rate of different items, each (harmful, judged) with at least one judged.

    Newcombe (1998), Statistics in Medicine 17:873, method 10: Wilson's bounds of both, joined by squaring and adding.
    """
    one, other = wilson_interval(*first, confidence=confidence), wilson_interval(*second, confidence=confidence)
    return difference_interval((first[0] / first[1], one), (second[0] / second[1], other), 0.0, "Newcombe, unpaired")


def clustered_difference(sums: PairedSums, *, confidence: float = 0.95) -> Interval:
    """Second rate less first rate over the same cases, where outputs of one case are not independent, neither within a measurement nor across the two.

    Each rate's own clustered interval (Korn & Graubard 1998), joined with the correlation of the two rates over cases (Zou & Donner 2008, MOVER). With one
    output a case it is Newcombe's paired interval without its correction for continuity. Raises ValueError unless both have the same cases.
    """
    if sums.first.count != sums.second.count or sums.first.count < 1:
        raise ValueError("The measurements don't have the same cases.")
    first = clustered_interval(sums.first, confidence=confidence)
    second = clustered_interval(sums.second, confidence=confidence)
    cases = f"{sums.first.count:,} case{'' if sums.first.count == 1 else 's'}"
    return difference_interval((_rate_of(sums.first), first), (_rate_of(sums.second), second), _correlation(sums), f"Newcombe, paired by case, {cases}")


def not_worse(difference: Interval, margin: float) -> NotWorse:
    """Whether second less first is shown to stay within `margin` (0 to 1; ICH E9: the upper bound of the interval), or to be a rise beyond nothing.

    A rise that is shown, but may lie within the margin and may not, is `WORSE`; an interval that holds zero and passes the margin shows nothing.
    """
    if not 0 <= margin <= 1:
        raise ValueError("A margin is a difference of rates from 0 to 1.")
    if difference.high <= margin:
        return NotWorse.NOT_WORSE
    return NotWorse.WORSE if difference.low > 0 else NotWorse.NOT_SHOWN


def _correlation(sums: PairedSums) -> float:
    """Of the two rates, by what each case adds to them beyond its share; 0 where one of them has no spread."""
    p, q = _rate_of(sums.first), _rate_of(sums.second)
    spread = _spread(sums.first) * _spread(sums.second)
    if spread <= 0:
        return 0.0
    shared = sums.x1_x2 - q * sums.x1_n2 - p * sums.n1_x2 + p * q * sums.n1_n2
    return min(1.0, max(-1.0, shared / sqrt(spread)))


def _spread(sums: ClusterSums) -> float:
    rate = _rate_of(sums)
    return max(0.0, sums.sum_x2 - 2 * rate * sums.sum_xn + rate * rate * sums.sum_n2)


def _rate_of(sums: ClusterSums) -> float:
    return sums.sum_x / sums.sum_n
