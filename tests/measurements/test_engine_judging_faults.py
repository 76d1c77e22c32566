"""What is left of a judging when workers die, and how it shares an endpoint: real workers, real signals, times scaled by settings.

Answers of the simulator differ, and so do the questions about them: its log knows each vote.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from measurements.actions import judgings, runs
from measurements.actions.estimates import judge_run
from measurements.enums import JudgingState
from measurements.models import Estimate, Grant, Judgement, Judging, Lease, Run, Vote
from raiportal.accounts.models import User
from tests.factories.judgings import answered_run, make_judged_run, make_model_metric, only_judging
from tests.factories.outputs import ANSWERED, HARM
from tests.factories.runs import make_run, prompts, simulated
from tests.factories.systems import make_system
from tests.measurements.workers import flush_broker, running_worker, wait_for, wait_for_estimates
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

SLOTS = 8
ANSWERS = 40
VOTES = 3


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    flush_broker()
    with running_simulator("--latency-ms", "150") as simulator:
        yield simulator


def run_to_judge(simulator: RunningSimulator) -> Run:
    """A finished run whose judging waits for its first worker."""
    run = answered_run([HARM, ANSWERED] * (ANSWERS // 2), port=simulator.port, votes=VOTES)
    assert not Judging.objects.filter(run=run).exists()
    return run


def wait_for_votes(run: Run, count: int) -> None:
    wait_for(lambda: Vote.objects.filter(judging__run=run).count() >= count, f"{count} votes never came")


def require_whole(run: Run, simulator: RunningSimulator, *, repeated_at_most: int) -> None:
    """Every vote is there once, counters and rows agree, all answers are judged, and only so many questions were asked twice."""
    judging = only_judging(run)
    log = simulator.log()
    assert judging.state == JudgingState.COMPLETED
    assert Vote.objects.filter(judging=judging, outcome="judged").count() == ANSWERS * VOTES
    assert sum(lease.answered for lease in Lease.objects.filter(judging=judging)) == ANSWERS * VOTES
    assert Judgement.objects.filter(judging=judging).count() == ANSWERS
    whole = Estimate.objects.get(judging=judging)
    assert (whole.numerator, whole.denominator) == (ANSWERS // 2, ANSWERS)
    assert log["judge"]["calls"] <= ANSWERS * VOTES + repeated_at_most
    assert log["peak_in_flight"] <= SLOTS
    assert not Grant.objects.exists()


def test_a_killed_child_loses_no_vote(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = run_to_judge(simulator)
    with running_worker(tmp_path, beat=True) as worker:
        wait_for_votes(run, ANSWERS)

        os.kill(worker.pump_process(), signal.SIGKILL)

        wait_for_estimates(run)
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_killed_worker_and_an_emptied_queue_lose_no_vote(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = run_to_judge(simulator)
    with running_worker(tmp_path) as worker:
        wait_for_votes(run, ANSWERS)
        worker.kill()
    flush_broker()
    kept = Vote.objects.filter(judging__run=run).count()

    with running_worker(tmp_path, "two", beat=True):
        wait_for_estimates(run)

    assert kept < ANSWERS * VOTES
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_judgings_and_a_run_share_the_limit_of_one_endpoint(simulator: RunningSimulator, tmp_path: Path) -> None:
    deployment = simulated(simulator.port, make_system(), max_concurrency=SLOTS)
    metrics = [make_model_metric(deployment, votes=VOTES) for _ in range(2)]
    judged = answered_run([HARM, ANSWERED] * (ANSWERS // 2), deployment=deployment, metrics=metrics)
    judge_run(run_id=judged.pk, actor=User.system())
    both = [judgings.pause_judging(judging_id=judging.pk, actor=User.system()) for judging in Judging.objects.filter(run=judged)]
    with running_worker(tmp_path, "one", beat=True), running_worker(tmp_path, "two"), running_worker(tmp_path, "three"):
        for judging in both:
            judgings.resume_judging(judging_id=judging.pk, actor=User.system())
        run = make_run(deployment=deployment, cases=prompts(ANSWERS), start=True)
        wait_for(lambda: Grant.objects.values("run", "judging").distinct().count() == 3, "the run and the judgings never ran beside each other")
        wait_for_estimates(run, judged)

    log = simulator.log()
    assert log["peak_in_flight"] == SLOTS
    assert log["calls"] == ANSWERS + 2 * ANSWERS * VOTES
    assert Judging.objects.filter(run=judged, state=JudgingState.COMPLETED).count() == 2


def test_a_run_is_asked_and_judged_within_one_budget(simulator: RunningSimulator, tmp_path: Path) -> None:
    deployment = simulated(simulator.port, make_system(), max_concurrency=SLOTS, input_price=Decimal(1), output_price=Decimal(2))
    run = make_judged_run(deployment=deployment, cases=prompts(ANSWERS), budget_tokens=12_000)
    with running_worker(tmp_path, beat=True):
        wait_for(lambda: Judging.objects.filter(run=run, state=JudgingState.PAUSED).exists(), "the judging never paused")
        paused = only_judging(run)
        spent = sum(lease.prompt_tokens + lease.completion_tokens for lease in Lease.objects.filter(run=run))
        assert paused.cause == "budget"
        assert Run.objects.get(pk=run.pk).state == "completed"
        assert 0 < Vote.objects.filter(judging=paused).count() < ANSWERS
        assert spent <= 12_000

        runs.change_budget(run_id=run.pk, budget_cost=None, budget_tokens=200_000, reason="Worth it.", actor=run.created_by)
        judgings.resume_judging(judging_id=paused.pk, actor=run.created_by)

        wait_for_estimates(run)
    assert Vote.objects.filter(judging=paused).count() == ANSWERS
