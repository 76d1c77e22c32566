"""What is left of a run when processes die, freeze or forget: real workers, real signals, times scaled by settings.

Prompts differ, so the simulator's log knows each call: those above the number of prompts were made twice.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from measurements.actions import runs
from measurements.models import Estimate, Grant, Lease, Output, Run
from tests.factories.runs import make_run, prompts, simulated
from tests.factories.systems import make_system
from tests.measurements.workers import STOP_SECONDS, flush_broker, running_worker, stored, wait_for, wait_for_estimates, wait_for_outputs
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

SLOTS = 8
PROMPTS = 120


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    flush_broker()
    with running_simulator("--latency-ms", "150") as simulator:
        yield simulator


def started_run(simulator: RunningSimulator, count: int = PROMPTS) -> Run:
    return make_run(port=simulator.port, cases=prompts(count), max_concurrency=SLOTS, start=True)


def require_whole(run: Run, simulator: RunningSimulator, *, repeated_at_most: int) -> None:
    """Every item has one outcome, counters and rows agree, the estimate counts them all, and only so many calls were made twice."""
    log = simulator.log()
    run.refresh_from_db()
    assert run.state == "completed"
    assert Output.objects.filter(run=run).exclude(outcome="failed").count() == PROMPTS
    assert sum(lease.answered + lease.refused for lease in Lease.objects.filter(run=run)) == PROMPTS
    assert Estimate.objects.get(run=run, stratum="").denominator == PROMPTS
    assert log["calls"] <= PROMPTS + repeated_at_most
    assert log["peak_in_flight"] <= SLOTS
    assert not Grant.objects.exists()


def test_a_killed_child_costs_only_its_calls_in_flight(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator)
    with running_worker(tmp_path) as worker:
        wait_for_outputs(run, PROMPTS * 3 // 10)

        os.kill(worker.pump_process(), signal.SIGKILL)

        wait_for_estimates(run)
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_killed_worker_is_followed_by_the_next(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator)
    with running_worker(tmp_path) as worker:
        wait_for_outputs(run, PROMPTS * 3 // 10)
        worker.kill()
    kept = stored(run)

    with running_worker(tmp_path, "two"):
        wait_for_estimates(run)

    assert kept < PROMPTS
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_run_outlives_all_that_was_queued(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator)
    with running_worker(tmp_path, beat=True) as worker:
        wait_for_outputs(run, PROMPTS * 3 // 10)

        flush_broker()
        os.kill(worker.pump_process(), signal.SIGKILL)

        wait_for_estimates(run)
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_frozen_worker_wakes_up_to_nothing(simulator: RunningSimulator, tmp_path: Path) -> None:
    with running_worker(tmp_path, "one", beat=True) as one, running_worker(tmp_path, "two", beat=True) as two:
        run = started_run(simulator)
        wait_for_outputs(run, 20)
        wait_for(lambda: one.is_pumping() != two.is_pumping(), "Not one of the workers pumps")
        frozen = one if one.is_pumping() else two
        wait_for(lambda: simulator.log()["in_flight"] >= SLOTS // 2, "The worker never had calls in flight")
        frozen.send(signal.SIGSTOP)
        kept = stored(run)
        wait_for_outputs(run, kept + 2 * SLOTS)  # somebody else works on it now

        frozen.send(signal.SIGCONT)

        wait_for(lambda: frozen.said("late_answers_dropped") or frozen.said("calls_dropped"), "What the woken worker brought was not noticed")
        wait_for_estimates(run)
    assert kept < PROMPTS
    assert not Output.objects.filter(run=run).exclude(attempts=1).exists()
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_worker_told_to_stop_hands_its_run_on(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator)
    with running_worker(tmp_path, "leaving") as leaving:
        wait_for_outputs(run, 20)
        leaving.process.send_signal(signal.SIGTERM)
        leaving.process.wait(STOP_SECONDS)
    kept = stored(run)
    assert not Grant.objects.exists()
    assert not Lease.objects.exclude(holder=None).exists()

    with running_worker(tmp_path, "staying"):
        wait_for_estimates(run)

    assert kept < PROMPTS
    require_whole(run, simulator, repeated_at_most=0)


def test_two_runs_on_two_workers_share_the_limit(simulator: RunningSimulator, tmp_path: Path) -> None:
    deployment = simulated(simulator.port, make_system(), max_concurrency=SLOTS)
    with running_worker(tmp_path, "one"), running_worker(tmp_path, "two"):
        first = make_run(deployment=deployment, cases=prompts(PROMPTS, "first"), start=True)
        wait_for_outputs(first, 20)
        second = make_run(deployment=deployment, cases=prompts(PROMPTS, "second"), start=True)
        wait_for_outputs(second, 20)
        assert stored(first) < PROMPTS, "the runs never ran beside each other"
        wait_for_estimates(first, second)

    log = simulator.log()
    assert log["peak_in_flight"] == SLOTS
    assert log["calls"] == 2 * PROMPTS


def test_a_lowered_limit_is_obeyed_while_a_run_runs(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator, 160)
    deployment = run.configuration.deployment
    with running_worker(tmp_path):
        wait_for_outputs(run, 20)
        type(deployment).objects.filter(pk=deployment.pk).update(max_concurrency=2)
        wait_for(lambda: Grant.objects.filter(slots__lte=2).exists(), "The lower limit was not heeded")
        simulator.client.post("/_simulator/reset").raise_for_status()
        time.sleep(1.0)
        assert simulator.log()["peak_in_flight"] <= 2
        type(deployment).objects.filter(pk=deployment.pk).update(max_concurrency=SLOTS)
        wait_for_estimates(run)


def test_a_paused_run_stops_calling_and_goes_on_when_resumed(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator)
    with running_worker(tmp_path):
        wait_for_outputs(run, 20)
        runs.pause_run(run_id=run.pk, actor=run.created_by)
        wait_for(lambda: not Grant.objects.exists(), "The pump did not end")
        calls = simulator.log()["calls"]
        assert calls == stored(run) < PROMPTS
        time.sleep(0.5)
        assert simulator.log()["calls"] == calls

        runs.resume_run(run_id=run.pk, actor=run.created_by)

        wait_for_estimates(run)
    require_whole(run, simulator, repeated_at_most=0)


def test_a_cancelled_run_stops_and_accounts_for_every_item(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = started_run(simulator)
    with running_worker(tmp_path) as worker:
        wait_for_outputs(run, 20)
        runs.cancel_run(run_id=run.pk, reason="The wrong set.", actor=run.created_by)
        wait_for(lambda: not Grant.objects.exists(), "The pump did not end", seconds=10)
        calls = simulator.log()["calls"]
        time.sleep(0.5)
        assert simulator.log()["calls"] == calls <= stored(run)

        assert not worker.said("raised unexpected")

    run.refresh_from_db()
    cancelled = Output.objects.filter(run=run, reason="cancelled").count()
    assert run.state == "cancelled"
    assert stored(run) == PROMPTS
    assert 0 < cancelled == sum(lease.failed for lease in Lease.objects.filter(run=run))
    assert not Lease.objects.filter(run=run, is_done=False).exists()
