"""Rates weighted over strata, severities by level, and how much to measure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from measurements.statistics import (
    ClusterSums,
    WeightedStratum,
    clopper_pearson_interval,
    exceedances,
    mean_severity,
    outputs_for_claim,
    outputs_for_width,
    outputs_for_zero_claim,
    outputs_with_repeats,
    pairs_for_difference,
    weighted_rate,
    wilson_interval,
)

SAMPLES = 2_000
some_strata = st.lists(st.tuples(st.floats(0.01, 10), st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))), min_size=1, max_size=6)


def _once(harmful: int, judged: int) -> ClusterSums:
    """Sums of cases with one output each."""
    return ClusterSums(judged, judged, harmful, harmful, harmful, judged)


def test_the_weighted_rate_is_the_sum_of_weight_times_rate() -> None:
    found = weighted_rate([WeightedStratum(3, _once(10, 100)), WeightedStratum(1, _once(20, 50))])

    assert found.weights == (0.75, 0.25)
    assert found.rate == pytest.approx(0.75 * 0.1 + 0.25 * 0.4)
    assert found.interval is not None
    assert found.interval.low < found.rate < found.interval.high


def test_one_stratum_is_its_own_rate() -> None:
    found = weighted_rate([WeightedStratum(7, _once(10, 100))])

    assert found.interval == wilson_interval(10, 100)


@given(some_strata)
def test_a_weighted_rate_lies_within_its_interval(strata: list[tuple[float, tuple[int, int]]]) -> None:
    found = weighted_rate([WeightedStratum(weight, _once(*counted)) for weight, counted in strata])

    assert found.rate is not None
    assert found.interval is not None
    assert 0 <= found.interval.low <= found.rate + 1e-9
    assert found.rate - 1e-9 <= found.interval.high <= 1


def test_at_zero_the_weighted_bound_is_no_better_than_that_of_all_outputs() -> None:
    found = weighted_rate([WeightedStratum(9, _once(0, 30)), WeightedStratum(1, _once(0, 300))])

    assert found.interval is not None
    assert found.interval.high > 0.079  # 36 effective outputs, not 330


def test_a_stratum_without_outputs_has_no_weighted_rate() -> None:
    assert weighted_rate([WeightedStratum(1, _once(1, 10)), WeightedStratum(1, ClusterSums())]).rate is None


@pytest.mark.parametrize("strata", [[], [WeightedStratum(0, _once(1, 10))], [WeightedStratum(-1, _once(1, 10))]])
def test_weights_are_above_zero(strata: list[WeightedStratum]) -> None:
    with pytest.raises(ValueError, match="weight"):
        weighted_rate(strata)


def test_stratified_intervals_hold_the_truth() -> None:
    draw = np.random.default_rng(5)
    held = {
        (rates, sizes): _held(draw, rates, sizes)
        for rates in ((0.02, 0.1, 0.3), (0.01, 0.01, 0.05), (0.4, 0.5, 0.6))
        for sizes in ((100, 100, 100), (300, 80, 40))
    }

    assert float(np.mean(list(held.values()))) >= 0.94, held
    assert min(held.values()) >= 0.92, held


def _held(draw: np.random.Generator, rates: tuple[float, ...], sizes: tuple[int, ...]) -> float:
    weights = (0.6, 0.3, 0.1)
    truth = sum(weight * rate for weight, rate in zip(weights, rates, strict=True))
    drawn = draw.binomial(sizes, rates, (SAMPLES, len(rates))).tolist()
    held = 0
    for harmful in drawn:
        found = weighted_rate([WeightedStratum(weight, _once(x, n)) for weight, x, n in zip(weights, harmful, sizes, strict=True)])
        assert found.interval is not None
        held += found.interval.low <= truth <= found.interval.high
    return held / SAMPLES


# --- Severities ---
def test_every_level_has_its_share_and_interval() -> None:
    found = exceedances({0: 480, 3: 5, 5: 1}, [1, 3, 5, 7])

    assert [(one.level, one.reached.numerator, one.reached.denominator) for one in found] == [(1, 6, 486), (3, 6, 486), (5, 1, 486), (7, 0, 486)]
    assert found[2].reached.interval == wilson_interval(1, 486)
    assert found[3].reached.interval is not None
    assert found[3].reached.interval.high == pytest.approx(1 - 0.05 ** (1 / 486))


@given(st.dictionaries(st.integers(0, 7), st.integers(0, 500)))
def test_shares_fall_with_the_level(counts: dict[int, int]) -> None:
    rates = [one.reached.rate for one in exceedances(counts, range(8))]

    if not sum(counts.values()):
        assert rates == [None] * 8
        assert mean_severity(counts) is None
        return
    assert rates[0] == 1.0
    assert rates == sorted(rates, key=lambda rate: -(rate or 0.0))
    assert mean_severity(counts) == pytest.approx(sum(rate or 0.0 for rate in rates[1:]))


# --- How much to measure ---
@pytest.mark.parametrize(("target", "outputs"), [(0.01, 299), (0.005, 598), (0.001, 2_995)])
def test_zero_claim_needs_what_the_tables_say(target: float, outputs: int) -> None:
    assert outputs_for_zero_claim(target) == outputs


@pytest.mark.parametrize(("target", "expected"), [(0.05, 0.02), (0.02, 0.005), (0.3, 0.2), (0.01, 0.001)])
def test_the_claim_succeeds_as_often_as_planned(target: float, expected: float) -> None:
    outputs = outputs_for_claim(target, expected)
    assert outputs is not None

    def power(n: int) -> float:
        allowed = [x for x in range(n) if binom.cdf(x, n, target) <= 0.05]
        return float(binom.cdf(max(allowed), n, expected)) if allowed else 0.0

    assert power(outputs) >= 0.8
    assert power(outputs * 9 // 10) < 0.8
    allowed = max(x for x in range(outputs) if binom.cdf(x, outputs, target) <= 0.05)
    assert clopper_pearson_interval(allowed, outputs, confidence=0.90).high <= target + 1e-9


def test_a_claim_of_nothing_expected_is_the_zero_claim() -> None:
    assert outputs_for_claim(0.01, 0) == 299


def test_what_can_not_be_shown_is_refused_or_none() -> None:
    with pytest.raises(ValueError, match="below the target"):
        outputs_for_claim(0.01, 0.01)
    with pytest.raises(ValueError, match="target"):
        outputs_for_zero_claim(0)
    assert outputs_for_claim(0.01, 0.00999999) is None
    assert outputs_for_width(0.5, 1e-6) is None


@given(st.floats(0, 1), st.floats(0.01, 0.4))
def test_the_width_is_reached_and_not_before(rate: float, half: float) -> None:
    outputs = outputs_for_width(rate, half)
    assert outputs is not None
    assert outputs_for_width(1 - rate, half) in (outputs - 1, outputs, outputs + 1)  # rounding of 1 - rate may move it by one

    low, high = wilson_interval(round(rate * outputs), outputs).low, wilson_interval(round(rate * outputs), outputs).high
    assert high - low <= 2 * half + 1.2 / outputs


def test_pairs_are_those_of_connor() -> None:
    """Discordant 0.4, difference 0.2, two-sided 5 %, power 0.8: (1.96 sqrt 0.4 + 0.8416 sqrt 0.36) squared over 0.04."""
    assert pairs_for_difference(0.2, 0.4) == 77
    assert pairs_for_difference(-0.2, 0.4) == 77
    with pytest.raises(ValueError, match="differ"):
        pairs_for_difference(0.2, 0.1)


def test_repeats_need_more_outputs() -> None:
    assert outputs_with_repeats(299, 1.8) == 539
    assert outputs_with_repeats(299, 0.5) == 299
