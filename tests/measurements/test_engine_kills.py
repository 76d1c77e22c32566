"""A hundred times kill -9 at random moments, with real workers: every item ends in exactly one outcome, and only calls in flight are made again.

The oracle is the simulator's log. The moments are drawn from a seed, which is told with the figures.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Sum

from measurements.engine.items import MOST_CRASHES
from measurements.models import Estimate, Grant, Lease, Output, Run
from raiportal.embedded import processes
from tests import figures
from tests.factories.runs import make_run, prompts, simulated
from tests.factories.systems import make_system
from tests.measurements.workers import Worker, flush_broker, running_beat, running_worker, wait_for, wait_for_estimates
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes, pytest.mark.full]

SEED = int(os.environ.get("KILLS_SEED", "20261122"))
LATENCY_MS = 200
SLOTS = 4  # of each run
LONGEST_DELAY_SECONDS = 0.8  # so long after its turn comes a kill at most
PROGRESS_SECONDS = 120
PAGE = 1_000


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    flush_broker()
    with running_simulator("--latency-ms", str(LATENCY_MS), "--jitter-ms", "100") as simulator:
        yield simulator


class Killer:
    """Kills workers and their children, and starts another worker for each that is gone."""

    def __init__(self, folder: Path, stack: ExitStack, workers: int) -> None:
        self._folder, self._stack = folder, stack
        self._draw = random.Random(SEED)
        self._started = 0
        self._workers = [self._start() for _ in range(workers)]
        self.kills: Counter[str] = Counter()

    def kill(self) -> None:
        """At a random moment, a random worker's child or the worker with everything it started."""
        time.sleep(self._draw.uniform(0, LONGEST_DELAY_SECONDS))
        place = self._draw.randrange(len(self._workers))
        worker = self._workers[place]
        children = [pid for pid in processes.session_members(worker.process.pid) if pid != worker.process.pid]
        if children and self._draw.random() < 0.5:
            os.kill(self._draw.choice(children), signal.SIGKILL)
            self.kills["child"] += 1
        else:
            worker.kill()
            self.kills["worker"] += 1
            self._workers[place] = self._start()

    def _start(self) -> Worker:
        self._started += 1
        return self._stack.enter_context(running_worker(self._folder, f"worker-{self._started}"))


def kill_along(killer: Killer, runs: list[Run], kills: int) -> None:
    """Spread the kills over the work: each waits until its share of all outputs is stored."""
    planned = sum(run.planned_count for run in runs)
    for number in range(1, kills + 1):
        wait_for(lambda due=number * planned // (kills + 1): stored(runs) >= due, f"Nothing went on after kill {number - 1}", seconds=PROGRESS_SECONDS)
        killer.kill()


def stored(runs: list[Run]) -> int:
    return Output.objects.filter(run__in=runs).count()


def require_whole(runs: list[Run], log: dict[str, Any], *, kills: int) -> None:
    """One outcome for each item, rows and counters and estimates in agreement, and no call made again that was not in flight at a kill."""
    planned = sum(run.planned_count for run in runs)
    outputs = Output.objects.filter(run__in=runs)
    assert not Run.objects.filter(pk__in=[run.pk for run in runs]).exclude(state="completed").exists()
    assert outputs.count() == outputs.values("run", "case", "repeat").distinct().count() == planned
    assert not outputs.filter(outcome="failed").exclude(reason="crashed", attempts__gte=MOST_CRASHES).exists()
    counted = Lease.objects.filter(run__in=runs).aggregate(ended=Sum(F("answered") + F("refused") + F("failed")), failed=Sum("failed"))
    assert counted == {"ended": planned, "failed": outputs.filter(outcome="failed").count()}
    assert sum(estimate.denominator + sum(estimate.excluded.values()) for estimate in Estimate.objects.filter(run__in=runs, stratum="")) == planned
    assert log["distinct_prompts"] == planned
    assert log["prompts_answered"] >= outputs.exclude(outcome="failed").count()
    assert log["repeated_calls"] <= kills * SLOTS
    assert not Grant.objects.exists()


def calls_by_prompt(simulator: RunningSimulator) -> Counter[str]:
    """How often each prompt was called, of the calls that ended."""
    counted: Counter[str] = Counter()
    offset: int | None = 0
    while offset is not None:
        page = simulator.log(detail=1, offset=offset, limit=PAGE)
        counted.update(entry["prompt"] for entry in page["entries"])
        offset = page["next_offset"]
    return counted


def told(what: str, runs: list[Run], killer: Killer, log: dict[str, Any], seconds: float) -> None:
    crashed = Output.objects.filter(run__in=runs, reason="crashed").count()
    planned = sum(run.planned_count for run in runs)
    figures.tell(
        f"{what}: {killer.kills.total()} kills (seed {SEED}: {killer.kills['child']} children, {killer.kills['worker']} whole workers) in {seconds:.0f} s; "
        f"{planned:,} items, {planned - stored(runs)} lost, {planned - log['distinct_prompts']} never called, 0 stored twice, {crashed} marked as crashed; "
        f"{log['calls']:,} calls, {log['repeated_calls']} made again ({killer.kills.total() * SLOTS} allowed), {log['answers_paid_twice']} answers paid twice"
    )


def test_a_hundred_kills_over_twenty_runs_lose_and_double_nothing(simulator: RunningSimulator, tmp_path: Path) -> None:
    system = make_system()
    deployment = simulated(simulator.port, system, max_concurrency=2 * SLOTS)
    runs = [make_run(deployment=deployment, cases=prompts(100, f"run {number}"), max_concurrency=SLOTS, start=True) for number in range(20)]
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(running_beat(tmp_path))
        killer = Killer(tmp_path, stack, workers=2)
        kill_along(killer, runs, kills=100)
        wait_for_estimates(*runs, seconds=PROGRESS_SECONDS)

    log = simulator.log()
    told("100 kills over 20 runs", runs, killer, log, time.monotonic() - began)
    require_whole(runs, log, kills=100)
    assert log["peak_in_flight"] <= 2 * SLOTS


def test_twenty_kills_on_one_run_leave_no_item_called_without_end(simulator: RunningSimulator, tmp_path: Path) -> None:
    run = make_run(port=simulator.port, cases=prompts(200), max_concurrency=SLOTS, start=True)
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(running_beat(tmp_path))
        killer = Killer(tmp_path, stack, workers=1)
        kill_along(killer, [run], kills=20)
        wait_for_estimates(run, seconds=PROGRESS_SECONDS)

    log, calls = simulator.log(), calls_by_prompt(simulator)
    told("20 kills on one run", [run], killer, log, time.monotonic() - began)
    require_whole([run], log, kills=20)
    assert max(calls.values()) <= 1 + MOST_CRASHES  # once before it was under suspicion
    assert not Output.objects.filter(run=run, attempts__gt=MOST_CRASHES).exclude(reason="crashed").exists()
