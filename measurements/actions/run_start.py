"""Planning a run and starting it in one go, for every door that offers both at once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from measurements.actions import runs
from measurements.models import MeasurementSetVersion, MetricVersion, Run
from raiportal.accounts.models import User
from systems.models import Configuration


@transaction.atomic
def plan_and_start_run(
    *,
    configuration: Configuration,
    set_version: MeasurementSetVersion,
    metric_versions: Sequence[MetricVersion],
    repeats: int = 1,
    max_concurrency: int | None = None,
    budget_cost: Decimal | None = None,
    budget_tokens: int | None = None,
    start: bool = True,
    actor: User,
) -> Run:
    """A run, planned and (unless `start` is False) under way; nothing is kept when it can't be started. Raises what its two parts raise."""
    run = runs.plan_run(
        configuration=configuration,
        set_version=set_version,
        metric_versions=metric_versions,
        repeats=repeats,
        max_concurrency=max_concurrency,
        budget_cost=budget_cost,
        budget_tokens=budget_tokens,
        actor=actor,
    )
    return runs.start_run(run_id=run.pk, actor=actor) if start else run
