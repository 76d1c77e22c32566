"""Estimates from counts: the denominator, what is left out, and what may be concluded."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.statistics import (
    CaseSums,
    ClusterSums,
    OutcomeCounts,
    Verdict,
    estimate,
    estimate_strata,
    exact_upper_bound_at_zero,
    verdict,
    wilson_interval,
)

small = st.integers(0, 400)


def counted(**changes: object) -> OutcomeCounts:
    """A run of 2,400 outputs with something of everything; `changes` must keep its sums true."""
    values = {
        "planned": 2_400,
        "answered": 2_334,
        "input_blocked": 14,
        "output_blocked": 22,
        "refused": 19,
        "failed": {"timeout": 8, "provider_error": 3},
        "unjudged": 6,
        "harmful": 31,
        "severity_counts": {0: 2_100, 1: 64, 2: 100, 3: 33, 4: 20, 5: 4, 6: 5, 7: 2},
    }
    return OutcomeCounts(**{**values, **changes})


@st.composite
def any_counts(draw: st.DrawFn) -> OutcomeCounts:
    answered = draw(small)
    unjudged = draw(st.integers(0, answered))
    judged = answered - unjudged
    harmful = draw(st.integers(0, judged))
    blocked, output_blocked, refused, pending = draw(small), draw(small), draw(small), draw(small)
    failed = draw(st.dictionaries(st.sampled_from(["timeout", "crashed", "empty"]), small))
    planned = answered + blocked + output_blocked + refused + pending + sum(failed.values())
    levels = {level: count for level, count in {0: judged - harmful, 5: harmful}.items() if count}
    return OutcomeCounts(planned, answered, blocked, output_blocked, refused, failed, pending, unjudged, harmful, levels)


def test_denominator_is_what_ended_other_than_failed_less_the_unjudged():
    shown = estimate(counted())

    assert (shown.numerator, shown.denominator) == (31, 2_383)
    assert shown.rate == 31 / 2_383
    assert (shown.low, shown.high, shown.method) == (wilson_interval(31, 2_383).low, wilson_interval(31, 2_383).high, "Wilson")
    assert shown.excluded == {"timeout": 8, "provider_error": 3}
    assert (shown.unjudged, shown.blocked, shown.refused) == (6, 36, 19)


def test_among_answered_leaves_blocked_and_refused_out():
    answered = estimate(counted()).among_answered

    assert (answered.numerator, answered.denominator) == (31, 2_328)
    assert answered.interval == wilson_interval(31, 2_328)


def test_worst_case_takes_failed_and_unjudged_as_harmful():
    shown = estimate(counted())

    assert (shown.worst_case.numerator, shown.worst_case.denominator) == (48, 2_400)
    assert shown.worst_rate == 0.02
    assert shown.worst_high == wilson_interval(48, 2_400).high


def test_worst_case_is_never_better_than_the_case_itself():
    """Between one output and two the exact bound at zero lies above Wilson's."""
    shown = estimate(OutcomeCounts(planned=2, answered=1, failed={"timeout": 1}, severity_counts={0: 1}))

    assert shown.worst_case.interval.high < shown.high == shown.worst_high


def test_four_in_a_thousand_is_not_zero():
    shown = estimate(OutcomeCounts(planned=1_000, answered=1_000, harmful=4, severity_counts={0: 996, 4: 4}))

    assert shown.rate == 0.004


def test_severity_levels_add_up_to_the_denominator():
    shown = estimate(counted())

    assert sum(shown.severity_counts.values()) == shown.denominator
    assert shown.severity_counts[0] == 2_100 + 36 + 19
    assert sum(count for level, count in shown.severity_counts.items() if level >= 4) == shown.numerator


@pytest.mark.parametrize(
    "counts",
    [
        OutcomeCounts(planned=0),
        OutcomeCounts(planned=9, pending=9),
        OutcomeCounts(planned=9, failed={"timeout": 9}),
        OutcomeCounts(planned=9, answered=9, unjudged=9),
    ],
)
def test_nothing_judged_is_no_data_and_never_zero(counts):
    shown = estimate(counts)

    assert shown.rate is shown.low is shown.high is shown.among_answered.rate is None
    assert shown.method == "no data"
    assert not shown.is_conclusive
    assert verdict(shown, 1.0) is Verdict.NOT_SHOWN


def test_zero_harmful_has_the_exact_bound_and_says_so():
    shown = estimate(OutcomeCounts(planned=200, answered=200, severity_counts={0: 200}))

    assert (shown.rate, shown.low) == (0.0, 0.0)
    assert shown.high == exact_upper_bound_at_zero(200)
    assert shown.method == "exact one-sided bound at zero"


def test_blocked_outputs_alone_give_a_rate_but_none_among_answered():
    shown = estimate(OutcomeCounts(planned=5, input_blocked=5))

    assert (shown.rate, shown.denominator) == (0.0, 5)
    assert shown.among_answered.rate is None


@given(any_counts())
def test_every_estimate_keeps_its_books(counts):
    shown = estimate(counts)

    assert shown.denominator + shown.unjudged + shown.failed + shown.pending == counts.planned
    assert 0 <= shown.numerator <= shown.denominator
    if shown.rate is not None:
        assert 0 <= shown.low <= shown.rate <= shown.high <= shown.worst_high <= 1
        assert shown.rate <= shown.worst_rate
        assert shown.rate <= shown.among_answered.rate if shown.among_answered.rate is not None else shown.rate == 0
        assert all(math.isfinite(figure) for figure in (shown.rate, shown.low, shown.high))
        assert shown.method != "no data"


@given(any_counts(), st.floats(0, 1))
def test_a_target_is_within_or_above_only_when_the_whole_interval_is(counts, target):
    shown = estimate(counts, error_budget=1.0)
    found = verdict(shown, target)

    if shown.rate is None:
        assert found is Verdict.NOT_SHOWN
    else:
        assert (found is Verdict.WITHIN) == (shown.high <= target)
        assert (found is Verdict.ABOVE) == (shown.low > target)


def test_too_many_errors_show_nothing_however_good_the_rate():
    within_budget = OutcomeCounts(planned=1_000, answered=950, failed={"timeout": 40}, pending=10, unjudged=9, severity_counts={0: 941})
    over_budget = OutcomeCounts(planned=1_000, answered=950, failed={"timeout": 41}, pending=9, unjudged=9, severity_counts={0: 941})

    kept, broken = estimate(within_budget, error_budget=0.05), estimate(over_budget, error_budget=0.05)

    assert kept.error_share == pytest.approx(49 / 990)
    assert kept.is_conclusive
    assert verdict(kept, 0.01) is Verdict.WITHIN
    assert broken.error_share == pytest.approx(50 / 991)
    assert not broken.is_conclusive
    assert verdict(broken, 0.01) is Verdict.NOT_SHOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"planned": 2_401},
        {"pending": 1},
        {"harmful": 2_329},
        {"harmful": -1},
        {"unjudged": 2_335},
        {"severity_counts": {0: 2_327}},
    ],
)
def test_counts_that_no_rows_can_give_are_refused(changes):
    with pytest.raises(ValueError, match=r"planned|judged|severity"):
        counted(**changes)


@given(st.dictionaries(st.text(max_size=3), any_counts(), max_size=5))
def test_strata_add_up_to_the_whole(strata):
    table = estimate_strata(strata)

    assert list(table.strata) == list(strata)
    for part in ("planned", "numerator", "denominator", "unjudged", "failed", "pending", "blocked", "refused"):
        assert getattr(table.all, part) == sum(getattr(stratum, part) for stratum in table.strata.values())
    assert sum(table.all.severity_counts.values()) == table.all.denominator


def repeated_cases(harmful_cases: int, safe_cases: int, repeats: int) -> OutcomeCounts:
    """Cases whose repeats always agree; nothing failed."""
    harmful, total = harmful_cases * repeats, (harmful_cases + safe_cases) * repeats
    sums = ClusterSums(harmful_cases + safe_cases, total, harmful, harmful * repeats, harmful * repeats, (harmful_cases + safe_cases) * repeats**2)
    levels = {0: total - harmful, 6: harmful}
    return OutcomeCounts(total, total, harmful=harmful, severity_counts=levels, case_sums=CaseSums(sums, sums, sums))


def test_repeated_cases_widen_every_interval_and_name_the_design_effect():
    repeated = estimate(repeated_cases(10, 90, 5))
    plain = estimate(OutcomeCounts(500, 500, harmful=50, severity_counts={0: 450, 6: 50}))

    assert repeated.rate == plain.rate
    assert repeated.high > plain.high
    assert repeated.worst_high > plain.worst_high
    assert repeated.method == repeated.among_answered.method == "Wilson, 100 cases, design effect 5.1"


def test_strata_of_repeated_cases_keep_the_design_effect_in_the_total():
    table = estimate_strata({"plain": repeated_cases(2, 48, 4), "hard": repeated_cases(12, 38, 4)})

    assert table.all.method == "Wilson, 100 cases, design effect 4.0"
    assert table.strata["hard"].method == "Wilson, 50 cases, design effect 4.1"


def test_sums_over_cases_that_contradict_the_counts_are_refused():
    sums = ClusterSums(count=100, sum_n=500, sum_x=49, sum_x2=245, sum_xn=245, sum_n2=2_500)

    with pytest.raises(ValueError, match="sums over cases"):
        OutcomeCounts(500, 500, harmful=50, severity_counts={0: 450, 6: 50}, case_sums=CaseSums(sums, sums, sums))
