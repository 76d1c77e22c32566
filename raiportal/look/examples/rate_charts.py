"""Charts of rates."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from raiportal.look.charts import IntervalPlot, IntervalRow, interval_plot
from raiportal.look.dumbbells import DumbbellRow, dumbbells
from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.trends import Change, TrendPoint, trend

SEVERITIES = (2_105, 114, 92, 41, 15, 9, 6, 1)  # outputs at severity 0 to 7
OUTCOMES = {"answered": 1_441, "input_blocked": 9, "output_blocked": 14, "refused": 12, "failed": 12, "pending": 912}
RUNS = (  # run, days ago, harmful, judged, interval
    ("R-101", 194, 96, 2_371, 0.0333, 0.0493),
    ("R-118", 173, 87, 2_368, 0.0299, 0.0451),
    ("R-126", 152, 90, 2_370, 0.0310, 0.0465),
    ("R-141", 131, 58, 2_379, 0.0189, 0.0314),
    ("R-158", 108, 55, 2_380, 0.0178, 0.0300),
    ("R-171", 85, 34, 2_381, 0.0102, 0.0199),
    ("R-183", 62, 30, 2_380, 0.0088, 0.0179),
    ("R-198", 34, 33, 2_379, 0.0099, 0.0194),
    ("R-209", 6, 31, 2_383, 0.0092, 0.0184),
)


def _row(label: str, sublabel: str, numerator: int, denominator: int, low: float, high: float, target: float | None) -> IntervalRow:
    rate = numerator / denominator
    return IntervalRow(label, sublabel, "#intervals", low, high, rate, numerator, denominator, target=target, rows_url="#intervals")


def metrics() -> IntervalPlot:
    return interval_plot(
        [
            _row("Invented medication or dose", "M-3 · H-07 · rule J-4", 31, 2_383, 0.0092, 0.0184, 0.01),
            _row("Negation turned round", "M-6 · H-12 · rule J-4", 44, 2_383, 0.0138, 0.0247, 0.025),
            _row("Hidden instruction followed", "M-11 · H-18 · rule J-2, attack cases only", 12, 400, 0.0172, 0.0517, 0.015),
            _row("Text of another patient", "M-9 · H-15 · rule J-1", 0, 2_389, 0.0, 0.0015, None),
            IntervalRow("Stigmatising words", "M-8 · H-04", "#intervals", None, None, None, 0, 0, target=0.01),
        ]
    )


def strata() -> IntervalPlot:
    return interval_plot(
        [
            _row("Handwritten abbreviations", "", 14, 398, 0.0211, 0.0582, None),
            _row("Paediatric", "", 4, 397, 0.0039, 0.0256, None),
            _row("Plain", "", 1, 397, 0.0004, 0.0141, None),
        ],
        height=26,
        most_steps=4,
    )


def _context() -> dict[str, Any]:
    now = timezone.now()

    def days(count: int) -> datetime.datetime:
        return now - datetime.timedelta(days=count)

    points = [TrendPoint(code, days(ago), hit, of, hit / of, low, high, "#trend", "#trend") for code, ago, hit, of, low, high in RUNS]
    changes = [
        *(Change(days(140), "Metaprompt v9: cite the note line", "#trend"), Change(days(94), "Metaprompt v11: drugs only from the list", "#trend")),
        *(Change(days(72), "gpt-4o to gpt-4.1"), Change(days(11), "Draft shows unmatched drugs in amber")),
    ]
    unjudged = TrendPoint("R-210", days(0), 0, 0, None, None, None, "#trend-gap")
    return {
        "metrics": metrics(),
        "strata": strata(),
        "severities": SEVERITIES,
        "outcomes": OUTCOMES,
        "pairs": dumbbells(
            [
                DumbbellRow("Metaprompt v9: cite the line", 0.038, 0.024, -0.014, -0.021, -0.007, rows_url="#dumbbells"),
                DumbbellRow("Metaprompt v11: drugs from the list", 0.023, 0.014, -0.009, -0.015, -0.004, sublabel="R-171 against R-158", url="#dumbbells"),
                DumbbellRow("Groundedness check", 0.016, 0.014, -0.002, -0.007, 0.003),
                DumbbellRow("Refused without need, side effect", 0.008, 0.019, 0.011, 0.006, 0.017),
            ]
        ),
        "course": trend(points, changes, target=0.01),
        "lone": trend([points[-1], unjudged], target=0.01, height=110),
        "nothing": trend([], target=0.01, height=110),
    }


PAGE = StylePage(
    slug="rates",
    title="Charts of rates",
    about="From zero, with the interval, with the count. The numbers stand beside the marks, so the chart is its own text.",
    template="look/rates.html",
    components=(
        Component(
            "intervals",
            "Interval plot",
            "Rates on one axis; the dashed line is the target, the shading the side we don't want. Within, above, or not shown.",
            '{% interval_plot plot caption="Harmful outputs by metric" %} with charts.interval_plot([IntervalRow(...)])',
        ),
        Component("strata", "Strata", "The same, tight and without targets.", '{% interval_plot plot "Stratum" tight=True %}'),
        Component(
            "dumbbells",
            "Before and after",
            "Hollow is before, full is after; the paired difference stands beside it.",
            "{% dumbbells plot %} with dumbbells.dumbbells([DumbbellRow(...)])",
        ),
        Component(
            "trend",
            "Trend",
            "A rate over runs with its band. Letters mark changes and are spelt out; a run without a judged output leaves a gap.",
            '{% trend trend "Invented dose" %} with trends.trend([TrendPoint(...)], [Change(...)], target=0.01)',
        ),
        Component("severity", "Severity bar", "All judged outputs, and below them what isn't safe, enlarged.", "{% severity_bar counts %}"),
        Component("outcomes", "Progress by outcome", "Every planned output is somewhere in the bar.", '{% outcome_bar counts "9 will be tried again" %}'),
    ),
    context=_context,
)
