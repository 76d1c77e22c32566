"""Estimates as pages and the API show them: of each metric the whole run first, then its strata by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from measurements.models import Estimate, Run


def estimates_of(run: Run) -> list[Estimate]:
    """The estimates of a run with their metric and judge, in one query; of several scoring versions the newest."""
    rows = Estimate.objects.filter(run=run).select_related("metric_version__metric", "judge_version__judge")
    newest: dict[tuple[int, int, str], Estimate] = {}
    for row in rows.order_by("scoring_version"):
        newest[(row.metric_version_id, row.judge_version_id, row.stratum)] = row
    return [newest[key] for key in sorted(newest)]


def whole_runs(runs: Iterable[Run]) -> dict[int, list[Estimate]]:
    """The estimates over everything (no strata) of many runs, by run id, in one query."""
    found: dict[int, list[Estimate]] = {run.pk: [] for run in runs}
    rows = Estimate.objects.filter(run__in=list(found), stratum="").select_related("metric_version__metric", "judge_version__judge")
    for row in rows.order_by("run_id", "metric_version_id", "judge_version_id", "scoring_version"):
        found[row.run_id].append(row)
    return found


def as_plain(estimate: Estimate) -> dict[str, Any]:
    """One estimate in the API's words."""
    return {
        "metric": estimate.metric_version.metric_id,
        "metric_version": estimate.metric_version_id,
        "metric_name": estimate.metric_version.metric.name,
        "stratum": estimate.stratum,
        "numerator": estimate.numerator,
        "denominator": estimate.denominator,
        "rate": estimate.rate,
        "low": estimate.low,
        "high": estimate.high,
        "method": estimate.method,
        "unjudged": estimate.unjudged,
        "excluded": estimate.excluded,
        "among_answered": estimate.among_answered,
        "worst_high": estimate.worst["high"],
        "severity_counts": estimate.severity_counts,
        "judge_version": estimate.judge_version_id,
        "checked_against_people": False,  # nobody can label outputs in this release, so no judge has been checked
        "is_conclusive": estimate.is_conclusive,
    }
