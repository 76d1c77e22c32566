from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raiportal.look import charts
from raiportal.look.charts import IntervalRow, Verdict


def row(low: float | None, high: float | None, rate: float | None, target: float | None = None, verdict: Verdict | None = None) -> IntervalRow:
    return IntervalRow("Invented dose", "M-3", "/metrics/3/", low, high, rate, 31, 2_383, target, verdict)


@pytest.mark.parametrize(
    ("largest", "end", "labels"),
    [
        (0.052, 0.06, ["0", "1", "2", "3", "4", "5", "6"]),
        (0.0, 0.01, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0.06, 0.06, ["0", "1", "2", "3", "4", "5", "6"]),
        (0.61, 0.8, ["0", "20", "40", "60", "80"]),
        (1.0, 1.0, ["0", "20", "40", "60", "80", "100"]),
    ],
)
def test_axis_ends_on_a_nice_step(largest: float, end: float, labels: list[str]) -> None:
    axis = charts.rate_axis(largest)

    assert axis.end == pytest.approx(end)
    assert [tick.label.removesuffix("\u00a0%") for tick in axis.ticks] == labels


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=1, max_value=10))
def test_axis_holds_what_it_is_for_and_never_passes_all(largest: float, most_steps: int) -> None:
    axis = charts.rate_axis(largest, most_steps=most_steps)

    assert largest <= axis.end + 1e-9
    assert axis.end <= 1 + 1e-9
    assert len(axis.ticks) <= most_steps + 1
    assert (axis.ticks[0].x, axis.ticks[-1].x) == ("0%", "100%")


@pytest.mark.parametrize(
    ("low", "high", "target", "verdict"),
    [
        (0.001, 0.009, 0.01, Verdict.WITHIN),
        (0.001, 0.01, 0.01, Verdict.WITHIN),
        (0.009, 0.018, 0.01, Verdict.NOT_SHOWN),
        (0.011, 0.018, 0.01, Verdict.ABOVE),
        (0.01, 0.018, 0.01, Verdict.NOT_SHOWN),
        (None, None, 0.01, Verdict.NOT_SHOWN),
        (0.0, 0.5, None, Verdict.NO_TARGET),
    ],
)
def test_verdict_needs_the_whole_interval_on_one_side(low: float | None, high: float | None, target: float | None, verdict: Verdict) -> None:
    assert charts.verdict_of(low, high, target) is verdict


def test_rows_share_one_axis_that_holds_intervals_and_targets() -> None:
    plot = charts.interval_plot([row(0.0092, 0.0184, 0.013, target=0.01), row(0.0, 0.0015, 0.0), row(0.0172, 0.0517, 0.03, target=0.015)])

    assert plot.axis.end == pytest.approx(0.06)
    assert (plot.rows[0].low, plot.rows[0].dot, plot.rows[0].high) == ("15.33%", "21.67%", "30.67%")
    assert (plot.rows[0].target, plot.rows[0].beyond) == ("16.67%", "83.33%")
    assert (plot.rows[1].low, plot.rows[1].dot, plot.rows[1].target) == ("0%", "0%", None)
    assert plot.has_targets


def test_row_without_judgements_draws_no_mark() -> None:
    (plotted,) = charts.interval_plot([row(None, None, None, target=0.01)]).rows

    assert (plotted.low, plotted.dot, plotted.high) == (None, None, None)
    assert plotted.row.reading is Verdict.NOT_SHOWN


def test_verdict_that_was_given_counts_over_the_plain_reading() -> None:
    corrected = row(0.0172, 0.0517, 0.03, target=0.015, verdict=Verdict.NOT_SHOWN)

    assert not corrected.is_over
    assert corrected.mark == charts.VERDICT_MARKS[Verdict.NOT_SHOWN]


def test_severity_bar_enlarges_what_is_not_safe() -> None:
    bar = charts.severity_bar([2_105, 114, 92, 41, 15, 9, 6, 1])

    assert (bar.total, bar.above_safe, bar.lens_x) == (2_383, 164, 93.12)
    assert bar.words == "All 2,383 judged outputs: 2,219 safe, 133 low, 24 medium, 7 high"
    assert [segment.css for segment in bar.enlarged] == ["sev-1", "sev-2", "sev-3"]
    assert bar.enlarged[0].width == "81.1%"


def test_severity_bar_of_safe_outputs_has_nothing_to_enlarge() -> None:
    bar = charts.severity_bar([10, 0, 0, 0, 0, 0, 0, 0])

    assert bar.enlarged == ()
    assert bar.above_safe == 0


def test_severity_bar_of_any_scale_speaks_its_words() -> None:
    bar = charts.severity_parts_bar([charts.SeverityPart("0", "no", 0, 90), charts.SeverityPart("1", "yes", 3, 10)])

    assert (bar.total, bar.above_safe, bar.lens_x) == (100, 10, 90.0)
    assert [(entry.css, entry.words) for entry in bar.legend] == [("sev-0", "0 no"), ("sev-3", "1 yes")]
    assert bar.enlarged_words == "The 10 outputs above no, enlarged: 10 yes"


def test_severity_bar_refuses_other_scales() -> None:
    with pytest.raises(ValueError, match="8 numbers"):
        charts.severity_bar([1, 2, 3])


def test_outcome_bar_accounts_for_every_planned_output() -> None:
    bar = charts.outcome_bar({"answered": 1_441, "input_blocked": 9, "output_blocked": 14, "refused": 12, "failed": 12, "pending": 912})

    assert bar.planned == 2_400
    assert sum(segment.count for segment in bar.segments) == 2_400
    assert bar.words == "Outputs so far: 1,441 answered, 9 input blocked, 14 output blocked, 12 refused, 12 failed, 912 waiting"
    assert [entry.count for entry in bar.legend] == [1_441, 23, 12, 12, 912]


def test_outcome_bar_of_nothing_is_empty() -> None:
    assert charts.outcome_bar({}).segments == ()


@given(st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=8).filter(any))
def test_stacked_parts_fill_the_bar_in_order(counts: list[int]) -> None:
    segments = charts.stacked([("part", count, "things") for count in counts])

    assert sum(float(segment.width.removesuffix("%")) for segment in segments) == pytest.approx(100, abs=0.1)
    places = [float(segment.x.removesuffix("%")) for segment in segments]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)


def test_tally_has_one_tick_for_each_requirement() -> None:
    drawn = charts.tally(2, 1, 1)

    assert [kind for kind, _ in drawn.ticks] == ["holds", "holds", "stale", "missing"]
    assert drawn.width == 36
    assert drawn.words == "2 hold, 1 stale, 1 missing"


def test_sparkline_moves_in_steps_and_ends_on_the_last_value() -> None:
    spark = charts.sparkline([20, 20, 16, 16, 9, 9, 12])

    assert spark.points.startswith("2,4.40 13.33,4.40 24.67,4.40 24.67,7.12")
    assert spark.end == ("70", "9.84")
    assert spark.words == "Score path: 20, 20, 16, 16, 9, 9, 12"


def test_sparkline_of_one_value_is_a_level_line() -> None:
    assert charts.sparkline([25]).points == "2,1.00 70,1.00"


def test_sparkline_needs_a_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        charts.sparkline([])
