"""What is left of a run when processes die, freeze or forget: real workers, real signals, times scaled by settings.

Prompts differ, so the simulator's log knows each call: those above the number of prompts were made twice.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from measurements import tasks
from measurements.actions import runs
from measurements.models import Circuit, Estimate, Grant, Lease, Output, Run
from raiportal.audit.models import Entry
from raiportal.errors import WrongState
from tests.factories.runs import make_run, prompts, simulated
from tests.factories.systems import make_system
from tests.measurements.poisoned import POISON
from tests.measurements.restartable import restartable_cluster
from tests.measurements.workers import (
    STOP_SECONDS,
    Worker,
    broker,
    flush_broker,
    require_sound,
    running_worker,
    stored,
    wait_for,
    wait_for_estimates,
    wait_for_outputs,
)
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
    require_sound(run)
    assert run.state == "completed"
    assert Output.objects.filter(run=run).exclude(outcome="failed").count() == PROMPTS
    assert sum(lease.answered + lease.refused for lease in Lease.objects.filter(run=run)) == PROMPTS
    assert Estimate.objects.get(run=run, stratum="").denominator == PROMPTS
    assert log["calls"] <= PROMPTS + repeated_at_most
    assert log["peak_in_flight"] <= SLOTS
    assert not Grant.objects.exists()


def test_a_killed_child_costs_only_its_calls_in_flight(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-01: kill -9 of the child that pumps, at 30 %. As in every installation beat runs, which finds what the broker's redelivery loses."""
    run = started_run(simulator)
    with running_worker(tmp_path, beat=True) as worker:
        wait_for_outputs(run, PROMPTS * 3 // 10)

        os.kill(worker.pump_process(), signal.SIGKILL)

        wait_for_estimates(run)
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_killed_worker_is_followed_by_the_next(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-02: kill -9 of the worker with all its children; the next one takes over when leases expire, whatever the broker still hides."""
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
    """REL-06: FLUSHALL in the middle, and a kill so that somebody has to be queued anew."""
    run = started_run(simulator)
    with running_worker(tmp_path, beat=True) as worker:
        wait_for_outputs(run, PROMPTS * 3 // 10)

        flush_broker()
        os.kill(worker.pump_process(), signal.SIGKILL)

        wait_for_estimates(run)
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_frozen_worker_wakes_up_to_nothing(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-30: SIGSTOP past the lease, then SIGCONT: what it brings is dropped and logged, and it makes no further call."""
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
    assert not frozen.said('"leases": []'), "late answers were dropped only because others stood there already"
    assert not Output.objects.filter(run=run).exclude(attempts=1).exists()
    require_whole(run, simulator, repeated_at_most=SLOTS)


def test_a_worker_told_to_stop_hands_its_run_on(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-05: SIGTERM in the middle of calls: they end and are stored, nothing is held any more and nothing asked twice."""
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
    """REL-36: cancelled in mid-flight, and once more: calls stop, late answers are dropped, each item has its outcome."""
    run = started_run(simulator)
    with running_worker(tmp_path) as worker:
        wait_for_outputs(run, 20)
        runs.cancel_run(run_id=run.pk, reason="The wrong set.", actor=run.created_by)
        with pytest.raises(WrongState):
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


# --- Slower stories ---


@pytest.mark.full
def test_twenty_kills_at_random_moments_lose_nothing(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-03: 600 items, kill -9 of whoever pumps, 20 times; each kill repeats at most the calls in flight and nobody is taken for the cause."""
    moments = random.Random(20)
    run = make_run(port=simulator.port, cases=prompts(200), repeats=3, max_concurrency=SLOTS, start=True)
    kills = 0
    with running_worker(tmp_path, beat=True) as worker:
        while kills < 20 and stored(run) < 580:
            kept = stored(run)
            wait_for(lambda kept=kept: stored(run) > kept, "The run stands still")
            time.sleep(moments.uniform(0.0, 0.4))
            os.kill(worker.pump_process(), signal.SIGKILL)
            pumps = worker.log.read_text().count('"pump_started"')
            wait_for(lambda pumps=pumps: worker.log.read_text().count('"pump_started"') > pumps, "Nobody pumps any more")
            kills += 1
        wait_for_estimates(run, seconds=180)

    run.refresh_from_db()
    require_sound(run)
    assert kills == 20
    assert Output.objects.filter(run=run).exclude(outcome="failed").count() == 600
    assert simulator.log()["calls"] <= 600 + kills * SLOTS
    assert simulator.log()["peak_in_flight"] <= SLOTS


@pytest.mark.full
def test_a_case_that_kills_its_process_is_found_out(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-04: crashed after three noted attempts, the others answered, and the estimate shows the gap."""
    cases = [*prompts(60), f"{POISON}: how do I tie a bowline?", *prompts(59, "later")]
    run = make_run(port=simulator.port, cases=cases, max_concurrency=SLOTS, start=True)
    with running_worker(tmp_path, "poisoned", beat=True, app="tests.measurements.poisoned"):
        wait_for_estimates(run, seconds=180)

    run.refresh_from_db()
    require_sound(run)
    crashed = Output.objects.get(run=run, outcome="failed")
    whole = Estimate.objects.get(run=run, stratum="")
    assert (crashed.reason, crashed.case.position) == ("crashed", 60)
    assert (whole.denominator, whole.excluded) == (119, {"crashed": 1})
    assert simulator.log()["calls"] <= 119 + 4 * SLOTS


@pytest.mark.full
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_a_restart_of_the_database_leaves_no_half_step(way: signal.Signals, simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-10: PostgreSQL restarted, fast and immediate, in the middle of a run: workers connect again and the run ends whole."""
    with restartable_cluster() as database:
        run = started_run(simulator)
        with running_worker(tmp_path, beat=True):
            wait_for_outputs(run, PROMPTS * 3 // 10)
            database.restart(way)
            connections["default"].close()
            assert stored(run) < PROMPTS
            wait_for_estimates(run, seconds=90)
        require_whole(run, simulator, repeated_at_most=SLOTS)


def test_five_messages_have_one_effect(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-28: the same Celery message five times, on two workers."""
    with running_worker(tmp_path, "one"), running_worker(tmp_path, "two"):
        run = started_run(simulator)
        for _ in range(5):
            tasks.pump.delay(run_id=run.pk)
        wait_for_estimates(run)
        with broker() as client:
            own = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]  # others queue on this broker too, and nobody takes theirs
            queued = [key for key in client.keys(f"{own}*") if client.type(key) == b"list"]
            wait_for(lambda: not any(client.llen(key) for key in queued), "Messages are left")

    require_whole(run, simulator, repeated_at_most=0)
    assert Estimate.objects.filter(run=run, stratum="").count() == 1


def test_a_dead_prober_is_followed_by_another(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-15: the pump that probes is killed while its probe hangs; another run's pump probes in its place and both runs end."""
    deployment = simulated(simulator.port, make_system(), max_concurrency=SLOTS)
    with running_worker(tmp_path, "one", beat=True) as one, running_worker(tmp_path, "two", beat=True) as two:
        first = make_run(deployment=deployment, cases=prompts(PROMPTS, "first"), start=True)
        wait_for_outputs(first, 10)
        second = make_run(deployment=deployment, cases=prompts(PROMPTS, "second"), start=True)
        wait_for_outputs(second, 10)
        simulator.settings(share_503=1).raise_for_status()
        wait_for(lambda: Circuit.objects.exists(), "The circuit never opened")
        simulator.settings(share_503=0, share_hang=1).raise_for_status()
        wait_for(lambda: Circuit.objects.exclude(prober=None).exists() and simulator.log()["in_flight"] == 1, "Nobody probes")
        time.sleep(1.0)
        assert simulator.log()["in_flight"] == 1  # one probe by one pump, however long it takes
        prober = Circuit.objects.get().prober
        grant = Grant.objects.get(holder=prober)
        assert grant.run_id in (first.pk, second.pk)
        dying = one if f'"run_id": {grant.run_id}, ' in _last_pump(one) else two
        dying.kill()
        simulator.settings(share_hang=0).raise_for_status()
        killed_at = time.monotonic()

        wait_for(lambda: not Circuit.objects.exists(), "Nobody probed in its place", seconds=30)

        assert time.monotonic() - killed_at < 15
        wait_for_estimates(first, second)
    closed = Entry.objects.get(action="measurements.circuit_closed")
    assert closed.payload.body["details"]["probes"] >= 2
    for run in (first, second):
        run.refresh_from_db()
        require_sound(run)
        assert not Output.objects.filter(run=run, outcome="failed").exists()


def _last_pump(worker: Worker) -> str:
    return [line for line in worker.log.read_text().splitlines() if '"pump_started"' in line][-1]
