"""Planning a run, its budget, and moving it: start, pause, resume, cancel, finish."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from measurements import policies
from measurements.actions import budgets
from measurements.actions.telling import tell_paused
from measurements.engine import leases
from measurements.enums import JudgeKind, PauseCause
from measurements.models import Judging, MeasurementSetVersion, MetricVersion, Run, RunMetric
from measurements.workflow import RUN
from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid
from systems.models import AISystem, Configuration, Deployment
from systems.snapshots import endpoint_of, frozen_endpoint

PUMP = "measurements.tasks.pump"
JUDGE = "measurements.tasks.judge_run"
MOST_REPEATS = 100
NO_JUDGE_TO_ASK = "The verdicts of a metric came with a file: there is no judge to ask about new answers."
CAUSE_DETAIL_LIMIT = 300  # characters, as the column


@transaction.atomic
def plan_run(
    *,
    configuration: Configuration,
    set_version: MeasurementSetVersion,
    metric_versions: Sequence[MetricVersion],
    repeats: int = 1,
    max_concurrency: int | None = None,
    budget_cost: Decimal | None = None,
    budget_tokens: int | None = None,
    actor: User,
) -> Run:
    """Freeze what a run will measure: configuration, cases, metrics, repeats, limits, prices. Nothing is called yet.

    `max_concurrency` None takes the deployment's own limit. A budget is the most that the run may spend with its judging, in the deployment's
    currency or in tokens. Raises PolicyDenied, or Invalid naming the field.
    """
    system = set_version.measurement_set.system
    policies.may_measure(actor, system).require()
    chosen = list({version.pk: version for version in metric_versions}.values())
    deployment = configuration.deployment
    _check_parts(system, configuration, set_version, chosen)
    _check_numbers(repeats, max_concurrency)
    budgets.require_budget(deployment, chosen, budget_cost, budget_tokens)
    limit = min(max_concurrency or deployment.max_concurrency, deployment.max_concurrency)
    run = Run.objects.create(
        system=system,
        configuration=configuration,
        set_version=set_version,
        repeats=repeats,
        max_concurrency=limit,
        budget_cost=budget_cost,
        budget_tokens=budget_tokens,
        planned_count=set_version.case_count * repeats,
        snapshot=_snapshot(configuration, set_version, chosen),
        created_by=actor,
    )
    RunMetric.objects.bulk_create(RunMetric(run=run, metric_version=version) for version in chosen)
    ledger.record(
        "measurements.run_planned",
        subject=run,
        actor=actor,
        configuration=configuration.pk,
        set_version=set_version.pk,
        metrics=[version.pk for version in chosen],
        repeats=repeats,
        max_concurrency=limit,
        budget_cost=budget_cost,
        budget_tokens=budget_tokens,
        planned=run.planned_count,
    )
    return run


@transaction.atomic
def start_run(*, run_id: int, actor: User) -> Run:
    """Lay out the work and wake a worker. Raises PolicyDenied, WrongState, or Unmet when the endpoint isn't the planned one any more."""
    run: Run = RUN.advance(Run.objects.lock(run_id), "start", actor=actor, started_at=clocks.now(), responsible=actor)
    leases.lay_out(run)
    queue.on_commit(PUMP, run_id=run.pk)
    return run


@transaction.atomic
def pause_run(*, run_id: int, reason: str = "", cause: PauseCause = PauseCause.PERSON, cause_detail: str = "", actor: User) -> Run:
    """Stop calling within a second; what is in flight ends and is stored."""
    run: Run = RUN.advance(Run.objects.lock(run_id), "pause", actor=actor, note=reason, cause=cause, cause_detail=cause_detail[:CAUSE_DETAIL_LIMIT])
    tell_paused(run, actor)
    return run


@transaction.atomic
def resume_run(*, run_id: int, actor: User) -> Run:
    """Go on with what has no output yet; from now on by the right of `actor`."""
    run: Run = RUN.advance(Run.objects.lock(run_id), "resume", actor=actor, cause="", cause_detail="", responsible=actor)
    queue.on_commit(PUMP, run_id=run.pk)
    return run


@transaction.atomic
def change_budget(*, run_id: int, budget_cost: Decimal | None, budget_tokens: int | None, reason: str, actor: User) -> Run:
    """Set what a run may spend with its judging, above what it has spent; None takes a limit away. A paused run still has to be resumed.

    Raises PolicyDenied, WrongState for a run that was cancelled or imported, or Invalid naming the field.
    """
    run: Run = Run.objects.lock(run_id)
    policies.may_change_budget(actor, run).require()
    budgets.require_change(run, budget_cost, budget_tokens, reason)
    ledger.apply_changes(
        run, actor=actor, action="measurements.run_budget_changed", reason=reason, budget_cost=budget_cost, budget_tokens=budget_tokens, **_lifted(run)
    )
    for judging in Judging.objects.select_for_update(no_key=True).filter(run=run, cause=PauseCause.BUDGET).order_by("pk"):
        ledger.apply_changes(judging, actor=actor, action="measurements.judging_budget_changed", reason=reason, **_lifted(judging))
    return run


@transaction.atomic
def cancel_run(*, run_id: int, reason: str, actor: User) -> Run:
    """End a run for good. Items without an output count as failed (cancelled); answers still on their way are dropped.

    What was answered is counted by judges that need no calls, and is never conclusive.
    """
    if not reason.strip():
        raise Invalid("Say why the run is cancelled.", field="reason")
    run: Run = RUN.advance(Run.objects.lock(run_id), "cancel", actor=actor, note=reason, cause="", cause_detail="", finished_at=clocks.now())
    if run.started_at is None:
        leases.lay_out(run)
    leases.close_cancelled(run)
    queue.on_commit(JUDGE, run_id=run.pk)
    return run


@transaction.atomic
def finish_run(*, run_id: int, actor: User) -> Run:
    """Close a run whose last output is in. Commits alone; estimates follow. Raises WrongState for all but the first who says so."""
    run: Run = RUN.advance(Run.objects.lock(run_id), "complete", actor=actor, finished_at=clocks.now())
    return run


def _lifted(paused: Run | Judging) -> dict[str, str]:
    """What a pause said of the budget doesn't hold for the new one."""
    return {"cause_detail": ""} if paused.cause == PauseCause.BUDGET else {}


def _check_parts(system: AISystem, configuration: Configuration, set_version: MeasurementSetVersion, metrics: Sequence[MetricVersion]) -> None:
    deployment = configuration.deployment
    if configuration.system_id not in (None, system.pk) or deployment.system_id not in (None, system.pk):
        raise Invalid("This configuration belongs to another system.", field="configuration")
    if not deployment.is_active:
        raise Invalid("The deployment of this configuration is switched off.", field="configuration")
    if frozen_endpoint(configuration.snapshot) != endpoint_of(deployment):
        raise Invalid("The deployment has another address or model now than this configuration: choose a newer one.", field="configuration")
    if set_version.case_count < 1:
        raise Invalid("This version of the set has no cases.", field="set_version")
    if not metrics:
        raise Invalid("Choose at least one metric.", field="metrics")
    if any(version.metric.system_id != system.pk for version in metrics):
        raise Invalid("A metric belongs to another system.", field="metrics")
    if len({version.metric_id for version in metrics}) < len(metrics):
        raise Invalid("Choose one version of each metric.", field="metrics")
    if any(version.judge_version.judge.kind == JudgeKind.IMPORTED for version in metrics):
        raise Invalid(NO_JUDGE_TO_ASK, field="metrics")


def _check_numbers(repeats: int, max_concurrency: int | None) -> None:
    if not 1 <= repeats <= MOST_REPEATS:
        raise Invalid(f"Repeats are 1 to {MOST_REPEATS}.", field="repeats")
    if max_concurrency is not None and max_concurrency < 1:
        raise Invalid("At least one call at a time.", field="max_concurrency")


def _snapshot(configuration: Configuration, set_version: MeasurementSetVersion, metrics: Sequence[MetricVersion]) -> dict[str, Any]:
    """The plan in plain values, so that a closed run can be read whatever becomes of the rows around it."""
    return {**endpoint_snapshot(configuration), **measured_snapshot(set_version, metrics)}


def measured_snapshot(set_version: MeasurementSetVersion, metrics: Sequence[MetricVersion]) -> dict[str, Any]:
    """On which cases and by which metrics: the part of a plan that an imported run has too."""
    return {
        "set_version": {
            "id": set_version.pk,
            "number": set_version.number,
            "name": set_version.measurement_set.name,
            "sampling": set_version.measurement_set.sampling,
            "case_count": set_version.case_count,
            "digest": set_version.digest,
        },
        "metrics": [_metric_snapshot(version) for version in metrics],
    }


def endpoint_snapshot(configuration: Configuration) -> dict[str, Any]:
    """What calls with a configuration are planned on: the part that a run's snapshot and a judging's have in common."""
    return {
        "configuration": {"id": configuration.pk, "digest": configuration.digest, "snapshot": configuration.snapshot},
        "deployment": _deployment_snapshot(configuration.deployment),
    }


def _deployment_snapshot(deployment: Deployment) -> dict[str, Any]:
    """Where calls go, limits and prices at the time of planning. Prices are decimal texts per million tokens."""
    prices = {name: None if price is None else str(price) for name, price in (("input", deployment.input_price), ("output", deployment.output_price))}
    return {
        "id": deployment.pk,
        "name": deployment.name,
        "provider": deployment.provider,
        "target": deployment.target,
        "base_url": deployment.base_url,
        "model": deployment.model,
        "max_concurrency": deployment.max_concurrency,
        "requests_per_minute": deployment.requests_per_minute,
        "tokens_per_minute": deployment.tokens_per_minute,
        "timeout_seconds": deployment.timeout_seconds,
        "prices": {**prices, "currency": deployment.currency},
    }


def _metric_snapshot(version: MetricVersion) -> dict[str, Any]:
    judge = version.judge_version
    return {
        "id": version.pk,
        "metric": version.metric_id,
        "name": version.metric.name,
        "number": version.number,
        "threshold": version.threshold,
        "target_rate": None if version.target_rate is None else str(version.target_rate),
        "judge_version": judge.pk,
        "judge": judge.judge.kind,
        "judge_digest": judge.digest,
    }
