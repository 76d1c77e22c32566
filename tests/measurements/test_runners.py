"""Runs have processes of their own: what is short never waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from measurements.enums import RunState
from measurements.models import Lease
from raiportal import clocks, queue
from raiportal.embedded import programs
from raiportal.status.models import Heartbeat
from tests.factories.runs import make_run, prompts
from tests.measurements.workers import flush_broker, running_worker, wait_for, wait_for_outputs
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

WORKER_QUEUE, RUNNER_QUEUE = programs.QUEUES[programs.WORKER], programs.QUEUES[programs.RUNNER]


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator("--latency-ms", "500") as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_queued() -> None:
    flush_broker()


def test_what_is_short_is_done_while_more_runs_go_on_than_there_are_processes_for_them(simulator: RunningSimulator, tmp_path: Path) -> None:
    runs = [make_run(port=simulator.port, cases=prompts(400), max_concurrency=2, start=True) for _ in range(2)]
    with running_worker(tmp_path, "runner", queue=RUNNER_QUEUE) as runner, running_worker(tmp_path, "worker", queue=WORKER_QUEUE) as worker:
        wait_for(runner.is_pumping, "no run began")
        asked_at = clocks.now()

        queue.send("raiportal.status.tasks.beat")

        wait_for(lambda: Heartbeat.objects.filter(name="worker", at__gte=asked_at).exists(), "the sign of life waits for the runs", seconds=15)
        wait_for_outputs(next(run for run in runs if Lease.objects.filter(run=run).exclude(holder=None).exists()), 1)
        assert runner.is_pumping()
        assert not worker.said("pump_started")
        for run in runs:
            run.refresh_from_db()
            assert run.state == RunState.RUNNING


def test_a_worker_that_is_told_no_queue_takes_all(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = make_run(port=simulator.port, cases=prompts(4), start=True)
    with running_worker(tmp_path):
        wait_for_outputs(run, 4)
        asked_at = clocks.now()
        queue.send("raiportal.status.tasks.beat")

        wait_for(lambda: Heartbeat.objects.filter(name="worker", at__gte=asked_at).exists(), "the sign of life is not given")
