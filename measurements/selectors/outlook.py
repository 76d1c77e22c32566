"""What a run would do if it were started: calls, time and cost, told by the newest calls to the same deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean

from django.db.models import F, Q, QuerySet

from measurements.enums import JudgeKind, Outcome
from measurements.models import Judging, MeasurementSetVersion, MetricVersion, Output, Run, Vote
from measurements.selectors.progress import PRICE_UNIT_TOKENS
from systems.models import AISystem, Configuration, Deployment

SAMPLE = 200  # newest outputs looked at
RUNS_LOOKED_AT = 5  # newest ones, until one has outputs


@dataclass(frozen=True)
class Outlook:
    """`seconds` and `cost` are None where nothing is known to work them out from; `source` is the run that told.

    `judge_calls` are votes of model judges if every case is answered, `judge_cost` what they cost: None where a price or any vote is missing.
    """

    cases: int
    repeats: int
    concurrency: int
    seconds: float | None
    cost: Decimal | None
    currency: str
    has_prices: bool
    source: Run | None
    judge_calls: int = 0
    judge_cost: Decimal | None = None

    @property
    def calls(self) -> int:
        return self.cases * self.repeats

    @property
    def total_cost(self) -> Decimal | None:
        """With judging; None while a part of it isn't known."""
        if self.cost is None or (self.judge_calls and self.judge_cost is None):
            return None
        return self.cost + (self.judge_cost or Decimal(0))


@dataclass(frozen=True)
class _Sample:
    run: Run | None
    seconds_a_call: float | None
    prompt_tokens: float | None
    completion_tokens: float | None


def outlook_of(
    configuration: Configuration,
    set_version: MeasurementSetVersion,
    metrics: Sequence[MetricVersion] = (),
    *,
    repeats: int,
    max_concurrency: int | None,
) -> Outlook:
    deployment = configuration.deployment
    concurrency = min(max_concurrency or deployment.max_concurrency, deployment.max_concurrency)
    system_id = set_version.measurement_set.system_id
    sample = _sample(deployment, system_id)
    calls = set_version.case_count * repeats
    judges = [version for version in metrics if version.judge_version.configuration is not None]
    return Outlook(
        cases=set_version.case_count,
        repeats=repeats,
        concurrency=concurrency,
        seconds=_seconds(calls, concurrency, deployment, sample),
        cost=_cost(calls, deployment, sample),
        currency=deployment.currency,
        has_prices=deployment.input_price is not None and deployment.output_price is not None,
        source=sample.run,
        judge_calls=sum(calls * _votes(version) for version in judges),
        judge_cost=_judge_cost(calls, judges, deployment.currency, system_id),
    )


def _votes(version: MetricVersion) -> int:
    return int(version.judge_version.spec["votes"])


def _judge_cost(calls: int, judges: Sequence[MetricVersion], currency: str, system_id: int) -> Decimal | None:
    """By the newest votes of each judge's deployment in this system. None for judges whose price, currency or tokens can't be told."""
    costs: list[Decimal | None] = []
    for version in judges:
        called = version.judge_version.configuration
        if called is not None and called.deployment.currency == currency:
            costs.append(_cost(calls * _votes(version), called.deployment, _vote_sample(called.deployment, system_id)))
        else:
            costs.append(None)
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(costs) else None


def _vote_sample(deployment: Deployment, system_id: int) -> _Sample:
    """From the system's newest judging by this deployment that has votes."""
    judgings = Judging.objects.filter(run__system_id=system_id, judge_version__configuration__deployment=deployment).order_by("-pk")
    for judging in judgings[:RUNS_LOOKED_AT]:
        newest = Vote.objects.filter(judging=judging, latency_ms__isnull=False).order_by("-pk")
        found = list(newest.values_list("latency_ms", "prompt_tokens", "completion_tokens")[:SAMPLE])
        if found:
            latencies, prompts, completions = zip(*found, strict=True)
            return _Sample(None, fmean(latencies) / 1000, _mean(prompts), _mean(completions))
    return _Sample(None, None, None, None)


def _seconds(calls: int, concurrency: int, deployment: Deployment, sample: _Sample) -> float | None:
    """The slowest of three: calls side by side, requests a minute, tokens a minute."""
    if sample.seconds_a_call is None:
        return None
    tokens = (sample.prompt_tokens or 0) + (sample.completion_tokens or 0)
    bounds = [calls * sample.seconds_a_call / concurrency, sample.seconds_a_call]
    if deployment.requests_per_minute:
        bounds.append(calls / deployment.requests_per_minute * 60)
    if deployment.tokens_per_minute:
        bounds.append(calls * tokens / deployment.tokens_per_minute * 60)
    return max(bounds)


def _cost(calls: int, deployment: Deployment, sample: _Sample) -> Decimal | None:
    if deployment.input_price is None or deployment.output_price is None or sample.prompt_tokens is None or sample.completion_tokens is None:
        return None
    a_call = deployment.input_price * Decimal(sample.prompt_tokens) + deployment.output_price * Decimal(sample.completion_tokens)
    return calls * a_call / PRICE_UNIT_TOKENS


def _sample(deployment: Deployment, system_id: int) -> _Sample:
    """From the system's newest run on this deployment that has answers; other systems' runs are not for this reader."""
    runs = Run.objects.filter(system_id=system_id, configuration__deployment=deployment, started_at__isnull=False).order_by("-pk")
    for run in runs[:RUNS_LOOKED_AT]:
        newest = Output.objects.filter(run=run, outcome=Outcome.ANSWERED, latency_ms__isnull=False).order_by("-pk")  # a refused call is a quick one
        found = list(newest.values_list("latency_ms", "prompt_tokens", "completion_tokens")[:SAMPLE])
        if found:
            latencies, prompts, completions = zip(*found, strict=True)
            return _Sample(run, fmean(latencies) / 1000, _mean(prompts), _mean(completions))
    return _Sample(None, None, None, None)


def _mean(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


# --- What a run can be made of ---
def usable_configurations(system: AISystem) -> QuerySet[Configuration]:
    """Of the system's own deployments that are switched on, newest first; then of the organisation's."""
    found = Configuration.objects.filter(Q(system=system) | Q(system=None), deployment__is_active=True)
    return (
        found.filter(Q(deployment__system=system) | Q(deployment__system=None))
        .select_related("deployment", "metaprompt")
        .order_by(F("system").asc(nulls_last=True), "-pk")
    )


def configuration_words(configuration: Configuration) -> str:
    """`C-4: Shop assistant, gpt-4o`; an application may have no model."""
    model = configuration.snapshot.get("model", configuration.deployment.model)
    return f"{configuration.code}: {configuration.deployment.name}{f', {model}' if model else ''}"


def usable_set_versions(system: AISystem) -> list[MeasurementSetVersion]:
    """The latest version of each set first, by name; then the earlier ones. None without cases."""
    versions = MeasurementSetVersion.objects.filter(measurement_set__system=system, case_count__gte=1).select_related("measurement_set__system")
    ordered = list(versions.order_by("measurement_set__name", "measurement_set_id", "-number"))
    latest = {version.measurement_set_id: version.pk for version in reversed(ordered)}
    return sorted(ordered, key=lambda version: latest[version.measurement_set_id] != version.pk)


def askable_metric_versions(system: AISystem) -> list[MetricVersion]:
    """The version of each metric that holds, by name; without those whose verdicts came with a file, since there is no judge to ask."""
    ids = MetricVersion.objects.filter(metric__system=system).order_by("metric_id", "-number").distinct("metric_id").values("pk")
    chosen = MetricVersion.objects.filter(pk__in=ids).select_related("metric__harm", "judge_version__judge", "judge_version__configuration__deployment")
    return list(chosen.exclude(judge_version__judge__kind=JudgeKind.IMPORTED).order_by("metric__name", "pk"))
