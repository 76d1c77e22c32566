"""Estimates as pages and the API show them: of each metric the whole run first, then its strata by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from measurements.models import Estimate, Run


def estimates_of(run: Run) -> list[Estimate]:
    """Of each metric the estimates of its newest completed judging, with metric and judge, in one query; of several scoring versions the newest."""
    return estimates_by_run([run])[run.pk]


def earlier_estimates_of(run: Run) -> list[Estimate]:
    """What earlier judgings, or an earlier way of scoring, made of the same run: the newest first, in one query."""
    rows = list(_of([run]))
    newest = {row.pk for row in _newest(rows)}
    earlier = [row for row in rows if row.pk not in newest]
    return sorted(earlier, key=lambda row: (row.metric_version.metric_id, -row.judging.number, -row.scoring_version, row.stratum))


def estimates_by_run(runs: Iterable[Run]) -> dict[int, list[Estimate]]:
    """The estimates of many runs, each as in `estimates_of`, in one query."""
    return _by_run(runs, _of(runs))


def whole_runs(runs: Iterable[Run]) -> dict[int, list[Estimate]]:
    """The estimates over everything (no strata) of many runs, by run id, in one query."""
    return _by_run(runs, _of(runs).filter(stratum=""))


def _of(runs: Iterable[Run]) -> QuerySet[Estimate]:
    """A judging has estimates once it is completed."""
    return Estimate.objects.filter(run__in=[run.pk for run in runs]).select_related("metric_version__metric", "judge_version__judge", "judging")


def _by_run(runs: Iterable[Run], rows: Iterable[Estimate]) -> dict[int, list[Estimate]]:
    found: dict[int, list[Estimate]] = {run.pk: [] for run in runs}
    for row in rows:
        found[row.run_id].append(row)
    return {pk: _newest(of_run) for pk, of_run in found.items()}


def _newest(rows: Iterable[Estimate]) -> list[Estimate]:
    """Of one run's estimates those of each metric's newest judging, by metric and stratum."""
    last: dict[int, tuple[int, int]] = {}
    rows = list(rows)
    for row in rows:
        last[row.metric_version.metric_id] = max(last.get(row.metric_version.metric_id, (0, 0)), _age(row))
    return sorted((row for row in rows if _age(row) == last[row.metric_version.metric_id]), key=lambda row: (row.metric_version.metric_id, row.stratum))


def _age(row: Estimate) -> tuple[int, int]:
    return row.judging.number, row.scoring_version


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
        "judging": estimate.judging_id,
        "checked_against_people": False,  # nobody can label outputs in this release, so no judge has been checked
        "is_conclusive": estimate.is_conclusive,
    }
