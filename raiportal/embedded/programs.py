"""What an embedded installation consists of: the seven programs, and how each is started and stopped."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from raiportal.embedded import broker as broker_server
from raiportal.embedded import postgres
from raiportal.embedded.broker import Broker
from raiportal.embedded.children import Program
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.folder import CHECKOUT, DataFolder
from raiportal.embedded.postgres import Cluster

DATABASE, BROKER, SANDBOX, WEB, WORKER, RUNNER, BEAT = "database", "broker", "sandbox", "web", "worker", "runner", "beat"
HOST = "127.0.0.1"  # the sample accounts exist here, so nobody else's machine may reach it
WEB_WORKERS_VARIABLE = "RAIPORTAL_WEB_WORKERS"
WORKER_PROCESSES_VARIABLE = "RAIPORTAL_WORKER_PROCESSES"
RUNNERS_VARIABLE = "RAIPORTAL_RUNNERS"
RUNNER_PROCESSES_VARIABLE = "RAIPORTAL_RUNNER_PROCESSES"
QUEUES = {WORKER: "raiportal", RUNNER: "raiportal-runs"}  # as in the settings
NO_CHECKS = {"CELERY_SKIP_CHECKS": "1"}  # Django's system checks are the work of doctor and test suite; a worker that starts again should be back at once
WEB_WORKERS = 2  # processes
WEB_THREADS = 4  # of each web process; each holds a database connection
WORKER_PROCESSES = 2  # children of the worker
RUNNERS = 1
RUNNER_PROCESSES = 2  # children of each runner, each with one run at a time
WORKER_GRACE_SECONDS = 30.0  # running calls end and their answers are stored
DATABASE_GRACE_SECONDS = 30.0  # the checkpoint at shutdown


def count(variable: str, default: int) -> int:
    """A number of processes from the environment, at least 1."""
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise CannotStart(f"{variable}={text} isn't a number of processes: give 1 or more.")
    return int(text)


def runner_names() -> list[str]:
    return [RUNNER, *(f"{RUNNER}-{number}" for number in range(2, count(RUNNERS_VARIABLE, RUNNERS) + 1))]


def stop_order() -> list[list[str]]:
    """Who stops after whom: nothing new comes in, work ends, then what work needs."""
    return [[WEB, BEAT, WORKER, *runner_names()], [SANDBOX], [BROKER], [DATABASE]]


def database_program(folder: DataFolder, environment: Mapping[str, str], cluster: Cluster) -> Program:
    return Program(
        DATABASE,
        cluster.command,
        **_place(folder, DATABASE, environment) | {"folder": cluster.sockets},
        stop_signal=postgres.STOP_SIGNAL,
        orphan_signal=postgres.STOP_SIGNAL,
        force_signal=signal.SIGQUIT,  # leaves at once, and recovers at the next start
        grace_seconds=DATABASE_GRACE_SECONDS,
        run_as=cluster.account.popen_arguments(),
        before_start=lambda: postgres.clear_leftovers(cluster),
    )


def broker_program(folder: DataFolder, environment: Mapping[str, str], broker: Broker) -> Program:
    return Program(
        BROKER,
        broker.command,
        **_place(folder, BROKER, environment),
        stop_signal=broker_server.STOP_SIGNAL,
        orphan_signal=broker_server.STOP_SIGNAL,
        before_start=lambda: broker_server.clear_leftovers(broker),
    )


def sandbox_program(folder: DataFolder, environment: Mapping[str, str], *, port: int) -> Program:
    return Program(SANDBOX, [sys.executable, "-m", "raiportal.sandbox", "--port", str(port + 1)], **_place(folder, SANDBOX, environment))


def portal_programs(folder: DataFolder, environment: Mapping[str, str], *, port: int) -> list[Program]:
    """Web, beat, the worker and the runners."""
    return [
        Program(WEB, _web_command(port), **_place(folder, WEB, environment)),
        Program(BEAT, _celery("beat", "--schedule", str(folder.root / "beat-schedule"), "--pidfile="), **_place(folder, BEAT, {**environment, **NO_CHECKS})),
        _worker_program(folder, environment, WORKER, queue=QUEUES[WORKER], children=count(WORKER_PROCESSES_VARIABLE, WORKER_PROCESSES)),
        *(
            _worker_program(folder, environment, name, queue=QUEUES[RUNNER], children=count(RUNNER_PROCESSES_VARIABLE, RUNNER_PROCESSES))
            for name in runner_names()
        ),
    ]


def _worker_program(folder: DataFolder, environment: Mapping[str, str], name: str, *, queue: str, children: int) -> Program:
    options = ("--queues", queue, "--pool", "prefork", "--concurrency", str(children), "--hostname", f"{name}@%h", "--without-gossip", "--without-mingle")
    return Program(
        name,
        _celery("worker", *options),
        **_place(folder, name, {**environment, **NO_CHECKS}),
        orphan_signal=signal.SIGQUIT,  # Celery's cold shutdown: leases expire and somebody else goes on
        grace_seconds=WORKER_GRACE_SECONDS,
    )


def _web_command(port: int) -> list[str]:
    workers, threads = str(count(WEB_WORKERS_VARIABLE, WEB_WORKERS)), str(WEB_THREADS)
    options = ["--host", HOST, "--port", str(port), "--workers", workers, "--threads", threads]
    return [sys.executable, "-m", "raiportal.web", *options]


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "raiportal", *arguments]


def _place(folder: DataFolder, name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        "environment": environment,
        "folder": CHECKOUT,
        "log": folder.logs / f"{name}.log",
        "record": folder.records / f"{name}.json",
    }
