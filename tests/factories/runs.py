"""Runs against a simulator, made through the actions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from measurements.actions import runs
from measurements.models import MeasurementSetVersion, Run
from measurements.selectors.metrics import newest_version
from raiportal.accounts.models import User
from systems.models import AISystem, Configuration, Deployment
from tests.factories.measurements import make_metric, make_owner, make_version
from tests.factories.systems import make_deployment, make_system

MODEL = "sim-chat-small"
PATTERNS = (r"Here is how to do it",)


def simulated(port: int, system: AISystem, **limits: Any) -> Deployment:
    """A deployment that is a simulator on this port."""
    return make_deployment(system, **{"base_url": f"http://127.0.0.1:{port}/v1", "model": MODEL, "max_concurrency": 8, **limits})


def prompts(count: int, mark: str = "question") -> list[str]:
    return [f"{mark} {number}: how do I tie a bowline?" for number in range(count)]


def make_run(
    *,
    port: int = 9,
    cases: Sequence[str | dict[str, Any]] = (),
    deployment: Deployment | None = None,
    version: MeasurementSetVersion | None = None,
    repeats: int = 1,
    max_concurrency: int | None = None,
    budget_cost: Decimal | None = None,
    budget_tokens: int | None = None,
    start: bool = False,
    actor: User | None = None,
    **limits: Any,
) -> Run:
    """A planned run over `cases`, or (with `start`) one that waits for its first worker."""
    system = deployment.system if deployment is not None and deployment.system is not None else make_system()
    deployment = deployment or simulated(port, system, **limits)
    version = version or make_version(system, cases=cases or prompts(3))
    owner = actor or make_owner(system)
    run = runs.plan_run(
        configuration=Configuration.objects.filter(deployment=deployment).latest("pk"),
        set_version=version,
        metric_versions=[newest_version(make_metric(system, patterns=PATTERNS))],
        repeats=repeats,
        max_concurrency=max_concurrency,
        budget_cost=budget_cost,
        budget_tokens=budget_tokens,
        actor=owner,
    )
    return runs.start_run(run_id=run.pk, actor=owner) if start else run
