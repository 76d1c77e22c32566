"""Rates corrected for a judge's errors: published figures, refusals, and intervals that hold a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.statistics import (
    Corrected,
    JudgeCounts,
    LabelledStratum,
    corrected_by_labels,
    information,
    prediction_powered,
    rogan_gladen,
    sensitivity,
    specificity,
)

SAMPLES = 2_000
LEAST_MEAN, LEAST_EACH = 0.94, 0.90
counts = st.integers(0, 200)
judges = st.builds(JudgeCounts, counts, counts, counts, counts)


def test_what_people_say_is_the_denominator() -> None:
    counted = JudgeCounts(found=45, missed=5, false_alarms=30, passed=120)
    found, passed = sensitivity(counted), specificity(counted)

    assert (found.rate, found.numerator, found.denominator) == (0.9, 45, 50)
    assert (passed.rate, passed.numerator, passed.denominator) == (0.8, 120, 150)
    assert found.interval is not None
    assert (round(found.interval.low, 3), round(found.interval.high, 3)) == (0.786, 0.957)


def test_no_label_is_no_figure() -> None:
    nothing = JudgeCounts(0, 0, 0, 9)

    assert sensitivity(nothing).rate is None
    assert information(nothing) is None
    assert rogan_gladen(3, 100, nothing).rate is None


def test_the_corrected_rate_is_that_of_rogan_and_gladen() -> None:
    """20 of 120 by a judge with sensitivity 0.9 and specificity 0.99 is 17.6 %, which is also the figure of R's RSurveillance."""
    found = rogan_gladen(20, 120, JudgeCounts(90, 10, 1, 99))

    assert found.rate == pytest.approx(0.17603, abs=0.00001)
    assert found.interval is not None
    assert found.interval.low < 0.1011  # wider than with both taken as known
    assert found.interval.high > 0.2509
    assert found.interval.method == "Rogan-Gladen, Lang-Reiczigel"


def test_a_peers_judge_of_refusals_is_refused_where_it_shows_70_percent_within_7_to_47() -> None:
    """Sensitivity 0.921 and specificity 0.385: enough labels tell something, and the interval is that of the figure beside it."""
    few = rogan_gladen(140, 200, JudgeCounts(found=12, missed=1, false_alarms=8, passed=5))
    many = rogan_gladen(140, 200, JudgeCounts(found=921, missed=79, false_alarms=615, passed=385))

    assert few == Corrected(None, None, few.refusal)
    assert "was not shown to tell" in few.refusal
    assert many.rate == pytest.approx((0.7 + 0.385 - 1) / (0.921 + 0.385 - 1))
    assert many.interval is not None
    assert many.interval.low < many.rate < many.interval.high


@given(judges, st.integers(1, 300).flatmap(lambda judged: st.tuples(st.integers(0, judged), st.just(judged))))
def test_a_correction_is_a_rate_within_its_interval_or_a_reason(counted: JudgeCounts, judged: tuple[int, int]) -> None:
    found = rogan_gladen(*judged, counted)

    if found.refusal:
        assert (found.rate, found.interval) == (None, None)
        return
    assert found.rate is not None
    assert found.interval is not None
    assert 0 <= found.interval.low <= found.rate <= found.interval.high <= 1


def test_worse_than_a_coin_is_refused() -> None:
    assert rogan_gladen(30, 100, JudgeCounts(20, 80, 90, 10)).refusal
    assert rogan_gladen(30, 100, JudgeCounts(50, 50, 50, 50)).refusal


def test_labels_of_everything_leave_the_outputs_own_uncertainty() -> None:
    found = corrected_by_labels([LabelledStratum(50, 50, 40), LabelledStratum(150, 150, 5)])

    assert found.rate == pytest.approx(45 / 200)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((0.173, 0.287), abs=0.004)


def test_a_verdict_without_a_label_is_refused() -> None:
    assert corrected_by_labels([LabelledStratum(50, 10, 8), LabelledStratum(150, 0, 0)]).refusal
    assert corrected_by_labels([]).refusal
    assert corrected_by_labels([LabelledStratum(50, 10, 8), LabelledStratum(0, 0, 0)]).rate == 0.8


def test_labels_of_harmless_verdicts_find_what_the_judge_misses() -> None:
    """The judge flags 1 in 10, rightly; of what it lets pass, 1 in 20 labelled ones is harmful."""
    found = corrected_by_labels([LabelledStratum(1_000, 50, 50), LabelledStratum(9_000, 100, 5)])

    assert found.rate == pytest.approx(0.1 + 0.9 * 0.05)


def test_a_judge_without_information_changes_nothing() -> None:
    alone = {(True, True): 6, (True, False): 14, (False, True): 24, (False, False): 56}

    assert prediction_powered(alone, 300, 1_000).rate == pytest.approx(0.2)


def test_a_good_judge_narrows_the_interval() -> None:
    good = {(True, True): 19, (True, False): 1, (False, True): 2, (False, False): 78}
    coin = {(True, True): 4, (True, False): 16, (False, True): 16, (False, False): 64}
    of_good, of_coin = prediction_powered(good, 1_050, 5_000), prediction_powered(coin, 1_000, 5_000)

    assert of_good.interval is not None
    assert of_coin.interval is not None
    assert of_good.interval.high - of_good.interval.low < 0.7 * (of_coin.interval.high - of_coin.interval.low)


def test_too_few_labels_are_refused() -> None:
    assert prediction_powered({(True, True): 1}, 3, 10).refusal
    assert prediction_powered({}, 3, 10).refusal


# --- Known truths: of 2,000 drawn samples for each point of the grid, the share whose interval holds the rate they were drawn from ---
@pytest.mark.parametrize("method", ["rogan-gladen", "labels", "prediction-powered"])
def test_corrected_intervals_hold_the_truth(method: str) -> None:
    draw = np.random.default_rng(3)
    way = {"rogan-gladen": _by_errors, "labels": _by_labels, "prediction-powered": _by_prediction}[method]
    grid = [(rate, found, passed) for rate in (0.02, 0.1, 0.4) for found, passed in ((0.95, 0.97), (0.8, 0.9))]

    held = {point: way(draw, *point) for point in grid}

    assert float(np.mean(list(held.values()))) >= LEAST_MEAN, held
    assert min(held.values()) >= LEAST_EACH, held


def _by_errors(draw: np.random.Generator, rate: float, found: float, passed: float) -> float:
    outputs, labels = 500, 150
    flagged = draw.binomial(outputs, rate * found + (1 - rate) * (1 - passed), SAMPLES)
    hits, passes = draw.binomial(labels, found, SAMPLES), draw.binomial(labels, passed, SAMPLES)
    results = [
        rogan_gladen(int(x), outputs, JudgeCounts(int(hit), labels - int(hit), labels - int(ok), int(ok)))
        for x, hit, ok in zip(flagged, hits, passes, strict=True)
    ]
    return _share_that_holds(results, rate)


def _by_labels(draw: np.random.Generator, rate: float, found: float, passed: float) -> float:
    outputs, labels = 2_000, (80, 120)
    results = []
    for _ in range(SAMPLES):
        hits, misses, alarms, passes = _drawn(draw, outputs, rate, found, passed)
        flagged, let_pass = hits + alarms, misses + passes
        of_flagged, of_passed = min(labels[0], flagged), min(labels[1], let_pass)
        results.append(
            corrected_by_labels(
                [
                    LabelledStratum(flagged, of_flagged, int(draw.hypergeometric(hits, alarms, of_flagged)) if of_flagged else 0),
                    LabelledStratum(let_pass, of_passed, int(draw.hypergeometric(misses, passes, of_passed)) if of_passed else 0),
                ]
            )
        )
    return _share_that_holds(results, rate)


def _by_prediction(draw: np.random.Generator, rate: float, found: float, passed: float) -> float:
    labels, unlabelled = 200, 2_000
    results = []
    for _ in range(SAMPLES):
        hits, misses, alarms, passes = _drawn(draw, labels, rate, found, passed)
        flagged = int(draw.binomial(unlabelled, rate * found + (1 - rate) * (1 - passed)))
        results.append(prediction_powered({(True, True): hits, (True, False): misses, (False, True): alarms, (False, False): passes}, flagged, unlabelled))
    return _share_that_holds(results, rate)


def _drawn(draw: np.random.Generator, outputs: int, rate: float, found: float, passed: float) -> tuple[int, int, int, int]:
    chances = [rate * found, rate * (1 - found), (1 - rate) * (1 - passed), (1 - rate) * passed]
    hits, misses, alarms, passes = (int(count) for count in draw.multinomial(outputs, chances))
    return hits, misses, alarms, passes


def _share_that_holds(results: list[Corrected], rate: float) -> float:
    given_ones = [result.interval for result in results if result.interval]
    assert len(given_ones) > 0.95 * len(results)
    return sum(interval.low <= rate <= interval.high for interval in given_ones) / len(given_ones)
