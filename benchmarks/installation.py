"""A whole embedded installation in a scratch folder, started through the functions that `make up` uses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from benchmarks import cpu
from raiportal.embedded import environment, folder, postgres, processes, programs, up
from raiportal.embedded.children import Child, start

START_SECONDS = 90
COUNTED = (programs.WEB, programs.BEAT, programs.BROKER, programs.DATABASE)  # and every worker and runner; the simulator stands for somebody else's machine
FIRST_PORT, LAST_PORT = 20_000, 40_000
REQUEST_SECONDS = 600  # an import of 100,000 rows
STATEMENT_COUNTS = {"shared_preload_libraries": "pg_stat_statements"}


@dataclass
class Installation:
    """A running installation: its children by name, and clients for its API, its simulator and its database."""

    settled: up.Installation
    children: dict[str, Child]
    api: httpx2.Client
    simulator: httpx2.Client
    database: psycopg.Connection[Any]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.settled.port + 1}/v1"

    def cpu_seconds(self) -> dict[str, float]:
        """CPU used so far, by program; the worker and the runners together."""
        used = {name: cpu.seconds(self.children[name].process.pid) for name in COUNTED}
        return used | {"workers": sum(cpu.seconds(self.children[name].process.pid) for name in (programs.WORKER, *programs.runner_names()))}

    def kill(self, name: str) -> None:
        """kill -9 of a program and of everything it started."""
        self.children[name].bury()
        self.children[name].process.wait()

    def start_again(self, name: str) -> None:
        self.children[name] = start(self.children[name].program)

    def log(self) -> dict[str, Any]:
        return self.simulator.get("/_simulator/log").json()

    def reset_log(self) -> None:
        self.simulator.post("/_simulator/reset").raise_for_status()

    def analyse(self) -> None:
        """What autovacuum does within a minute of a run's end, done now: the tables of earlier runs are known to the planner."""
        self.database.execute("vacuum (analyze)")


@contextmanager
def running(*, runners: int, counts_statements: bool = False) -> Iterator[Installation]:
    """An installation with so many runners, ready for runs; everything is gone afterwards. Counting statements costs PostgreSQL a little."""
    os.environ[programs.RUNNERS_VARIABLE] = str(runners)
    os.environ["RAIPORTAL_LOG_LEVEL"] = "WARNING"
    with tempfile.TemporaryDirectory(prefix="raiportal-bench-") as name:
        Path(name).chmod(0o711)
        place = folder.DataFolder(Path(name) / "data")
        account = folder.lay_out(place)
        settled = up.settle(place, account, _free_port())
        if counts_statements:
            settled = replace(settled, cluster=replace(settled.cluster, settings=STATEMENT_COUNTS))
        children: dict[str, Child] = {}
        try:
            token = _bring_up(settled, place, children)
            base = f"http://127.0.0.1:{settled.port}"
            with (
                httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=REQUEST_SECONDS, trust_env=False) as api,
                httpx2.Client(base_url=f"http://127.0.0.1:{settled.port + 1}", timeout=60, trust_env=False) as simulator,
                postgres.connect(settled.cluster, postgres.Login("raiportal", postgres.SUPERUSER, settled.cluster.superuser_password)) as database,
            ):
                yield Installation(settled, children, api, simulator, database)
        finally:
            for group in programs.stop_order():
                for program in group:
                    if program in children:
                        children[program].end_now()


def _bring_up(settled: up.Installation, place: folder.DataFolder, children: dict[str, Child]) -> str:
    """Start everything in its order and return an administrator's API token."""
    surroundings = settled.environment
    postgres.initialise(settled.cluster)
    for program in (
        programs.database_program(place, surroundings, settled.cluster),
        programs.broker_program(place, surroundings, settled.broker),
        programs.sandbox_program(place, surroundings, port=settled.port),
    ):
        children[program.name] = start(program)
    _require(lambda: postgres.answers(settled.cluster), "The database doesn't answer")
    postgres.ensure_roles(settled.cluster, settled.owner, settled.login)
    as_owner = environment.for_preparation(surroundings, settled.owner)
    prepared = subprocess.run([sys.executable, "-m", "benchmarks.prepare"], env=as_owner, cwd=folder.CHECKOUT, capture_output=True, text=True, check=False)
    if prepared.returncode:
        raise SystemExit(prepared.stderr)
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], env=surroundings, cwd=folder.CHECKOUT, check=True)
    for program in programs.portal_programs(place, surroundings, port=settled.port):
        children[program.name] = start(program)
    _require(lambda: up.probe(settled.port)[0] == 200, f"The portal doesn't become ready; {_newest_log(place)}")
    return prepared.stdout.split()[-1]


def _require(condition: Any, complaint: str) -> None:
    if not processes.wait_until(condition, timeout_seconds=START_SECONDS):
        raise SystemExit(complaint)


def _newest_log(place: folder.DataFolder) -> str:
    return f"its logs are in {place.logs}"


def _free_port() -> int:
    """A port with a free one after it."""
    for port in range(FIRST_PORT + os.getpid() % 10_000, LAST_PORT, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise SystemExit("No two ports are free.")
