"""Judgings as pages, the API and actions read them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from measurements.enums import JudgingState, Outcome
from measurements.models import Judgement, Judging, Lease, MetricVersion, Output, Run


def unjudged(run: Run, version: MetricVersion) -> QuerySet[Output]:
    """Answers of a run that the judge of this metric version has not judged by it."""
    judged = Judgement.objects.filter(output=OuterRef("pk"), metric_version=version, judge_version=version.judge_version_id)
    return Output.objects.filter(~Exists(judged), run=run, outcome=Outcome.ANSWERED)


def open_judgings(run: Run) -> QuerySet[Judging]:
    """Judgings of a run that go on or are paused, with their metric and judge."""
    judgings = Judging.objects.filter(run=run, state__in=[JudgingState.RUNNING, JudgingState.PAUSED])
    return judgings.select_related("run", "metric_version__metric", "judge_version__judge").order_by("number")


def has_votes_missing(judging: Judging) -> bool:
    return Lease.objects.filter(run=judging.run_id, judging=judging, is_done=False).exists()


def models_reported(run: Run) -> list[dict[str, Any]]:
    """`[{"model", "fingerprint", "outputs"}]` as the endpoint called itself, most outputs first; outputs without a name are left out."""
    named = Output.objects.filter(run=run).exclude(model_reported="", fingerprint="")
    counted = named.values("model_reported", "fingerprint").annotate(outputs=Count("pk")).order_by("-outputs", "model_reported", "fingerprint")
    return [{"model": row["model_reported"], "fingerprint": row["fingerprint"], "outputs": row["outputs"]} for row in counted]
