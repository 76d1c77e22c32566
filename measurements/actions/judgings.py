"""Judging a closed run by a metric: the judgings that its plan asks for, later ones, and moving them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from measurements import policies
from measurements.actions import budgets, runs
from measurements.actions.telling import tell_paused
from measurements.engine import leases, verdicts
from measurements.enums import JudgeKind, JudgingState, PauseCause, RunState
from measurements.models import Estimate, Judging, Metric, MetricVersion, Run
from measurements.selectors import judgings as selectors
from measurements.selectors import scoring
from measurements.selectors.metrics import newest_version
from measurements.workflow import JUDGING
from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid, Unmet


@transaction.atomic
def plan_judgings(*, run_id: int, actor: User) -> list[Judging]:
    """Add the judgings that a closed run's plan asks for; those that are there stay. Returns those of the run that go on.

    Of a cancelled run only what was answered is judged, by judges that need no calls. Raises PolicyDenied, or Conflict for a run that isn't finished.
    """
    run: Run = Run.objects.lock(run_id)
    policies.may_operate_run(actor, run).require()
    if run.finished_at is None:
        raise Conflict("The run isn't finished yet.", code="not_finished")
    planned = set(Judging.objects.filter(run=run, is_planned=True).values_list("metric_version_id", flat=True))
    chosen = MetricVersion.objects.filter(pk__in=run.run_metrics.values("metric_version")).exclude(pk__in=planned)
    for version in chosen.select_related("judge_version__judge", "judge_version__configuration__deployment").order_by("pk"):
        if run.state == RunState.COMPLETED or (run.started_at is not None and version.judge_version.judge.kind != JudgeKind.MODEL):
            _open(run, version, is_planned=True, actor=actor)
    return list(selectors.open_judgings(run).filter(state=JudgingState.RUNNING))


@transaction.atomic
def judge_again(*, run_id: int, metric: Metric, reason: str, actor: User) -> Judging:
    """Judge a completed run by the newest version of a metric of its system: every answer that its judge has not judged by it yet.

    Judgings and estimates that are there stay. Raises PolicyDenied, Invalid when nothing is left to judge or the run's budget can't count what this judge
    costs, or Conflict when this is under way.
    """
    run: Run = Run.objects.select_related("system").lock(run_id)
    policies.may_judge_again(actor, run).require()
    version = newest_version(metric)
    _check_again(run, version, reason)
    budgets.require_countable(run, version)
    judging = _open(run, version, is_planned=False, reason=reason.strip(), actor=actor)
    if missing := JUDGING.moves["resume"].missing(judging):
        raise Unmet(missing)
    queue.on_commit(runs.JUDGE, run_id=run.pk)
    return judging


@transaction.atomic
def pause_judging(*, judging_id: int, reason: str = "", cause: PauseCause = PauseCause.PERSON, cause_detail: str = "", actor: User) -> Judging:
    """Stop asking the judge within a second; what is in flight ends and is stored."""
    detail = cause_detail[: runs.CAUSE_DETAIL_LIMIT]
    judging = _move(judging_id, "pause", actor=actor, note=reason, cause=cause, cause_detail=detail)
    tell_paused(judging, actor)
    return judging


@transaction.atomic
def resume_judging(*, judging_id: int, actor: User) -> Judging:
    """Go on with the votes that are missing; from now on by the right of `actor`."""
    judging = _move(judging_id, "resume", actor=actor, cause="", cause_detail="", responsible=actor)
    queue.on_commit(runs.JUDGE, run_id=judging.run_id)
    return judging


@transaction.atomic
def cancel_judging(*, judging_id: int, reason: str, actor: User) -> Judging:
    """End a judging for good: its votes can be read, but nothing is judged by them. Votes still on their way are dropped."""
    if not reason.strip():
        raise Invalid("Say why the judging is cancelled.", field="reason")
    Run.objects.select_for_update(of=("self",), no_key=True).filter(judgings=judging_id).first()  # before the judging, as `change_budget` does
    judging = _move(judging_id, "cancel", actor=actor, note=reason, cause="", cause_detail="", finished_at=clocks.now())
    leases.close_judging(judging)
    close_run(run_id=judging.run_id, actor=actor)
    return judging


@transaction.atomic
def finish_judging(*, judging_id: int, actor: User) -> Judging:
    """Turn the votes of a judging into judgements, and what the run's outputs are judged into estimates; all or nothing.

    Raises WrongState for all but the first who says so, and Unmet while votes are missing.
    """
    judging = _move(judging_id, "complete", actor=actor, finished_at=clocks.now())
    verdicts.conclude(judging)
    Estimate.objects.bulk_create(scoring.scored(judging))
    close_run(run_id=judging.run_id, actor=actor)
    return judging


@transaction.atomic
def close_run(*, run_id: int, actor: User) -> Run:
    """Note that a run is judged, and what its endpoint called itself, once no planned judging goes on. Doing it again changes nothing."""
    run: Run = Run.objects.lock(run_id)
    policies.may_operate_run(actor, run).require()
    if run.judged_at is None and not selectors.open_judgings(run).filter(is_planned=True).exists():
        run.judged_at, run.reported = clocks.now(), selectors.models_reported(run)
        run.save(update_fields=["judged_at", "reported"])
        metrics = list(Estimate.objects.filter(run=run, stratum="").order_by("metric_version").values_list("metric_version", flat=True))
        ledger.record("measurements.run_judged", subject=run, actor=actor, metrics=metrics, scoring_version=scoring.SCORING_VERSION)
    return run


def _open(run: Run, version: MetricVersion, *, is_planned: bool, reason: str = "", actor: User) -> Judging:
    """A judging under way; of a model judge with its votes laid out. The caller holds the run's row."""
    judge = version.judge_version
    last = Judging.objects.filter(run=run).aggregate(last=Max("number"))["last"] or 0
    judging = Judging(run=run, metric_version=version, judge_version=judge, number=last + 1, is_planned=is_planned, reason=reason, created_by=actor)
    judging.responsible_id = (run.responsible_id or run.created_by_id) if is_planned else actor.pk
    if judge.configuration is not None:
        judging.votes = judge.spec["votes"]
        judging.snapshot = runs.endpoint_snapshot(judge.configuration)
    judging.save(force_insert=True)
    if judge.configuration is not None:
        judging.planned_count = leases.lay_out_judging(judging)
        judging.save(update_fields=["planned_count"])
    known: dict[str, Any] = {"metric": version.pk, "judge": judge.pk, "votes": judging.planned_count, "is_planned": is_planned}
    ledger.record("measurements.judging_started", subject=judging, actor=actor, reason=reason, **known)
    return judging


def _check_again(run: Run, version: MetricVersion, reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why the run is judged again.", field="reason")
    if version.metric.system_id != run.system_id:
        raise Invalid("This metric belongs to another system.", field="metric")
    if run.state != RunState.COMPLETED:
        raise Conflict("Only a completed run can be judged again.", code="not_completed")
    if version.judge_version.judge.kind == JudgeKind.IMPORTED:
        raise Invalid("This metric's verdicts came with a file: there is no judge to ask.", field="metric")
    if selectors.open_judgings(run).filter(metric_version=version).exists():
        raise Conflict("The run is being judged by this metric already.", code="already_judging")
    if not selectors.unjudged(run, version).exists():
        raise Invalid("Every answer of this run was judged by the newest version of this metric.", field="metric")


def _move(judging_id: int, slug: str, *, actor: User, **fields: Any) -> Judging:
    moved: Judging = JUDGING.advance(Judging.objects.lock(judging_id), slug, actor=actor, **fields)
    return moved
