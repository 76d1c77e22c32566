"""Pairs of outputs: the exact McNemar test and Newcombe's interval against published figures, another library, and their own symmetry."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from measurements.statistics import PairCounts, holm, mcnemar_exact, paired_difference, paired_interval

counts = st.integers(min_value=0, max_value=400)
some_pairs = st.builds(PairCounts, counts, counts, counts, counts).filter(lambda pairs: pairs.total > 0)


@pytest.mark.parametrize(
    ("pairs", "low", "high"),
    [  # method 10 of Newcombe (1998), whose tables give first rate less second rate: hence the signs turned round
        (PairCounts(36, 12, 2, 0), -0.3404, -0.0569),
        (PairCounts(54, 0, 0, 0), -0.0664, 0.0664),
    ],
)
def test_newcombe_agrees_with_the_published_table(pairs: PairCounts, low: float, high: float) -> None:
    interval = paired_interval(pairs)

    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)
    assert interval.method == "Newcombe, paired"


@given(some_pairs)
def test_the_exact_test_agrees_with_another_library(pairs: PairCounts) -> None:
    table = [[pairs.both, pairs.first_only], [pairs.second_only, pairs.neither]]

    assert mcnemar_exact(pairs) == pytest.approx(min(1.0, float(mcnemar(table, exact=True).pvalue)))


@given(some_pairs)
def test_swapping_the_runs_turns_the_sign_and_nothing_else(pairs: PairCounts) -> None:
    interval, swapped = paired_interval(pairs), paired_interval(pairs.swapped)

    assert mcnemar_exact(pairs) == mcnemar_exact(pairs.swapped)
    assert paired_difference(pairs) == -paired_difference(pairs.swapped)
    assert (swapped.low, swapped.high) == pytest.approx((-interval.high, -interval.low))


@given(some_pairs)
def test_the_interval_holds_the_difference_and_stays_inside(pairs: PairCounts) -> None:
    interval = paired_interval(pairs)

    assert -1.0 <= interval.low <= paired_difference(pairs) + 1e-12
    assert paired_difference(pairs) - 1e-12 <= interval.high <= 1.0


@given(some_pairs, some_pairs)
def test_pairs_of_two_strata_add_up(one: PairCounts, other: PairCounts) -> None:
    both = one + other

    assert (both.total, both.first, both.second) == (one.total + other.total, one.first + other.first, one.second + other.second)


def test_an_improvement_can_be_shown_as_well_as_a_worsening() -> None:
    worse, better = PairCounts(0, 2, 12, 100), PairCounts(0, 12, 2, 100)

    assert mcnemar_exact(worse) == mcnemar_exact(better) == pytest.approx(0.0129, abs=1e-4)


def test_without_a_pair_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="no pair"):
        paired_interval(PairCounts(0, 0, 0, 0))


@settings(max_examples=12)  # the other library takes a quarter of a second for each
@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=40))
def test_holm_agrees_with_another_library(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == []
