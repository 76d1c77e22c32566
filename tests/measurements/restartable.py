"""A PostgreSQL cluster of a test's own, which it may stop and start as it likes; the session's is shared with other tests."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from django.core.management import call_command
from django.db import connections

from raiportal.embedded import postgres, processes
from raiportal.embedded.binaries import postgres_programs
from raiportal.embedded.children import Child, Program, start
from raiportal.embedded.unprivileged import database_account
from tests.plugin import FAST_SETTINGS, LOGIN

START_SECONDS = 60
DURABLE = {**FAST_SETTINGS, "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass
class RestartableCluster:
    """`restart` ends the server by a signal (SIGINT: fast, SIGQUIT: immediate) and starts it again."""

    cluster: postgres.Cluster
    program: Program
    child: Child

    def restart(self, number: signal.Signals) -> None:
        self.child.process.send_signal(number)
        self.child.process.wait(START_SECONDS)
        postgres.clear_leftovers(self.cluster)
        self.child = start(self.program)
        require_answer(self.cluster)


def require_answer(cluster: postgres.Cluster) -> None:
    if not processes.wait_until(lambda: postgres.answers(cluster), timeout_seconds=START_SECONDS):
        raise RuntimeError("The test's own database does not answer.")


@contextmanager
def restartable_cluster() -> Iterator[RestartableCluster]:
    """A migrated database, which Django's default connection leads to until the end."""
    folder = Path(tempfile.mkdtemp(prefix="raiportal-restart-"))
    folder.chmod(0o711)
    sockets = folder / "sockets"
    account = database_account(folder / "postgres")
    for name in ("sockets", "programs"):
        (folder / name).mkdir(mode=0o755)
    account.owns(sockets)
    cluster = postgres.Cluster(postgres_programs(account, folder / "programs"), folder / "postgres", sockets, account, "throw-away", DURABLE)
    postgres.initialise(cluster, durable=False)
    program = Program(
        "database",
        cluster.command,
        environment={**os.environ},
        folder=sockets,
        log=folder / "database.log",
        record=folder / "database.json",
        force_signal=signal.SIGQUIT,
        orphan_signal=signal.SIGQUIT,
        run_as=account.popen_arguments(),
    )
    running = RestartableCluster(cluster, program, start(program))
    try:
        require_answer(cluster)
        postgres.ensure_login(cluster, LOGIN)
        with _as_default(cluster):
            yield running
    finally:
        running.child.end_now()
        rmtree(folder, ignore_errors=True)


@contextmanager
def _as_default(cluster: postgres.Cluster) -> Iterator[None]:
    connection = connections["default"]
    before = {name: connection.settings_dict[name] for name in ("HOST", "NAME")}
    connection.close()
    connection.settings_dict.update(HOST=str(cluster.sockets), NAME=LOGIN.database)
    try:
        call_command("migrate", verbosity=0)
        call_command("load_catalogues", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
