"""Judging without calls: what rule and content-filter judges say of answers that they have not judged yet."""

from __future__ import annotations

from measurements.engine.judging import Finding, found, local_judge
from measurements.models import Judgement, Judging
from measurements.selectors.judgings import unjudged

CHUNK = 1_000  # outputs judged in one transaction


def judge_missing(judging: Judging) -> None:
    """Answers are judged as they are stored; what is left over comes from a judge that failed, that was added, or from another tool."""
    version = judging.metric_version
    judge, after = local_judge(version), 0
    if judge is None:
        return
    while chunk := list(unjudged(judging.run, version).filter(pk__gt=after).order_by("pk").values_list("pk", "text", "filters")[:CHUNK]):
        judged = [(output_id, found(judge, text, filters)) for output_id, text, filters in chunk]
        Judgement.objects.bulk_create([_judgement(judging.run_id, output_id, finding) for output_id, finding in judged if finding], ignore_conflicts=True)
        after = chunk[-1][0]


def _judgement(run_id: int, output_id: int, finding: Finding) -> Judgement:
    return Judgement(
        run_id=run_id,
        output_id=output_id,
        metric_version_id=finding.metric_version_id,
        judge_version_id=finding.judge_version_id,
        severity=finding.severity,
        is_harmful=finding.is_harmful,
        reason=finding.reason,
    )
