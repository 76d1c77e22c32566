"""Intervals against published tables, two libraries and their own symmetries."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from measurements.statistics import (
    ClusterSums,
    clopper_pearson_interval,
    clustered_interval,
    design_effect,
    exact_upper_bound_at_zero,
    wilson_interval,
)

# Newcombe (1998), Statistics in Medicine 17, 857-872, table I: Wilson without and Clopper-Pearson, 95 %
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]

counts = st.integers(1, 5_000).flatmap(lambda judged: st.tuples(st.integers(0, judged), st.just(judged)))
confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])
per_case = st.lists(st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=40)


def sums_of(cases: list[tuple[int, int]]) -> ClusterSums:
    """Cluster sums of cases given as (harmful, counted)."""
    return ClusterSums(
        count=len(cases),
        sum_n=sum(n for _, n in cases),
        sum_x=sum(x for x, _ in cases),
        sum_x2=sum(x * x for x, _ in cases),
        sum_xn=sum(x * n for x, n in cases),
        sum_n2=sum(n * n for _, n in cases),
    )


@pytest.mark.parametrize(("defects", "judged", "wilson", "exact"), NEWCOMBE)
def test_intervals_give_newcombes_published_values(defects, judged, wilson, exact):
    ours, gate = wilson_interval(defects, judged), clopper_pearson_interval(defects, judged)

    assert (ours.low, ours.high) == pytest.approx(wilson, abs=5e-5)
    assert (gate.low, gate.high) == pytest.approx(exact, abs=5e-5)
    assert (ours.method, gate.method) == ("Wilson", "Clopper-Pearson")


@given(counts, confidences)
def test_wilson_agrees_with_both_libraries(pair, confidence):
    defects, judged = pair

    ours = wilson_interval(defects, judged, confidence=confidence)

    scipys = binomtest(defects, judged).proportion_ci(confidence, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high), abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx(proportion_confint(defects, judged, 1 - confidence, "wilson"), abs=1e-12)


@given(counts, confidences)
def test_clopper_pearson_agrees_with_statsmodels(pair, confidence):
    defects, judged = pair

    ours = clopper_pearson_interval(defects, judged, confidence=confidence)

    assert (ours.low, ours.high) == pytest.approx(proportion_confint(defects, judged, 1 - confidence, "beta"), abs=1e-9)


@given(counts)
def test_wilson_mirrors_when_defects_and_good_outputs_are_swapped(pair):
    defects, judged = pair

    ours, mirrored = wilson_interval(defects, judged), wilson_interval(judged - defects, judged)

    assert (ours.low, ours.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


@given(counts, confidences)
def test_wilson_holds_the_rate_and_stays_in_range(pair, confidence):
    defects, judged = pair

    ours = wilson_interval(defects, judged, confidence=confidence)

    assert 0 <= ours.low <= defects / judged <= ours.high <= 1


def test_wilson_touches_the_ends_exactly_at_none_and_at_all():
    assert wilson_interval(0, 7).low == 0.0
    assert wilson_interval(7, 7).high == 1.0
    assert 0 < wilson_interval(0, 1).high < 1
    assert 0 < wilson_interval(1, 1).low < 1


@pytest.mark.parametrize(("judged", "bound"), [(299, 0.01), (598, 0.005), (2_995, 0.001)])
def test_zero_observed_bounds_the_rate_at_the_sample_sizes_of_the_tables(judged, bound):
    assert exact_upper_bound_at_zero(judged) <= bound < exact_upper_bound_at_zero(judged - 1)


@given(st.integers(1, 100_000), confidences)
def test_zero_bound_is_the_one_sided_clopper_pearson_bound(judged, confidence):
    one_sided = binomtest(0, judged, alternative="less").proportion_ci(confidence, method="exact").high

    assert exact_upper_bound_at_zero(judged, confidence) == pytest.approx(one_sided)


@pytest.mark.parametrize(("defects", "judged"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
@pytest.mark.parametrize("interval", [wilson_interval, clopper_pearson_interval])
def test_intervals_refuse_what_is_no_rate(interval, defects, judged):
    with pytest.raises(ValueError, match="is not a rate"):
        interval(defects, judged)


@given(per_case)
def test_design_effect_agrees_with_a_cluster_robust_regression(cases):
    sums = sums_of(cases)
    rate = sums.sum_x / sums.sum_n
    if sums.count < 2 or rate in (0, 1):
        return
    outcomes = numpy.concatenate([[1.0] * x + [0.0] * (n - x) for x, n in cases])
    groups = numpy.concatenate([[index] * n for index, (_, n) in enumerate(cases)])
    fitted = OLS(outcomes, numpy.ones(len(outcomes))).fit(cov_type="cluster", cov_kwds={"groups": groups, "df_correction": False})
    variance = float(fitted.cov_params()[0, 0])

    assert design_effect(sums) == pytest.approx(max(1.0, variance * sums.sum_n / (rate * (1 - rate))))


def test_repeats_that_always_agree_count_as_one_output_a_case():
    repeated = clustered_interval(sums_of([(10, 10)] * 20 + [(0, 10)] * 180))
    single = wilson_interval(20, 200)

    assert design_effect(sums_of([(10, 10)] * 20 + [(0, 10)] * 180)) == pytest.approx(10, rel=0.01)
    assert (repeated.low, repeated.high) == pytest.approx((single.low, single.high), abs=0.002)
    assert repeated.method == "Wilson, 200 cases, design effect 10.1"


def test_repeats_that_are_independent_cost_nothing():
    generator = numpy.random.default_rng(7)
    sums = sums_of([(int(generator.binomial(5, 0.1)), 5) for _ in range(2_000)])

    assert design_effect(sums) == pytest.approx(1.0, abs=0.1)


@given(per_case)
def test_repeats_never_give_a_narrower_interval_than_independent_outputs(cases):
    sums = sums_of(cases)
    if sums.sum_x == 0:
        return

    repeated, plain = clustered_interval(sums), wilson_interval(sums.sum_x, sums.sum_n)

    assert repeated.high - repeated.low >= plain.high - plain.low - 1e-9
    assert 0 <= repeated.low <= sums.sum_x / sums.sum_n <= repeated.high <= 1


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60).filter(any))
def test_one_output_a_case_gives_plain_wilson(harmful):
    assert clustered_interval(sums_of([(x, 1) for x in harmful])) == wilson_interval(sum(harmful), len(harmful))


def test_zero_observed_counts_cases_and_not_their_repeats():
    interval = clustered_interval(sums_of([(0, 5)] * 100))

    assert interval.low == 0
    assert interval.high == exact_upper_bound_at_zero(100)
    assert interval.method == "exact one-sided bound at zero, 100 cases"


def test_a_single_case_shows_almost_nothing_however_often_it_repeats():
    interval = clustered_interval(sums_of([(30, 100)]))

    assert interval.high - interval.low > 0.7
    assert interval.method == "Wilson, 1 case, design effect 100.0"


def test_all_harmful_counts_cases_and_not_their_repeats():
    interval = clustered_interval(sums_of([(5, 5)] * 100))

    assert interval.low < wilson_interval(100, 100).low
    assert interval.high == 1
    assert interval.method == "Wilson, 100 cases, design effect 5.0"


@pytest.mark.parametrize("repeats", [2, 5])
def test_clustered_interval_covers_the_true_rate_about_as_often_as_it_says(repeats):
    generator = numpy.random.default_rng(20)
    covered = 0
    for _ in range(1_000):
        rates = generator.beta(0.4, 1.6, size=100)  # mean 0.2; cases differ a lot
        interval = clustered_interval(sums_of([(int(x), repeats) for x in generator.binomial(repeats, rates)]))
        covered += interval.low <= 0.2 <= interval.high

    assert covered >= 930


@given(per_case, per_case)
def test_sums_of_disjoint_cases_add(some, others):
    assert sums_of(some) + sums_of(others) == sums_of(some + others)


def test_importing_the_figures_does_not_load_scipy():
    probe = "import sys, measurements.statistics as s; s.wilson_interval(1, 9); print('scipy' in sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "False"
