"""What a pump has to know of its run, read once before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from measurements.engine.judging import Judges
from measurements.models import Run
from systems.models import Deployment
from systems.providers import Target, TargetKind


@dataclass(frozen=True)
class RunPlan:
    """A run's frozen plan, and the key to its endpoint."""

    run_id: int
    version_id: int
    repeats: int
    max_concurrency: int
    configuration_digest: str
    deployment_id: int
    address: tuple[str, str]  # base URL and model of the plan; a deployment that says otherwise is not called
    target: Target
    api_key: str = field(repr=False)
    deadline_seconds: float
    head: Sequence[Mapping[str, str]]  # messages before those of each case: the metaprompt, or nothing
    parameters: Mapping[str, Any]
    judges: Judges


def load(run_id: int) -> RunPlan:
    """Read the plan. Raises Run.DoesNotExist."""
    run = Run.objects.select_related("configuration__deployment", "configuration__metaprompt").get(pk=run_id)
    configuration, deployment = run.configuration, run.configuration.deployment
    planned = run.snapshot["deployment"]
    return RunPlan(
        run_id=run.pk,
        version_id=run.set_version_id,
        repeats=run.repeats,
        max_concurrency=run.max_concurrency,
        configuration_digest=run.snapshot["configuration"]["digest"],
        deployment_id=deployment.pk,
        address=(planned["base_url"], planned["model"]),
        target=_target(deployment, planned),
        api_key=deployment.api_key,
        deadline_seconds=float(deployment.timeout_seconds),
        head=_head(configuration.metaprompt.text if configuration.metaprompt else "", deployment),
        parameters=configuration.parameters,
        judges=Judges.of_run(run),
    )


def _target(deployment: Deployment, planned: Mapping[str, Any]) -> Target:
    return Target(
        provider=deployment.provider,
        target=deployment.target,
        base_url=planned["base_url"],
        model=planned["model"],
        allowlist=tuple(settings.ENDPOINT_ALLOWLIST),
    )


def _head(metaprompt: str, deployment: Deployment) -> Sequence[Mapping[str, str]]:
    """An application has a metaprompt of its own, so none is sent to it."""
    if not metaprompt or deployment.target != TargetKind.MODEL:
        return ()
    return ({"role": "system", "content": metaprompt},)
