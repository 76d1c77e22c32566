"""What a run's budget has to obey when it is planned and when it is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from measurements.enums import RunSource, RunState
from measurements.models import MetricVersion, Run
from measurements.selectors.spending import spending_of
from raiportal.errors import Invalid, WrongState
from systems.models import Deployment

MOST_COST = Decimal("99999999.999999")  # as the column
MOST_TOKENS = 10**15


def require_budget(deployment: Deployment, metrics: Sequence[MetricVersion], cost: Decimal | None, tokens: int | None) -> None:
    """Raise Invalid, naming the field, for a budget that is none or that nobody could count: everything called needs prices in one currency."""
    if cost is not None and not 0 < cost <= MOST_COST:
        raise Invalid(f"A budget is more than 0 and at most {MOST_COST:,f}; leave it out for none.", field="budget_cost")
    if tokens is not None and not 0 < tokens <= MOST_TOKENS:
        raise Invalid(f"A budget is 1 to {MOST_TOKENS:,} tokens; leave it out for none.", field="budget_tokens")
    if cost is None:
        return
    for called in (deployment, *_judging(metrics)):
        if called.input_price is None or called.output_price is None:
            raise Invalid(f"The deployment “{called}” has no prices, so its cost can't be counted: enter them, or set a budget in tokens.", field="budget_cost")
        if called.currency != deployment.currency:
            raise Invalid(
                f"The judge “{called}” has its prices in {called.currency}, not in {deployment.currency}: set a budget in tokens.", field="budget_cost"
            )


def require_countable(run: Run, version: MetricVersion) -> None:
    """Raise Invalid for a judge whose calls a run's budget in money couldn't count."""
    currency = run.snapshot["deployment"]["prices"]["currency"]
    for judge in _judging([version]) if run.budget_cost is not None else ():
        if judge.input_price is None or judge.output_price is None or judge.currency != currency:
            raise Invalid(f"The run has a budget in {currency}, and the judge “{judge}” has no prices in it: enter them first.", field="metric")


def require_change(run: Run, cost: Decimal | None, tokens: int | None, reason: str) -> None:
    """Raise WrongState or Invalid for a change that makes no sense. The caller holds the run's row."""
    if run.source == RunSource.IMPORTED or run.configuration is None or run.state == RunState.CANCELLED:
        raise WrongState("Nothing more is spent on this run, so it needs no budget.")
    if not reason.strip():
        raise Invalid("Say why the budget is changed.", field="reason")
    metrics = MetricVersion.objects.filter(pk__in=run.run_metrics.values("metric_version")).select_related("judge_version__configuration__deployment")
    require_budget(run.configuration.deployment, list(metrics), cost, tokens)
    spent = spending_of(run)
    if cost is not None and cost <= spent.cost:
        raise Invalid(f"The run has spent {spent.cost:,.4f} already: a budget has to be higher.", field="budget_cost")
    if tokens is not None and tokens <= spent.tokens:
        raise Invalid(f"The run has used {spent.tokens:,} tokens already: a budget has to be higher.", field="budget_tokens")


def _judging(metrics: Sequence[MetricVersion]) -> Iterator[Deployment]:
    for version in metrics:
        if version.judge_version.configuration is not None:
            yield version.judge_version.configuration.deployment
