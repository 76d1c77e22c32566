"""Confidence intervals of a defect rate: Wilson, Clopper-Pearson, exact at zero, and Wilson for repeated cases.

Wilson's closed form is written out because it must take a fractional effective number of outputs, which the library's
function refuses, and because a page with thousands of strata would wait for it: 0.4 ms a call, after 1.7 s of import.
The tests hold it against two libraries and published tables. What has no closed form comes from scipy, imported inside
the function that needs it, so that a web process never loads it at start.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """Where the rate lies, as fractions from 0 to 1, and the name of the method, to be printed beside it."""

    low: float
    high: float
    method: str


@dataclass(frozen=True)
class ClusterSums:
    """What a cluster-robust interval needs of a measurement whose cases repeat; every sum is over cases.

    `n` is the number of counted outputs of a case, at least 1 (a case without one is left out), `x` how many of them are
    harmful. In SQL: group the outputs by case, then `count(*), sum(n), sum(x), sum(x*x), sum(x*n), sum(n*n)`.
    """

    count: int = 0
    sum_n: int = 0
    sum_x: int = 0
    sum_x2: int = 0
    sum_xn: int = 0
    sum_n2: int = 0

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Sums over both; right when no case is in both, as with strata."""
        return ClusterSums(
            self.count + other.count,
            self.sum_n + other.sum_n,
            self.sum_x + other.sum_x,
            self.sum_x2 + other.sum_x2,
            self.sum_xn + other.sum_xn,
            self.sum_n2 + other.sum_n2,
        )


@dataclass(frozen=True)
class CaseSums:
    """Cluster sums of the three rates of an estimate, each with its own way of counting an output.

    `judged`: the outputs of the denominator. `answered`: of these the answered ones. `worst`: all that ended, with failed and
    unjudged ones as harmful.
    """

    judged: ClusterSums
    answered: ClusterSums
    worst: ClusterSums

    def __add__(self, other: CaseSums) -> CaseSums:
        return CaseSums(self.judged + other.judged, self.answered + other.answered, self.worst + other.worst)


def wilson_interval(defects: int, judged: int, *, confidence: float = 0.95) -> Interval:
    """Confidence interval of a defect rate; `judged` is at least 1.

    Wilson (1927): stays inside the range even at zero defects, where the normal approximation does not.
    """
    _check_counts(defects, judged)
    low, high = wilson_bounds(defects / judged, judged, confidence)
    return Interval(low, high, "Wilson")


def clopper_pearson_interval(defects: int, judged: int, *, confidence: float = 0.95) -> Interval:
    """Confidence interval that covers the true rate at least as often as it says, so wider than Wilson's; for gates.

    Clopper & Pearson (1934). `judged` is at least 1. The first call loads scipy, which takes seconds.
    """
    from scipy.stats import binomtest

    _check_counts(defects, judged)
    bounds = binomtest(defects, judged).proportion_ci(confidence_level=confidence, method="exact")
    return Interval(float(bounds.low), float(bounds.high), "Clopper-Pearson")


def exact_upper_bound_at_zero(judged: int, confidence: float = 0.95) -> float:
    """The largest rate that is still compatible with no defect in `judged` outputs: one-sided, 1 - alpha ** (1 / n).

    Hanley & Lippman-Hand (1983), who gave "three over n" as its rule of thumb. `judged` is at least 1.
    """
    _check_counts(0, judged)
    alpha = 1 - confidence
    return 1.0 - float(alpha ** (1 / judged))


def zero_interval(judged: int, *, confidence: float = 0.95, unit: str = "") -> Interval:
    """From 0 to the exact upper bound at zero; `unit` says what was counted when that is not outputs."""
    counted = f", {unit}" if unit else ""
    return Interval(0.0, exact_upper_bound_at_zero(judged, confidence), f"exact one-sided bound at zero{counted}")


def design_effect(sums: ClusterSums) -> float:
    """How many times more outputs were needed than if none shared a case; 1 to the mean number of outputs a case or more.

    The linearised variance of a ratio over the binomial one (Rao & Scott 1992, Korn & Graubard 1998). Never below 1: repeats of one
    case don't add information. At a rate of 0 or 1 and for a single case the variance says nothing; outputs of one case are then taken
    as one.
    """
    rate = sums.sum_x / sums.sum_n
    if sums.count == 1 or sums.sum_x in (0, sums.sum_n):
        return sums.sum_n / sums.count
    spread = sums.sum_x2 - 2 * rate * sums.sum_xn + rate * rate * sums.sum_n2
    variance = sums.count / (sums.count - 1) * max(spread, 0.0) / sums.sum_n**2
    return max(1.0, variance * sums.sum_n / (rate * (1 - rate)))


def clustered_interval(sums: ClusterSums, *, confidence: float = 0.95) -> Interval:
    """Interval of a rate whose outputs are several to a case, and so not independent; `sums.sum_n` is at least 1.

    Wilson with the effective number of outputs of Korn & Graubard (1998): divided by the design effect, and smaller still where few
    cases make that effect itself uncertain. With one output a case it is Wilson's interval; at zero observed the exact bound over cases.
    """
    _check_counts(sums.sum_x, sums.sum_n)
    cases = f"{sums.count:,} case{'' if sums.count == 1 else 's'}"
    if sums.sum_x == 0:
        return zero_interval(sums.count, confidence=confidence, unit="" if sums.sum_n == sums.count else cases)
    if sums.sum_n == sums.count:
        return wilson_interval(sums.sum_x, sums.sum_n, confidence=confidence)
    effect = design_effect(sums)
    effective = sums.sum_n / effect * _few_cases_factor(sums, confidence)
    low, high = wilson_bounds(sums.sum_x / sums.sum_n, effective, confidence)
    return Interval(low, high, f"Wilson, {cases}, design effect {effect:.1f}")


def _few_cases_factor(sums: ClusterSums, confidence: float) -> float:
    """Squared ratio of Student's quantiles for the outputs and for the cases; near 1 from a few dozen cases on."""
    from scipy.special import stdtrit

    if sums.count == 1:
        return 1.0
    tail = (1 + confidence) / 2
    return float(stdtrit(sums.sum_n - 1, tail) / stdtrit(sums.count - 1, tail)) ** 2


def difference_interval(first: tuple[float, Interval], second: tuple[float, Interval], correlation: float, method: str) -> Interval:
    """Second rate less first rate, within -1 and 1, from each rate with its own interval, joined by squaring and adding.

    Newcombe (1998); Zou & Donner (2008), who call it MOVER.
    """
    (one, of_one), (other, of_other) = first, second
    below = _side(other - of_other.low, of_one.high - one, correlation)
    above = _side(of_other.high - other, one - of_one.low, correlation)
    return Interval(max(-1.0, other - one - below), min(1.0, other - one + above), method)


def _side(one: float, other: float, correlation: float) -> float:
    return sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))


def wilson_bounds(rate: float, n: float, confidence: float) -> tuple[float, float]:
    """Wilson's bounds for a rate over `n` outputs, which may be fractional; exactly 0 and 1 at the edges."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return (0.0 if rate == 0 else max(0.0, centre - half)), (1.0 if rate == 1 else min(1.0, centre + half))


def _check_counts(defects: int, judged: int) -> None:
    if judged < 1 or not 0 <= defects <= judged:
        raise ValueError(f"{defects} of {judged} is not a rate")
