"""Reading what a pump has to know of its work, once before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from measurements.engine.cases import RunPlan
from measurements.engine.judging import Judges
from measurements.engine.questions import JudgingPlan
from measurements.engine.work import Work
from measurements.judges.model import rubric_of
from measurements.models import Judging, Run
from systems.models import Configuration
from systems.providers import Target, TargetKind
from systems.snapshots import frozen_endpoint, target_of


def load(run_id: int, judging_id: int | None = None) -> Work:
    """The plan of a run's cases, or of a judging's votes.

    Raises Run.DoesNotExist or Judging.DoesNotExist, and Configuration.DoesNotExist where the plan has no calls: imported runs, judges that need none.
    """
    return _run(Run.objects.get(pk=run_id)) if judging_id is None else _judging(Judging.objects.get(pk=judging_id, run=run_id))


def endpoint_of_plan(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """The endpoint that the planned configuration names; a deployment that says otherwise now is not called."""
    return frozen_endpoint(snapshot["configuration"]["snapshot"])


def _run(run: Run) -> RunPlan:
    configuration = _configuration(run.configuration_id)
    deployment = configuration.deployment
    target = target_of(run.snapshot["configuration"]["snapshot"])
    return RunPlan(
        run_id=run.pk,
        version_id=run.set_version_id,
        repeats=run.repeats,
        max_concurrency=run.max_concurrency,
        configuration_digest=run.snapshot["configuration"]["digest"],
        deployment_id=deployment.pk,
        endpoint=endpoint_of_plan(run.snapshot),
        target=target,
        api_key=deployment.api_key,
        deadline_seconds=float(deployment.timeout_seconds),
        head=_head(configuration.metaprompt.text if configuration.metaprompt else "", target),
        parameters=configuration.parameters,
        prices=run.snapshot["deployment"]["prices"],
        judges=Judges.of_run(run),
    )


def _judging(judging: Judging) -> JudgingPlan:
    """The judge's metaprompt is not sent: the question says all that it has to know."""
    version = judging.metric_version
    configuration = _configuration(judging.judge_version.configuration_id)
    deployment = configuration.deployment
    return JudgingPlan(
        run_id=judging.run_id,
        judging_id=judging.pk,
        max_concurrency=deployment.max_concurrency,
        deployment_id=deployment.pk,
        endpoint=endpoint_of_plan(judging.snapshot),
        target=target_of(judging.snapshot["configuration"]["snapshot"]),
        api_key=deployment.api_key,
        deadline_seconds=float(deployment.timeout_seconds),
        parameters=configuration.parameters,
        prices=judging.snapshot["deployment"]["prices"],
        metric_version_id=version.pk,
        judge_version_id=judging.judge_version_id,
        votes=judging.votes,
        rubric=rubric_of(version),
    )


def _configuration(pk: int | None) -> Configuration:
    if pk is None:
        raise Configuration.DoesNotExist("This plan has no calls.")
    return Configuration.objects.select_related("deployment", "metaprompt").get(pk=pk)


def _head(metaprompt: str, target: Target) -> Sequence[Mapping[str, str]]:
    """An application has a metaprompt of its own, so none is sent to it."""
    if not metaprompt or target.target != TargetKind.MODEL:
        return ()
    return ({"role": "system", "content": metaprompt},)
