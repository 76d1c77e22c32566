"""`manage.py up` as a person uses it: started, killed, started again, stopped."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest

from raiportal.embedded import children, environment, folder, processes
from raiportal.embedded.folder import DataFolder

pytestmark = pytest.mark.processes

READY_SECONDS = 150  # on a machine that is busy with the other tests
STOP_SECONDS = 60
NAMES = ("database", "broker", "sandbox", "web", "worker", "runner", "beat")

Up = Callable[..., "Portal"]


class Portal:
    """A running `manage.py up`, and all that it said."""

    def __init__(self, place: DataFolder, port: int) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAIPORTAL_") or name.endswith("_BIN")}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port), "--data", str(place.root)],
            cwd=folder.CHECKOUT,
            env=inherited | {"RAIPORTAL_WEB_WORKERS": "1", "RAIPORTAL_WORKER_PROCESSES": "1", "RAIPORTAL_RUNNER_PROCESSES": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self.said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        self.said.extend(iter(self.process.stdout.readline, ""))

    def await_line(self, text: str) -> None:
        found = processes.wait_until(lambda: any(text in line for line in self.said) or self.process.poll() is not None, timeout_seconds=READY_SECONDS)
        assert found, self.said
        assert any(text in line for line in self.said), self.said

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        self._listener.join(STOP_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def port() -> int:
    """A free port with a free one after it."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            number = int(first.getsockname()[1])
            try:
                socket.create_server(("127.0.0.1", number + 1)).close()
            except OSError:
                continue
        return number


@pytest.fixture
def up(place: DataFolder, port: int) -> Iterator[Up]:
    started: list[Portal] = []

    def start() -> Portal:
        started.append(Portal(place, port))
        return started[-1]

    yield start
    for portal in started:
        portal.close()


def _pids(place: DataFolder) -> dict[str, int]:
    found = {name: children.recorded(place.records / f"{name}.json") for name in NAMES}
    return {name: identity.pid for name, identity in found.items() if identity and processes.is_alive(identity)}


def _status(port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _database(place: DataFolder) -> psycopg.Connection:
    """As the owner of the tables: the portal's own role may make none."""
    settings = json.loads(place.environment.read_text())
    return psycopg.connect(
        host=settings["RAIPORTAL_DB_HOST"],
        port=settings["RAIPORTAL_DB_PORT"],
        dbname=settings["RAIPORTAL_DB_NAME"],
        user=environment.OWNER,
        password=json.loads(place.keys.read_text())["owner_password"],
        autocommit=True,
    )


def test_the_portal_comes_up_survives_kill_9_of_each_part_and_of_all_and_stops_cleanly(up: Up, place: DataFolder, port: int) -> None:
    portal = up()
    portal.await_line("raiportal is ready")
    assert any(f"http://localhost:{port}" in line for line in portal.said)
    assert _status(port, "/readyz") == 200
    first = _pids(place)
    assert set(first) == set(NAMES)
    with _database(place) as connection:
        connection.execute("create table kept as select 7 as n")

    for pid in first.values():
        os.kill(pid, signal.SIGKILL)
    renewed = processes.wait_until(
        lambda: set(_pids(place)) == set(NAMES) and not set(_pids(place).values()) & set(first.values()), timeout_seconds=READY_SECONDS
    )
    assert renewed, portal.said
    assert processes.wait_until(lambda: _status(port, "/readyz") == 200, timeout_seconds=READY_SECONDS), portal.said

    everything = [portal.process.pid, *_pids(place).values()]
    processes.send(everything, signal.SIGKILL)
    portal.process.wait()
    again = up()
    again.await_line("raiportal is ready")
    with _database(place) as connection:
        assert connection.execute("select n from kept").fetchall() == [(7,)]
    sign_ins = json.loads(place.sign_ins.read_text())
    assert any(sign_ins[0]["password"] in line for line in again.said)

    last = _pids(place)
    assert again.end(signal.SIGINT) == 0
    again.close()
    assert again.said[-1] == "raiportal has stopped.\n"
    assert not [pid for pid in last.values() if processes.identify(pid)]
    assert not processes.marked_with(json.loads(place.keys.read_text())["mark"])
    assert "database system is shut down" in (place.logs / "database.log").read_text().splitlines()[-1]


def test_a_taken_port_is_one_sentence_and_a_failed_command(up: Up, port: int) -> None:
    with socket.create_server(("127.0.0.1", port + 1)):
        portal = up()
        code = portal.process.wait(STOP_SECONDS)
        portal.await_line("is taken by another program")

    assert code == 1
    assert len(portal.said) == 1


def test_stopping_while_it_starts_leaves_nothing_behind(up: Up, place: DataFolder) -> None:
    portal = up()
    portal.await_line("raiportal is starting")

    portal.end(signal.SIGTERM)

    assert not _pids(place)
    assert not processes.marked_with(json.loads(place.keys.read_text())["mark"])
