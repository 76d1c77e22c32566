"""Real Celery workers for tests of faults, with the engine's times scaled down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum

from measurements.enums import Outcome, RunState
from measurements.models import Grant, Lease, Output, Run
from tests.sandbox.process import eventually

LEASE_SECONDS = 3.0
TIMES = {
    "RAIPORTAL_ENGINE_LEASE_SECONDS": str(LEASE_SECONDS),
    "RAIPORTAL_ENGINE_TICK_SECONDS": "0.25",
    "RAIPORTAL_ENGINE_PROBE_SECONDS": "0.2",
    "RAIPORTAL_SWEEP_SECONDS": "2",
}
START_SECONDS = 60
STOP_SECONDS = 10
RUN_SECONDS = 60


@dataclass(frozen=True)
class Worker:
    """A worker's process, which leads a session with all its children, and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def send(self, number: signal.Signals) -> None:
        """Signal the worker and all its children."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def is_pumping(self) -> bool:
        """Whether a pump began here and has not ended: a second one that finds itself not needed ends at once."""
        log = self.log.read_text()
        return log.count('"pump_started"') > log.count('"pump_ended"')

    def pump_process(self) -> int:
        """The process number of the child that pumps."""
        wait_for(lambda: self.said("pump_started"), "The worker never began to pump")
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if "pump_started" in line]
        return int(lines[-1]["process"])

    def said(self, event: str) -> bool:
        return event in self.log.read_text()


_living: list[Worker] = []  # those of the present test


@contextmanager
def running_worker(
    folder: Path, name: str = "one", *, beat: bool = False, app: str = "raiportal", queue: str = "", **settings_changed: str
) -> Iterator[Worker]:
    """A worker with one child on the test's database, ready for tasks of one queue or of all; with `beat` it also sweeps by the clock.

    Settings are named without RAIPORTAL_.
    """
    log = folder / f"{name}.log"
    database = {f"RAIPORTAL_DB_{part}": str(connection.settings_dict[part]) for part in ("NAME", "HOST")}
    changed = {f"RAIPORTAL_{setting}": value for setting, value in settings_changed.items()}
    environment = {**os.environ, **TIMES, **database, "RAIPORTAL_LOG_LEVEL": "INFO", "CELERY_SKIP_CHECKS": "1", **changed}
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "--pool", "prefork", "--concurrency", "1", "--hostname", name]
    command += [
        "--without-gossip",
        "--without-mingle",
        *(["--queues", queue] if queue else []),
        *(["-B", "--schedule", str(folder / f"beat-{name}")] if beat else []),
    ]
    with log.open("ab") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True) as process:
        worker = Worker(name, process, log)
        _living.append(worker)
        try:
            if not eventually(lambda: worker.said(f"{name} ready"), seconds=START_SECONDS):
                raise RuntimeError(f"The worker did not start:\n{log.read_text()}")
            yield worker
        finally:
            _living.remove(worker)
            if process.poll() is None:
                worker.send(signal.SIGCONT)
                worker.kill()


@contextmanager
def running_beat(folder: Path) -> Iterator[None]:
    """Beat in a process of its own, which no killed worker takes along."""
    environment = {**os.environ, **TIMES, "RAIPORTAL_DB_NAME": connection.settings_dict["NAME"], "CELERY_SKIP_CHECKS": "1"}
    command = [sys.executable, "-m", "celery", "-A", "raiportal", "beat", "--schedule", str(folder / "beat"), "--pidfile="]
    with (folder / "beat.log").open("ab") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


def flush_broker() -> None:
    """Forget everything that is queued."""
    with broker() as client:
        client.flushall()


def broker() -> redis.Redis:
    return redis.Redis(unix_socket_path=settings.BROKER_URL.removeprefix("redis+socket://").partition("?")[0])


def peak_memory_bytes(process: int) -> int:
    """The most memory that a living process has held so far."""
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def require_sound(run: Run) -> None:
    """What must hold after every fault: one outcome for each item that ended, counters as rows say, done leases full, nothing held any more."""
    leases = list(Lease.objects.filter(run=run, judging=None))
    rows = dict(Output.objects.filter(run=run).order_by().values_list("outcome").annotate(count=Count("pk")))
    assert {name: sum(getattr(lease, name) for lease in leases) for name in Outcome.values} == {name: rows.get(name, 0) for name in Outcome.values}
    assert sum(lease.attempts for lease in leases) == (Output.objects.filter(run=run).aggregate(all=Sum("attempts"))["all"] or 0)
    assert Output.objects.filter(run=run).values("case", "repeat").distinct().count() == sum(rows.values())
    for lease in leases:
        ended = lease.answered + lease.input_blocked + lease.output_blocked + lease.refused + lease.failed
        assert lease.is_done == (ended == lease.item_count)
    if run.state in (RunState.COMPLETED, RunState.CANCELLED):
        assert sum(rows.values()) == run.planned_count
        assert all(lease.is_done for lease in leases)
    if run.state != RunState.RUNNING:
        assert not Grant.objects.filter(run=run).exists()
        assert not Lease.objects.filter(run=run).exclude(holder=None).exists()


def stored(run: Run) -> int:
    return Output.objects.filter(run=run).count()


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float = RUN_SECONDS) -> None:
    assert eventually(condition, seconds=seconds), what


def wait_for_outputs(run: Run, count: int) -> None:
    wait_for(lambda: stored(run) >= count, f"{count} outputs of {run} never came; there are {stored(run)}")


def wait_for_estimates(*runs: Run, seconds: float = RUN_SECONDS) -> None:
    """Until all are completed and judged. A failure says how they stand and what the living workers said last."""
    judged = Run.objects.filter(pk__in=[run.pk for run in runs], judged_at__isnull=False)
    if not eventually(lambda: judged.count() == len(runs), seconds=seconds):
        raise AssertionError("The runs did not complete.\n" + "\n".join([*map(_standing, runs), *map(_last_words, _living)]))


def _standing(run: Run) -> str:
    run.refresh_from_db()
    leases = list(Lease.objects.filter(run=run).order_by("number").values("number", "judging", "holder", "expires_at", "is_done", "item_count", "answered"))
    grants = list(Grant.objects.filter(run=run).values())
    return f"{run}: {run.state} {run.cause or ''} {run.cause_detail}, judged {run.judged_at}, {stored(run)} outputs; {leases=}; {grants=}"


def _last_words(worker: Worker) -> str:
    return f"Worker {worker.name}, {'alive' if worker.process.poll() is None else 'dead'}:\n" + "\n".join(worker.log.read_text().splitlines()[-40:])
