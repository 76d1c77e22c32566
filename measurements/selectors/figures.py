"""A stored estimate as the statistics know it, so that pages state it in the same words wherever it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measurements import statistics
from measurements.enums import Outcome
from measurements.models import Estimate, Run

CONFIDENCE = 0.95  # of every interval that is stored


def of_row(row: Estimate, run: Run) -> statistics.Estimate:
    """Nothing is worked out anew: rates, bounds and methods are those that were stored."""
    counts: Mapping[str, int] = row.counts
    failed = sum(row.excluded.values())
    ended = row.denominator + row.unjudged + failed
    planned = ended if row.stratum else run.planned_count
    return statistics.Estimate(
        planned=planned,
        pending=planned - ended,
        blocked=counts.get(Outcome.INPUT_BLOCKED, 0) + counts.get(Outcome.OUTPUT_BLOCKED, 0),
        refused=counts.get(Outcome.REFUSED, 0),
        unjudged=row.unjudged,
        excluded=row.excluded,
        judged=_rate({"numerator": row.numerator, "denominator": row.denominator, "rate": row.rate, "low": row.low, "high": row.high, "method": row.method}),
        among_answered=_rate(row.among_answered),
        worst_case=_rate(row.worst),
        severity_counts={int(level): count for level, count in row.severity_counts.items()},
        confidence=CONFIDENCE,
        error_budget=run.error_budget_rate,
    )


def _rate(stored: Mapping[str, Any]) -> statistics.Rate:
    if stored["rate"] is None:
        return statistics.Rate(stored["numerator"], stored["denominator"], None, None)
    interval = statistics.Interval(stored["low"], stored["high"], stored["method"])
    return statistics.Rate(stored["numerator"], stored["denominator"], stored["rate"], interval)
