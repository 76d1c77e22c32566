"""Comparisons beyond pairs: mid-p, different items, repeated cases, and whether a new rate is no worse. Against published figures and other libraries."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from measurements.statistics import (
    ClusterSums,
    Interval,
    NotWorse,
    PairCounts,
    PairedSums,
    clustered_difference,
    mcnemar_exact,
    mcnemar_mid_p,
    not_worse,
    unpaired_interval,
)

counts = st.integers(min_value=0, max_value=300)
some_pairs = st.builds(PairCounts, counts, counts, counts, counts).filter(lambda pairs: pairs.total > 0)
shares = st.integers(1, 500).flatmap(lambda judged: st.tuples(st.integers(0, judged), st.just(judged)))
cases = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))),
    min_size=1,
    max_size=30,
)


def test_mid_p_of_12_against_2_is_the_same_both_ways() -> None:
    """A peer takes the tail at one fixed cell: 1.99 one way, 0.0074 the other, so that an improvement is never significant."""
    pairs = PairCounts(20, 12, 2, 66)

    assert mcnemar_mid_p(pairs) == pytest.approx(0.0074, abs=0.00005)
    assert mcnemar_mid_p(pairs.swapped) == mcnemar_mid_p(pairs)


@given(some_pairs)
def test_mid_p_is_the_sum_of_its_binomial(pairs: PairCounts) -> None:
    changed, fewer = pairs.first_only + pairs.second_only, min(pairs.first_only, pairs.second_only)
    tail = sum(comb(changed, count) for count in range(fewer + 1)) / 2**changed
    edge = comb(changed, fewer) / 2**changed

    assert mcnemar_mid_p(pairs) == pytest.approx(2 * tail - edge)
    assert 0 <= mcnemar_mid_p(pairs) <= mcnemar_exact(pairs) <= 1


def test_unpaired_is_that_of_the_published_table() -> None:
    """Newcombe (1998), table II, method 10, (a) 56/70 less 48/80 and (f) 10/10 less 0/10; his first less second is our second less first."""
    one, edge = unpaired_interval((48, 80), (56, 70)), unpaired_interval((0, 10), (10, 10))

    assert (round(one.low, 4), round(one.high, 4)) == (0.0524, 0.3339)
    assert (round(edge.low, 4), edge.high) == (0.6075, 1.0)
    assert one.method == "Newcombe, unpaired"


@given(shares, shares)
def test_unpaired_agrees_with_another_library(first: tuple[int, int], second: tuple[int, int]) -> None:
    found = unpaired_interval(first, second)
    low, high = confint_proportions_2indep(*second, *first, method="newcomb")

    assert (found.low, found.high) == pytest.approx((max(-1, low), min(1, high)), abs=1e-9)
    swapped = unpaired_interval(second, first)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))


@given(cases)
def test_clustered_difference_turns_its_sign_with_the_runs_and_holds_the_difference(rows: list[tuple[int, int, int, int]]) -> None:
    sums = _paired(rows)
    found, swapped = clustered_difference(sums), clustered_difference(sums.swapped)
    difference = sums.second.sum_x / sums.second.sum_n - sums.first.sum_x / sums.first.sum_n

    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))
    assert -1 <= found.low <= difference + 1e-9
    assert difference - 1e-9 <= found.high <= 1


def test_repeats_of_a_case_are_no_further_cases() -> None:
    """Ten outputs of each of 30 cases, always the same, tell no more than one of each."""
    once = [(1, 1, 0, 1)] * 6 + [(0, 1, 1, 1)] * 2 + [(0, 1, 0, 1)] * 22
    ten_times = [(x1 * 10, n1 * 10, x2 * 10, n2 * 10) for x1, n1, x2, n2 in once]

    one, ten = clustered_difference(_paired(once)), clustered_difference(_paired(ten_times))

    assert ten.high - ten.low >= 0.95 * (one.high - one.low)


def test_the_clustered_difference_holds_the_truth() -> None:
    """Cases with rates of their own, three outputs in each run: at least 0.94 of 2,000 drawn samples, on average over the grid."""
    draw = np.random.default_rng(11)
    held = [_held(draw, cases=cases, rate=rate, change=change) for cases in (40, 120) for rate in (0.05, 0.3) for change in (0.0, 0.05)]

    assert float(np.mean(held)) >= 0.94, held
    assert min(held) >= 0.90, held


def test_different_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="same cases"):
        clustered_difference(PairedSums(ClusterSums(1, 1, 0, 0, 0, 1), ClusterSums(2, 2, 0, 0, 0, 2), 0, 0, 0, 1))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.03, 0.02, NotWorse.NOT_WORSE),
        (-0.05, -0.01, NotWorse.NOT_WORSE),
        (0.005, 0.02, NotWorse.NOT_WORSE),  # worse for sure, within what is allowed for
        (0.01, 0.06, NotWorse.WORSE),
        (0.04, 0.09, NotWorse.WORSE),
        (-0.01, 0.04, NotWorse.NOT_SHOWN),
    ],
)
def test_no_worse_has_three_outcomes(low: float, high: float, expected: NotWorse) -> None:
    assert not_worse(Interval(low, high, "Newcombe, paired"), 0.02) is expected


def test_a_margin_is_a_share() -> None:
    with pytest.raises(ValueError, match="margin"):
        not_worse(Interval(0, 0.1, ""), -0.1)


def _paired(rows: list[tuple[int, int, int, int]]) -> PairedSums:
    """Sums of cases, each (x, n) of the first run and (x, n) of the second."""
    return PairedSums(
        _sums([(x, n) for x, n, _, _ in rows]),
        _sums([(x, n) for _, _, x, n in rows]),
        sum(x1 * x2 for x1, _, x2, _ in rows),
        sum(x1 * n2 for x1, _, _, n2 in rows),
        sum(n1 * x2 for _, n1, x2, _ in rows),
        sum(n1 * n2 for _, n1, _, n2 in rows),
    )


def _sums(rows: list[tuple[int, int]]) -> ClusterSums:
    return ClusterSums(
        len(rows), sum(n for _, n in rows), sum(x for x, _ in rows), sum(x * x for x, _ in rows), sum(x * n for x, n in rows), sum(n * n for _, n in rows)
    )


def _held(draw: np.random.Generator, *, cases: int, rate: float, change: float, samples: int = 2_000, repeats: int = 3) -> float:
    """Share of the samples whose interval holds `change`; a case's own rate is drawn from a beta distribution, and shared by both runs."""
    held = 0
    own = draw.beta(2 * rate, 2 * (1 - rate), (samples, cases))
    shifted = own + change / (1 - rate) * (1 - own)
    first, second = draw.binomial(repeats, own), draw.binomial(repeats, shifted)
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        found = clustered_difference(_paired([(x, repeats, y, repeats) for x, y in zip(one, other, strict=True)]))
        held += found.low <= change <= found.high
    return held / samples
