"""Debian's PostgreSQL and Redis on loopback, with passwords, in a folder of the test's own. Nothing is installed here."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import redis

from raiportal.embedded.unprivileged import database_account
from tests.stack import composition

START_SECONDS = 30
OWNER = "raiportal_owner"
DATABASE = "raiportal"


def postgres_programs() -> Path:
    """The folder of the system's PostgreSQL, the newest one."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders or not (folders[-1] / "initdb").exists():
        pytest.fail("No PostgreSQL server was found in /usr/lib/postgresql: apt install postgresql (Debian).", pytrace=False)
    return folders[-1]


def broker_program() -> str:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        pytest.fail("Neither valkey-server nor redis-server was found: apt install redis-server (Debian).", pytrace=False)
    return str(found)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def eventually(condition: Callable[[], bool], what: str, *, seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@dataclass
class Postgres:
    """A cluster whose superuser is the owner of the portal's tables, as in the container's image."""

    folder: Path
    password: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        self.programs, self.account = postgres_programs(), database_account(self.folder)
        self.folder.mkdir()
        self.account.owns(self.folder)
        secret = self.folder.with_suffix(".password")
        secret.write_text(self.password)
        self.account.owns(secret)
        command = [self.programs / "initdb", "-D", self.folder / "data", "-U", OWNER, "-E", "UTF8", "-A", "scram-sha-256", "--no-sync"]
        subprocess.run([*command, "--locale=C.UTF-8", f"--pwfile={secret}"], check=True, capture_output=True, cwd="/", **self.account.popen_arguments())

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "", "fsync": "off"}
        command = [self.programs / "postgres", "-D", self.folder / "data", *(word for name, value in options.items() for word in ("-c", f"{name}={value}"))]
        with (self.folder.parent / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self.account.popen_arguments())
        eventually(self.answers, "PostgreSQL doesn't answer")

    def make_database(self) -> None:
        with self.connect("postgres") as connection:
            connection.execute(f"create database {DATABASE}")

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=self.port, user=OWNER, password=self.password, dbname=database, autocommit=True, connect_timeout=5)

    def answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(START_SECONDS)


@dataclass
class Redis:
    """A broker with the configuration of the compose file; only port and folder are the test's."""

    folder: Path
    password: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        configuration = self.folder / "broker.conf"
        stated = composition.broker_configuration().replace("dir /data", f"dir {self.folder}")
        configuration.write_text(f"{stated}\nport {self.port}\nbind 127.0.0.1\n")
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen([broker_program(), configuration], stdout=log, stderr=log)
        eventually(self.answers, "The broker doesn't answer")

    def client(self, password: str | None = None) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port, password=self.password if password is None else password, socket_timeout=2)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(START_SECONDS)
