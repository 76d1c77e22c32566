"""One rate from strata whose shares in the set are not their shares in use: each stratum's rate, weighted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

from measurements.statistics.intervals import ClusterSums, Interval, clustered_interval, design_effect, wilson_bounds, zero_interval


@dataclass(frozen=True)
class WeightedStratum:
    """A stratum's share of what the rate is about, its weight, above 0; and its outputs by case."""

    weight: float
    sums: ClusterSums


@dataclass(frozen=True)
class WeightedRate:
    """The weighted rate with its interval; both None where a stratum has no counted output."""

    rate: float | None
    interval: Interval | None
    weights: tuple[float, ...]


def weighted_rate(strata: Sequence[WeightedStratum], *, confidence: float = 0.95) -> WeightedRate:
    """Sum of weight times rate over strata (Cochran 1977, section 5), the weights scaled to a sum of 1.

    Wilson's interval with the number of outputs that would be as uncertain, the design effect of repeated cases included. At zero observed the exact bound
    for Kish's effective number of cases. Raises ValueError without strata, and for a weight that is not above 0.
    """
    if not strata or any(not stratum.weight > 0 for stratum in strata):
        raise ValueError("Every stratum needs a weight above 0.")
    whole = sum(stratum.weight for stratum in strata)
    weights = tuple(stratum.weight / whole for stratum in strata)
    if any(not stratum.sums.sum_n for stratum in strata):
        return WeightedRate(None, None, weights)
    if len(strata) == 1:
        sums = strata[0].sums
        return WeightedRate(sums.sum_x / sums.sum_n, clustered_interval(sums, confidence=confidence), weights)
    shares = [stratum.sums.sum_x / stratum.sums.sum_n for stratum in strata]
    rate = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    if isclose(rate, 0):
        return WeightedRate(0.0, _at_zero(strata, weights, confidence), weights)
    effective = _effective(strata, weights, rate)
    low, high = wilson_bounds(min(rate, 1.0), effective, confidence)
    return WeightedRate(rate, Interval(low, high, f"weighted over {len(strata)} strata, Wilson, as sure as {effective:,.0f} outputs"), weights)


def _effective(strata: Sequence[WeightedStratum], weights: Sequence[float], rate: float) -> float:
    """Outputs of a simple sample that would be as uncertain. Shares are drawn in by half an output, so that a stratum without a harm is not certain."""
    variance = 0.0
    for stratum, weight in zip(strata, weights, strict=True):
        sums = stratum.sums
        share = (sums.sum_x + 0.5) / (sums.sum_n + 1)
        variance += weight**2 * share * (1 - share) * design_effect(sums) / sums.sum_n
    total = sum(stratum.sums.sum_n for stratum in strata)
    centre = (rate * total + 0.5) / (total + 1)
    return min(float(total), centre * (1 - centre) / variance)


def _at_zero(strata: Sequence[WeightedStratum], weights: Sequence[float], confidence: float) -> Interval:
    """Kish (1965): as many cases as would be as uncertain were all weights the same."""
    cases = 1 / sum(weight**2 / stratum.sums.count for stratum, weight in zip(strata, weights, strict=True))
    return zero_interval(max(1, int(cases)), confidence=confidence, unit=f"as sure as {int(cases):,} cases")
