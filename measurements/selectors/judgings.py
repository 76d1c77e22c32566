"""Judgings as pages, the API and actions read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from measurements.enums import JudgingState, Outcome
from measurements.models import Judgement, Judging, Lease, MetricVersion, Output, Run
from measurements.selectors.progress import cost_of_tokens


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


@dataclass(frozen=True)
class VoteCounts:
    """How many of a judging's votes are in, with a severity and without one, and the tokens that they took."""

    planned: int
    judged: int = 0
    other: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def pending(self) -> int:
        return self.planned - self.judged - self.other

    def as_plain(self) -> dict[str, int]:
        return {"planned": self.planned, "judged": self.judged, "other": self.other, "pending": self.pending}


def votes_by_judging(judgings: Iterable[Judging]) -> dict[int, VoteCounts]:
    """By judging id, in one query over lease counters."""
    planned = {judging.pk: judging.planned_count for judging in judgings}
    sums = {"judged": Sum("answered"), "other": Sum("failed"), "prompt": Sum("prompt_tokens"), "completion": Sum("completion_tokens")}
    summed = Lease.objects.filter(judging__in=planned).order_by().values("judging_id").annotate(**sums).values_list("judging_id", *sums)
    return {pk: VoteCounts(count) for pk, count in planned.items()} | {pk: VoteCounts(planned[pk], *row) for pk, *row in summed}


def cost_of(judging: Judging, counts: VoteCounts) -> Decimal | None:
    """In the currency of the judge's deployment, by the prices that held when the judging began; 0 where nobody was asked."""
    if not judging.snapshot:
        return Decimal(0)
    return cost_of_tokens(judging.snapshot["deployment"]["prices"], counts.judged, counts.prompt_tokens, counts.completion_tokens)


def as_plain(judging: Judging, counts: VoteCounts) -> dict[str, Any]:
    """One judging, with its metric and judge, in the API's words."""
    cost = cost_of(judging, counts)
    return {
        "id": judging.pk,
        "run": judging.run_id,
        "number": judging.number,
        "metric": judging.metric_version.metric_id,
        "metric_version": judging.metric_version_id,
        "metric_name": judging.metric_version.metric.name,
        "judge_version": judging.judge_version_id,
        "judge": judging.judge_version.judge.kind,
        "is_planned": judging.is_planned,
        "votes": judging.votes,
        "state": judging.state,
        "cause": judging.cause or None,
        "cause_detail": judging.cause_detail,
        "reason": judging.reason,
        "counts": counts.as_plain(),
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "cost": None if cost is None else float(cost),
        "currency": judging.snapshot["deployment"]["prices"]["currency"] if judging.snapshot else None,
        "created_at": judging.created_at,
        "finished_at": judging.finished_at,
    }
