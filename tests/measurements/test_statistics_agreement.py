"""Agreement against published figures, another library and the definition itself; at its edges; and its interval against known truths."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from measurements.statistics import Level, Weights, cohen_kappa, krippendorff_alpha, raw_agreement

LEVELS = [0, 1, 2, 3]
OF_ANOTHER_LIBRARY = {Weights.NONE: None, Weights.LINEAR: "linear", Weights.QUADRATIC: "quadratic"}
KRIPPENDORFF = [  # Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section C: four observers, twelve units, missing ones None
    *((1, 1, None, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4)),
    *((4, 4, 4, 4), (1, 1, 2, 1), (2, 2, 2, 2), (None, 5, 5, 5), (None, None, 1, 1), (None, None, 3, None)),
]
tables = st.dictionaries(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), st.integers(0, 40), min_size=4).filter(
    lambda table: sum(table.values()) > 0
)
ratings = st.lists(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=2, max_size=4), min_size=1, max_size=12)


@pytest.mark.parametrize(("level", "alpha"), [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815)])
def test_alpha_is_that_of_the_published_example(level: Level, alpha: float) -> None:
    found = krippendorff_alpha(KRIPPENDORFF, level)

    assert found.value == pytest.approx(alpha, abs=0.0006)
    assert found.items == 11  # the unit that one observer alone rated says nothing
    assert found.interval is not None
    assert found.interval.low < alpha < found.interval.high


@given(ratings)
def test_alpha_is_what_its_definition_says(items: list[list[int | None]]) -> None:
    """Nominal: disagreement of pairs within items over that of all pairs of values that can be paired."""
    rated = [[value for value in item if value is not None] for item in items]
    pairable = [values for values in rated if len(values) > 1]
    every = [value for values in pairable for value in values]
    found = krippendorff_alpha(items)
    if len(set(every)) < 2:
        assert found.value is None
        return
    within = sum(sum(a != b for a, b in permutations(values, 2)) / (len(values) - 1) for values in pairable) / len(every)
    by_chance = 2 * sum(a != b for a, b in combinations(every, 2)) / (len(every) * (len(every) - 1))

    assert found.value == pytest.approx(1 - within / by_chance)


@pytest.mark.parametrize("weights", list(Weights))
@given(table=tables)
def test_kappa_and_its_interval_agree_with_another_library(weights: Weights, table: dict[tuple[int, int], int]) -> None:
    matrix = np.array([[table.get((row, column), 0) for column in LEVELS] for row in LEVELS])
    found = cohen_kappa(table, LEVELS, weights)
    if found.value is None or found.value == 1.0:
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        other = cohens_kappa(matrix, wt=OF_ANOTHER_LIBRARY[weights])

    assert found.value == pytest.approx(other.kappa, abs=1e-9)
    if not other.std_kappa > 1e-6:  # zero, or not a number where rounding took it below zero
        assert found.interval is None
        return
    assert found.interval is not None
    assert found.interval.low == pytest.approx(max(-1.0, other.kappa_low), abs=1e-6)
    assert found.interval.high == pytest.approx(min(1.0, other.kappa_upp), abs=1e-6)


@given(tables)
def test_raters_can_be_swapped(table: dict[tuple[int, int], int]) -> None:
    swapped = {(second, first): count for (first, second), count in table.items()}

    one, other = cohen_kappa(table, LEVELS, Weights.LINEAR), cohen_kappa(swapped, LEVELS, Weights.LINEAR)

    assert (one.value is None, one.interval is None) == (other.value is None, other.interval is None)
    if one.value is not None and one.interval and other.interval:
        assert one.value == pytest.approx(other.value)
        assert one.interval.low == pytest.approx(other.interval.low)


def test_one_value_throughout_shows_nothing() -> None:
    assert cohen_kappa({(1, 1): 200}, LEVELS).value is None
    assert krippendorff_alpha([(1, 1)] * 200).value is None
    assert raw_agreement({(1, 1): 200}).value == 1.0


@pytest.mark.parametrize("weights", list(Weights))
@pytest.mark.parametrize("table", [{(1, 0): 1, (3, 0): 1}, {(0, 2): 90, (2, 2): 10}, {(0, 1): 1}])
def test_a_rater_who_gave_one_level_throughout_leaves_no_interval(weights: Weights, table: dict[tuple[int, int], int]) -> None:
    """Kappa is then 0 whatever the other said: an interval without width would claim certainty."""
    found = cohen_kappa(table, LEVELS, weights)

    assert found.value == pytest.approx(0.0)
    assert found.interval is None


def test_nothing_rated_is_no_figure() -> None:
    for found in (cohen_kappa({}, LEVELS), krippendorff_alpha([]), krippendorff_alpha([(1, None), (None, None)]), raw_agreement({})):
        assert (found.value, found.interval, found.items) == (None, None, 0)


def test_full_agreement_of_few_is_no_proof() -> None:
    few, many = cohen_kappa({(0, 0): 3, (1, 1): 2}, LEVELS), cohen_kappa({(0, 0): 300, (1, 1): 200}, LEVELS)
    assert few.value == many.value == 1.0
    assert few.interval is not None
    assert many.interval is not None
    assert few.interval.low < 0.2
    assert 0.98 < many.interval.low < 1.0

    few_items, many_items = krippendorff_alpha([(0, 0)] * 3 + [(1, 1)] * 2), krippendorff_alpha([(0, 0)] * 300 + [(1, 1)] * 200)
    assert few_items.interval is not None
    assert many_items.interval is not None
    assert few_items.interval.low < 0.2
    assert 0.98 < many_items.interval.low < 1.0


def test_one_item_has_a_figure_and_no_interval() -> None:
    found = krippendorff_alpha([(0, 1)])

    assert found.value is not None
    assert found.interval is None


def test_the_interval_of_alpha_is_the_same_each_time() -> None:
    assert krippendorff_alpha(KRIPPENDORFF) == krippendorff_alpha(KRIPPENDORFF)


def test_intervals_of_kappa_and_alpha_hold_the_truth() -> None:
    """Two raters who see the truth with a chance of 0.9 each: of 300 drawn samples of 150 items, nine in ten intervals or more hold the agreement of all."""
    draw = np.random.default_rng(7)
    truth_kappa = _two_raters(draw, 400_000)
    exact = cohen_kappa(Counter(truth_kappa), [0, 1]).value
    assert exact is not None
    held = {"kappa": 0, "alpha": 0}
    for _ in range(300):
        pairs = _two_raters(draw, 150)
        for name, found in (("kappa", cohen_kappa(Counter(pairs), [0, 1])), ("alpha", krippendorff_alpha(pairs))):
            assert found.interval is not None
            held[name] += found.interval.low <= exact <= found.interval.high

    assert min(held.values()) >= 0.91 * 300, held


def _two_raters(draw: np.random.Generator, items: int) -> list[tuple[int, int]]:
    truth = draw.random(items) < 0.3
    first, second = (np.where(draw.random(items) < 0.9, truth, ~truth).astype(int) for _ in range(2))
    return list(zip(first.tolist(), second.tolist(), strict=True))
