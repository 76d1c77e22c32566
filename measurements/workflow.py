"""How a run moves from plan to result, and how a judging of its outputs does."""

from __future__ import annotations

from measurements import policies
from measurements.engine.plan import endpoint_of_plan
from measurements.enums import JudgingState, RunState
from measurements.models import Judging, Run
from measurements.selectors.judgings import has_votes_missing
from measurements.selectors.spending import budget_used_up
from raiportal.workflow import Move, Workflow
from systems.enums import Stage
from systems.models import Deployment
from systems.snapshots import endpoint_of


def _retired(run: Run) -> str | None:
    return policies.RETIRED if run.system.stage == Stage.RETIRED else None


def _endpoint_away(run: Run) -> str | None:
    """The plan names one endpoint; a run never calls another, nor one that was switched off."""
    if run.configuration is None:
        return "This run was imported: there is nothing to call."
    return _away(run.configuration.deployment, endpoint_of_plan(run.snapshot), "this run was planned for: plan a new run")


def _judges_retired(judging: Judging) -> str | None:
    return _retired(judging.run)


def _judge_away(judging: Judging) -> str | None:
    """As with a run: the judge that was planned is asked, or nobody."""
    configuration = judging.judge_version.configuration
    if configuration is None:
        return None
    return _away(configuration.deployment, endpoint_of_plan(judging.snapshot), "this judging was planned for: judge again")


def _votes_missing(judging: Judging) -> str | None:
    return "Votes are still missing." if has_votes_missing(judging) else None


def _away(deployment: Deployment, planned: dict[str, str], remedy: str) -> str | None:
    if not deployment.is_active:
        return f"The deployment “{deployment}” is switched off."
    if endpoint_of(deployment) != planned:
        return f"The deployment “{deployment}” has another address or model now than {remedy}."
    return None


RUN = Workflow(
    "measurements.run",
    field="state",
    moves=(
        Move("start", {RunState.PLANNED}, RunState.RUNNING, policies.may_operate_run, unmet=(_retired, _endpoint_away)),
        Move("pause", {RunState.RUNNING}, RunState.PAUSED, policies.may_operate_run),
        Move("resume", {RunState.PAUSED}, RunState.RUNNING, policies.may_operate_run, unmet=(_retired, _endpoint_away, budget_used_up)),
        Move("cancel", {RunState.PLANNED, RunState.RUNNING, RunState.PAUSED}, RunState.CANCELLED, policies.may_operate_run, past="cancelled"),
        Move("complete", {RunState.RUNNING}, RunState.COMPLETED, policies.may_finish_run),
    ),
)

JUDGING = Workflow(
    "measurements.judging",
    field="state",
    moves=(
        Move("pause", {JudgingState.RUNNING}, JudgingState.PAUSED, policies.may_operate_judging),
        Move("resume", {JudgingState.PAUSED}, JudgingState.RUNNING, policies.may_operate_judging, unmet=(_judges_retired, _judge_away, budget_used_up)),
        Move("cancel", {JudgingState.RUNNING, JudgingState.PAUSED}, JudgingState.CANCELLED, policies.may_operate_judging, past="cancelled"),
        Move("complete", {JudgingState.RUNNING}, JudgingState.COMPLETED, policies.may_finish_judging, unmet=(_votes_missing,)),
    ),
)
