"""Upgrading an installation that holds runs and estimates: every estimate gets the judging that it came from, and nothing else changes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.upgrading import migrate, scratch

__all__ = ["scratch"]  # a fixture
pytestmark = pytest.mark.usefixtures("scratch")

BEFORE = (("measurements", "0004_keep_the_mix_of_versions"), ("systems", "0002_freeze_versions"))
AFTER = ("measurements", "0007_require_judging_of_estimates")
FINISHED = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
SHAPE = {"numerator": 1, "denominator": 4, "rate": 0.25, "low": 0.05, "high": 0.7, "method": "Wilson", "unjudged": 0, "scoring_version": 1}
PLAIN = {"excluded": {}, "counts": {}, "among_answered": {}, "worst": {}, "severity_counts": {}, "is_conclusive": True}


def fill(apps: Any) -> dict[str, Any]:
    """What a portal of the release before holds: a run judged by two metrics with a stratum, one not judged yet, and a cancelled one."""

    def add(kind: str, /, **fields: Any) -> Any:
        return apps.get_model(kind).objects.create(**fields)

    person = add("accounts.User", username="ada", name="Ada")
    scope = add("accounts.Scope", name="Helper", slug="helper")
    system = add("systems.AISystem", scope=scope, purpose="Helps.", created_by=person)
    by = {"created_by": person}
    deployment = add("systems.Deployment", system=system, name="small", base_url="http://127.0.0.1:9/v1", model="small", **by)
    configuration = add("systems.Configuration", system=system, deployment=deployment, snapshot={}, digest="0" * 64, **by)
    measured = add("measurements.MeasurementSet", system=system, name="Knots", sampling="targeted", **by)
    version = add("measurements.MeasurementSetVersion", measurement_set=measured, number=1, case_count=4, added_count=4, digest="1" * 64, **by)
    metrics = []
    for number in range(2):
        judge = add("measurements.Judge", system=system, kind="rule", name=f"Rules {number}", **by)
        judge_version = add("measurements.JudgeVersion", judge=judge, number=1, spec={"patterns": []}, digest="2" * 64, **by)
        metric = add("measurements.Metric", system=system, name=f"Metric {number}", **by)
        metrics.append(add("measurements.MetricVersion", metric=metric, number=1, definition="Says how.", threshold=4, judge_version=judge_version, **by))
    runs = [
        add("measurements.Run", system=system, configuration=configuration, set_version=version, planned_count=4, snapshot={}, max_concurrency=8, **kept, **by)
        for kept in (
            {"state": "completed", "finished_at": FINISHED, "judged_at": FINISHED},
            {"state": "completed", "finished_at": FINISHED},
            {"state": "cancelled", "finished_at": FINISHED},
        )
    ]
    for run in runs:
        add("measurements.Lease", run=run, number=0, first_item=0, item_count=4, is_done=True, answered=4)
    add("measurements.Attempt", run=runs[0], item=3, count=1)
    for metric in metrics:
        for stratum in ("", "a"):
            known = {"run": runs[0], "metric_version": metric, "judge_version": metric.judge_version}
            add("measurements.Estimate", stratum=stratum, **known, **SHAPE, **PLAIN)
    return {"runs": [run.pk for run in runs], "metrics": [metric.pk for metric in metrics], "person": person.pk}


def test_upgrade_gives_every_estimate_its_judging_and_can_be_taken_back() -> None:
    held = fill(migrate(*BEFORE))

    apps = migrate(AFTER)

    judgings = list(apps.get_model("measurements.Judging").objects.order_by("number"))
    estimates = apps.get_model("measurements.Estimate").objects
    assert [(row.run_id, row.metric_version_id, row.number) for row in judgings] == [
        (held["runs"][0], pk, 1 + place) for place, pk in enumerate(held["metrics"])
    ]
    assert {(row.state, row.is_planned, row.created_by_id, row.finished_at) for row in judgings} == {("completed", True, held["person"], FINISHED)}
    assert {(row.judging_id, row.metric_version_id, row.stratum) for row in estimates.all()} == {
        (row.pk, row.metric_version_id, stratum) for row in judgings for stratum in ("", "a")
    }
    assert {(row.numerator, row.denominator, row.rate) for row in estimates.all()} == {(1, 4, 0.25)}
    leases = apps.get_model("measurements.Lease").objects
    assert set(leases.values_list("judging", "first_output", "answered")) == {(None, None, 4)}
    assert set(apps.get_model("measurements.Run").objects.values_list("source", flat=True)) == {"portal"}
    with pytest.raises(IntegrityError), transaction.atomic():
        estimates.update(numerator=0)

    old = migrate(*BEFORE)
    assert old.get_model("measurements.Estimate").objects.count() == 4
    assert migrate(AFTER).get_model("measurements.Judging").objects.count() == 2
