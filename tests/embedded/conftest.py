"""Folders and servers for the tests of the embedded default."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raiportal.embedded import binaries, broker, folder, postgres
from raiportal.embedded.children import Program
from raiportal.embedded.supervisor import Supervisor

ProgramFactory = Callable[..., Program]


@pytest.fixture
def place() -> Iterator[folder.DataFolder]:
    """A data folder that the database's account can reach, which pytest's own folders are not when root runs the tests."""
    top = Path(tempfile.mkdtemp(prefix="raiportal-embedded-"))
    top.chmod(0o711)
    yield folder.DataFolder(top / "data")
    shutil.rmtree(top)


@pytest.fixture
def cluster(place: folder.DataFolder) -> postgres.Cluster:
    """A cluster whose files are not made yet."""
    account = folder.lay_out(place)
    programs = binaries.postgres_programs(account, place.programs)
    return postgres.Cluster(programs, place.cluster, place.sockets.resolve(), account, "throw-away", {"fsync": "off"})


@pytest.fixture
def small_broker(place: folder.DataFolder) -> broker.Broker:
    folder.lay_out(place)
    return broker.Broker(binaries.broker_program(), place.broker, place.sockets.resolve())


@pytest.fixture
def python_program(tmp_path: Path) -> ProgramFactory:
    """Make a program out of a line of Python."""

    def make(name: str, line: str, **options: object) -> Program:
        place = {"environment": {}, "folder": tmp_path, "log": tmp_path / f"{name}.log", "record": tmp_path / f"{name}.json"}
        return Program(name, [sys.executable, "-c", line], **{**place, **options})  # type: ignore[arg-type]

    return make


@pytest.fixture
def lines() -> list[str]:
    """What the supervisor said."""
    return []


@pytest.fixture
def supervisor(lines: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(lines.append)
    yield supervisor
    supervisor.close()
