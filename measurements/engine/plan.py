"""What a pump has to know of its run, read once before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from measurements.engine.judging import Judges
from measurements.models import Run
from systems.providers import Target, TargetKind
from systems.snapshots import frozen_endpoint, target_of


@dataclass(frozen=True)
class RunPlan:
    """A run's frozen plan, and the key to its endpoint."""

    run_id: int
    version_id: int
    repeats: int
    max_concurrency: int
    configuration_digest: str
    deployment_id: int
    endpoint: Mapping[str, str]  # what the deployment has to say still, or it is not called
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
    target = target_of(run.snapshot["configuration"]["snapshot"])
    return RunPlan(
        run_id=run.pk,
        version_id=run.set_version_id,
        repeats=run.repeats,
        max_concurrency=run.max_concurrency,
        configuration_digest=run.snapshot["configuration"]["digest"],
        deployment_id=deployment.pk,
        endpoint=endpoint_of_plan(run),
        target=target,
        api_key=deployment.api_key,
        deadline_seconds=float(deployment.timeout_seconds),
        head=_head(configuration.metaprompt.text if configuration.metaprompt else "", target),
        parameters=configuration.parameters,
        judges=Judges.of_run(run),
    )


def endpoint_of_plan(run: Run) -> dict[str, str]:
    """The endpoint that the run's configuration names; a deployment that says otherwise now is not called."""
    return frozen_endpoint(run.snapshot["configuration"]["snapshot"])


def _head(metaprompt: str, target: Target) -> Sequence[Mapping[str, str]]:
    """An application has a metaprompt of its own, so none is sent to it."""
    if not metaprompt or target.target != TargetKind.MODEL:
        return ()
    return ({"role": "system", "content": metaprompt},)
