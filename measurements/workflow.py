"""How a run moves from plan to result."""

from __future__ import annotations

from measurements import policies
from measurements.engine.plan import endpoint_of_plan
from measurements.enums import RunState
from measurements.models import Run
from raiportal.workflow import Move, Workflow
from systems.enums import Stage
from systems.snapshots import endpoint_of


def _retired(run: Run) -> str | None:
    return policies.RETIRED if run.system.stage == Stage.RETIRED else None


def _endpoint_away(run: Run) -> str | None:
    """The plan names one endpoint; a run never calls another, nor one that was switched off."""
    deployment = run.configuration.deployment
    if not deployment.is_active:
        return f"The deployment “{deployment}” is switched off."
    if endpoint_of(deployment) != endpoint_of_plan(run):
        return f"The deployment “{deployment}” has another address or model now than this run was planned for: plan a new run."
    return None


RUN = Workflow(
    "measurements.run",
    field="state",
    moves=(
        Move("start", {RunState.PLANNED}, RunState.RUNNING, policies.may_operate_run, unmet=(_retired, _endpoint_away)),
        Move("pause", {RunState.RUNNING}, RunState.PAUSED, policies.may_operate_run),
        Move("resume", {RunState.PAUSED}, RunState.RUNNING, policies.may_operate_run, unmet=(_retired, _endpoint_away)),
        Move("cancel", {RunState.PLANNED, RunState.RUNNING, RunState.PAUSED}, RunState.CANCELLED, policies.may_operate_run, past="cancelled"),
        Move("complete", {RunState.RUNNING}, RunState.COMPLETED, policies.may_finish_run),
    ),
)
