"""The supervisor brings back what dies, waits longer each time, and stops in order."""

import os
import signal
import time
from pathlib import Path

import pytest

from raiportal.embedded.children import recorded
from raiportal.embedded.processes import identify
from raiportal.embedded.supervisor import LONGEST_DELAY_SECONDS, Supervisor, ending, restart_delay
from tests.embedded.conftest import ProgramFactory

pytestmark = pytest.mark.processes

SLEEP = "import time; time.sleep(60)"
WAIT_SECONDS = 20


def _pid(record: Path) -> int | None:
    identity = recorded(record)
    return identity.pid if identity else None


def test_a_killed_program_is_brought_back(supervisor: Supervisor, python_program: ProgramFactory, lines: list[str]) -> None:
    program = python_program("sleeper", SLEEP)
    supervisor.add(program)
    first = _pid(program.record)
    assert first

    os.kill(first, signal.SIGKILL)

    assert supervisor.run_until(lambda: _pid(program.record) not in (None, first), timeout_seconds=WAIT_SECONDS)
    assert lines == ["sleeper ended unexpectedly (killed by SIGKILL); it is started again."]


def test_a_program_that_dies_at_once_is_retried_slower_and_its_log_named(supervisor: Supervisor, python_program: ProgramFactory, lines: list[str]) -> None:
    program = python_program("broken", "raise SystemExit(3)")

    supervisor.add(program)
    supervisor.run_until(lambda: len(lines) == 3, timeout_seconds=WAIT_SECONDS)

    assert "exit code 3" in lines[0]
    assert str(program.log) in lines[1]
    assert lines[1].endswith("Next start in 0.5 s.")
    assert lines[2].endswith("Next start in 1 s.")


def test_children_of_a_killed_program_go_with_it(supervisor: Supervisor, python_program: ProgramFactory, tmp_path: Path) -> None:
    parent = "import os, time; pid = os.fork(); pid and open('grandchild', 'w').write(str(pid)); time.sleep(60)"
    program = python_program("parent", parent)
    supervisor.add(program)
    note = tmp_path / "grandchild"
    assert supervisor.run_until(lambda: note.exists() and note.read_text() != "", timeout_seconds=WAIT_SECONDS)
    leader, grandchild = _pid(program.record), int(note.read_text())
    assert leader

    os.kill(leader, signal.SIGKILL)

    assert supervisor.run_until(lambda: not _is_alive(grandchild), timeout_seconds=WAIT_SECONDS)


def _is_alive(pid: int) -> bool:
    return identify(pid) is not None


def test_programs_stop_group_after_group(supervisor: Supervisor, python_program: ProgramFactory, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        line = f"import signal, sys, time; signal.signal(15, lambda *_: (open('order', 'a').write('{name} '), sys.exit())); open('{name}', 'w'); time.sleep(60)"
        supervisor.add(python_program(name, line))
    supervisor.run_until(lambda: all((tmp_path / name).exists() for name in ("one", "two", "three")), timeout_seconds=WAIT_SECONDS)

    supervisor.stop([["three"], ["one"], ["two"]])

    assert (tmp_path / "order").read_text() == "three one two "


def test_a_program_that_ignores_the_wish_is_killed_after_its_grace(supervisor: Supervisor, python_program: ProgramFactory, tmp_path: Path) -> None:
    stubborn = python_program("stubborn", "import signal, time; signal.signal(15, signal.SIG_IGN); open('deaf', 'w'); time.sleep(60)", grace_seconds=0.3)
    supervisor.add(stubborn)
    supervisor.run_until((tmp_path / "deaf").exists, timeout_seconds=WAIT_SECONDS)
    pid = _pid(stubborn.record)
    assert pid

    began = time.monotonic()
    supervisor.stop([["stubborn"]])

    assert time.monotonic() - began < WAIT_SECONDS
    assert not _is_alive(pid)
    assert not stubborn.record.exists()


def test_a_large_log_starts_anew(supervisor: Supervisor, python_program: ProgramFactory) -> None:
    program = python_program("talker", SLEEP)
    with program.log.open("wb") as log:
        log.truncate(6_000_000)

    supervisor.add(program)

    assert program.log.stat().st_size == 0
    assert program.log.with_name("talker.log.1").stat().st_size == 6_000_000


@pytest.mark.parametrize(("deaths", "delay"), [(0, 0.0), (1, 0.0), (2, 0.5), (3, 1.0), (4, 2.0), (50, LONGEST_DELAY_SECONDS)])
def test_the_delay_doubles_up_to_its_cap(deaths: int, delay: float) -> None:
    assert restart_delay(deaths) == delay


def test_an_ending_is_told_in_words() -> None:
    assert ending(-9) == "killed by SIGKILL"
    assert ending(2) == "exit code 2"
