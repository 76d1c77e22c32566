"""What several ratings say together: on an ordinal scale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harms import aggregation

levels = st.lists(st.integers(1, 5), min_size=1, max_size=40)


@pytest.mark.parametrize(("given_levels", "median", "lower"), [([3], 3, 3), ([1, 5], 5, 1), ([2, 2, 5], 2, 2), ([1, 2, 3, 4], 3, 2), ([4, 4, 1, 1, 5], 4, 4)])
def test_median_is_a_level_that_somebody_gave_and_the_higher_of_two(given_levels: list[int], median: int, lower: int) -> None:
    found = aggregation.spread(given_levels)

    assert found is not None
    assert (found.median, found.lower_median) == (median, lower)


@pytest.mark.parametrize(
    ("given_levels", "expected"),
    [
        ([3, 3, 3], 1.0),
        ([1, 5], 0.0),
        ([1, 1, 5, 5], 0.0),
        ([3, 4], 1 - 2 * 0.5 / 4),  # one half, one level apart: F = 0 0 .5 1
        ([1, 2, 3, 4, 5], 1 - 2 * (0.2 + 0.4 + 0.4 + 0.2) / 4),
    ],
)
def test_agreement_is_leiks(given_levels: list[int], expected: float) -> None:
    assert aggregation.agreement(given_levels) == pytest.approx(expected)


@given(levels)
def test_every_figure_is_a_level_that_was_given_and_in_order(given_levels: list[int]) -> None:
    found = aggregation.spread(given_levels)

    assert found is not None
    assert {found.median, found.lower_median, found.lower_quartile, found.upper_quartile} <= set(given_levels)
    assert found.lowest <= found.lower_quartile <= found.lower_median <= found.median <= found.highest
    assert found.median <= found.upper_quartile or found.is_split
    assert 0 <= found.agreement <= 1
    assert sum(found.counts) == len(given_levels)


@given(levels)
def test_order_and_names_of_levels_alone_count(given_levels: list[int]) -> None:
    """Turning the scale round turns the spread round and leaves the agreement: nothing rests on distances between levels."""
    turned = aggregation.spread([6 - level for level in given_levels])
    found = aggregation.spread(given_levels)

    assert found is not None
    assert turned is not None
    assert turned.agreement == pytest.approx(found.agreement)
    assert (6 - turned.median, 6 - turned.lower_median) == (found.lower_median, found.median)
    assert aggregation.spread(sorted(given_levels, reverse=True)) == found


def test_who_cannot_judge_is_counted_and_weighs_nothing() -> None:
    found = aggregation.aggregate([(2, 3), None, (2, 3), None])

    assert found is not None
    assert (found.levels, found.cannot_judge, found.severity.count) == ((2, 3), 2, 2)
    assert aggregation.aggregate([None, None]) is None
    assert aggregation.aggregate([]) is None


def test_outlier_is_two_levels_off_on_either_axis_among_at_least_three() -> None:
    three, two = aggregation.aggregate([(2, 2), (2, 2), (2, 4)]), aggregation.aggregate([(1, 1), (5, 5)])

    assert three is not None
    assert two is not None
    assert aggregation.is_outlier((2, 4), three)
    assert aggregation.is_outlier((4, 2), three)
    assert not aggregation.is_outlier((3, 3), three)
    assert not aggregation.is_outlier((1, 1), two)


@pytest.mark.parametrize("wrong", [0, 6])
def test_level_outside_the_scale_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="levels are from 1 to 5"):
        aggregation.spread([3, wrong])
