"""What has to stand before Django reads its settings: the session's throw-away database and broker, and the wall around the network.

Loaded with `-p tests.plugin`, ahead of pytest-django. The first process makes one cluster and one broker for the whole session; the workers of
pytest-xdist inherit their addresses and differ by the name of the database and the prefix of the broker's keys.
"""

import atexit
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from raiportal.embedded import broker, postgres, processes
from raiportal.embedded.binaries import broker_program, postgres_programs
from raiportal.embedded.children import Child, Program, recorded, start
from raiportal.embedded.unprivileged import database_account
from tests import loopback

FIELD_KEY = "YSBmaWVsZCBrZXkgdXNlZCBieSB0ZXN0cyBhbG9uZSE="  # a Fernet key; it protects nothing outside the tests
LEDGER_KEY = "YSBzZWVkIG9mIHRoZSBsZWRnZXIsIHRlc3RzIG9ubHk="  # of 32 bytes; it signs nothing outside the tests
LOGIN = postgres.Login("raiportal", "raiportal", "throw-away")
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "400",
    "autovacuum_naptime": "5s",
    "log_min_messages": "fatal",
}
START_SECONDS = 60
PREFIX = "raiportal-tests-"
OWNER = "owner.json"


def sweep_killed_sessions() -> None:
    """Remove what sessions left whose own process was killed; their servers went with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = recorded(folder / OWNER)
        if owner and not processes.is_alive(owner):
            shutil.rmtree(folder, ignore_errors=True)


class Servers:
    """The session's database cluster and broker, in a folder of their own that goes with them."""

    def __init__(self) -> None:
        sweep_killed_sessions()
        self.owner = os.getpid()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        (self.folder / OWNER).write_text(json.dumps(asdict(processes.identify(self.owner) or processes.Identity(self.owner, ""))))
        self.folder.chmod(0o711)  # the account of the database has to pass through
        account = database_account(self.folder / "postgres")
        for name in ("sockets", "broker", "programs", "data"):
            (self.folder / name).mkdir(mode=0o700)
        (self.folder / "data" / "static").mkdir()
        (self.folder / "programs").chmod(0o755)
        account.owns(self.folder / "sockets")
        programs = postgres_programs(account, self.folder / "programs")
        self.cluster = postgres.Cluster(programs, self.folder / "postgres", self.folder / "sockets", account, "throw-away", FAST_SETTINGS)
        self.broker = broker.Broker(broker_program(), self.folder / "broker", self.folder / "sockets", durable=False)
        self.children: list[Child] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "raiportal.settings",
            "RAIPORTAL_EMBEDDED": "1",
            "RAIPORTAL_SECRET_KEY": "the key of the tests, which protects nothing outside them",
            "RAIPORTAL_FIELD_KEYS": FIELD_KEY,
            "RAIPORTAL_LEDGER_KEY": LEDGER_KEY,
            "RAIPORTAL_DB_HOST": str(self.cluster.sockets),
            "RAIPORTAL_DB_PORT": postgres.PORT,
            "RAIPORTAL_DB_NAME": LOGIN.database,
            "RAIPORTAL_DB_USER": LOGIN.user,
            "RAIPORTAL_DB_PASSWORD": LOGIN.password,
            "RAIPORTAL_BROKER_URL": self.broker.url,
            "RAIPORTAL_DATA": str(self.folder / "data"),
            "RAIPORTAL_STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "RAIPORTAL_LOG_LEVEL": "WARNING",
            "RAIPORTAL_ENDPOINT_ALLOWLIST": "127.0.0.1,localhost",
        }

    def start(self) -> None:
        postgres.initialise(self.cluster, durable=False)
        database = Program(
            "database",
            self.cluster.command,
            **self._place("database"),
            force_signal=signal.SIGQUIT,
            run_as=self.cluster.account.popen_arguments(),
        )
        self.children = [start(database), start(Program("broker", self.broker.command, **self._place("broker")))]
        ready = processes.wait_until(lambda: postgres.answers(self.cluster) and broker.answers(self.broker), timeout_seconds=START_SECONDS)
        if not ready:
            logs = "\n".join((self.folder / f"{name}.log").read_text() for name in ("database", "broker"))
            raise RuntimeError(f"The tests' database or broker doesn't answer:\n{logs}")
        postgres.ensure_login(self.cluster, LOGIN, extra_rights="createdb")
        with postgres.connect(self.cluster) as connection:
            # Emptying tables between tests has to pass the triggers that protect the ledger; see tests/conftest.py.
            connection.execute("grant set on parameter session_replication_role to raiportal")

    def stop(self) -> None:
        if os.getpid() != self.owner:
            return
        for child in self.children:
            child.end_now()  # nothing here is worth a checkpoint
        self.children = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, name: str) -> dict[str, Any]:
        return {
            "environment": {**os.environ},
            "folder": self.cluster.sockets if name == "database" else self.broker.folder,
            "log": self.folder / f"{name}.log",
            "record": self.folder / f"{name}.json",
            "orphan_signal": signal.SIGQUIT if name == "database" else signal.SIGKILL,
        }


_servers: Servers | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Settle the environment before pytest-django loads the settings."""
    global _servers
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        for name in [name for name in os.environ if name.startswith("RAIPORTAL_") and name not in ("RAIPORTAL_PG_BIN", "RAIPORTAL_BROKER_BIN")]:
            del os.environ[name]  # whatever the shell says, the tests see their own settings
        _servers = Servers()
        atexit.register(_servers.stop)  # also when pytest gives up before its session begins
        os.environ.update(_servers.environment)
    os.environ["RAIPORTAL_BROKER_PREFIX"] = f"{worker or 'main'}:"
    os.environ["RAIPORTAL_CHECKPOINTS"] = str(Path(os.environ["RAIPORTAL_DATA"]) / f"checkpoints-{worker or 'main'}.jsonl")
    loopback.close_the_network()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    if _servers is not None:
        _servers.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _servers is not None:
        _servers.stop()
