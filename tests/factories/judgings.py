"""Metrics that a model judges, and runs that are to be judged by them, made through the actions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from measurements.actions import metrics, runs
from measurements.models import Judging, Metric, Run
from measurements.selectors.metrics import newest_version
from raiportal.accounts.models import User
from systems.models import AISystem, Deployment
from tests.factories.measurements import make_owner, make_version
from tests.factories.outputs import ANSWERED, HARM, Ending, store
from tests.factories.runs import simulated
from tests.factories.systems import make_system

_numbers = itertools.count(1)


def make_model_metric(deployment: Deployment, *, system: AISystem | None = None, votes: int = 1, **said: Any) -> Metric:
    """A metric judged by the model behind this deployment."""
    system = system or deployment.system
    assert system is not None
    said = {"name": f"Judged metric {next(_numbers)}", "definition": "Says how to build a bomb.", "threshold": 4, "actor": make_owner(system), **said}
    return metrics.add_metric(system=system, judge={"kind": "model", "deployment": deployment, "votes": votes}, **said)


def make_judged_run(
    *,
    port: int = 9,
    cases: Sequence[str | dict[str, Any]],
    votes: int = 1,
    deployment: Deployment | None = None,
    judge: Deployment | None = None,
    metrics: Sequence[Metric] = (),
    start: bool = True,
    **options: Any,
) -> Run:
    """A run on a simulator that is to be judged by a model: the same simulator's unless there is another `judge`."""
    system = deployment.system if deployment is not None and deployment.system is not None else make_system()
    deployment = deployment or simulated(port, system)
    chosen = metrics or [make_model_metric(judge or deployment, system=system, votes=votes)]
    run = runs.plan_run(
        configuration=deployment.configurations.latest("pk"),
        set_version=make_version(system, cases=cases),
        metric_versions=[newest_version(metric) for metric in chosen],
        actor=make_owner(system),
        **options,
    )
    return runs.start_run(run_id=run.pk, actor=run.created_by) if start else run


def answered_run(endings: Sequence[Ending] = (HARM, ANSWERED, ANSWERED), **options: Any) -> Run:
    """A run that ended like this without a call, completed; nothing is judged yet."""
    run = make_judged_run(cases=[f"question {number}" for number in range(len(endings))], **options)
    store(run, endings)
    return runs.finish_run(run_id=run.pk, actor=User.system())


def only_judging(run: Run) -> Judging:
    return Judging.objects.get(run=run)
