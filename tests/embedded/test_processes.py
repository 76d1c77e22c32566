"""Processes are told apart by more than their number."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from raiportal.embedded import children, orphans, processes
from raiportal.embedded.folder import DataFolder, lay_out
from tests.embedded.conftest import ProgramFactory

pytestmark = pytest.mark.processes

MARK = f"a-mark-that-no-other-process-has-{os.getpid()}"  # nor another worker of the same session


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_a_used_again_number_is_another_process(stranger: subprocess.Popen[bytes]) -> None:
    identity = processes.identify(stranger.pid)
    assert identity

    assert processes.is_alive(identity)
    assert not processes.is_alive(replace(identity, started="another time"))


def test_a_zombie_is_not_alive() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)

    assert processes.wait_until(lambda: processes.identify(pid) is None, timeout_seconds=5)

    os.waitpid(pid, 0)


def test_a_mark_finds_children_and_nobody_else(stranger: subprocess.Popen[bytes]) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={"SOME": MARK}) as marked:
        assert processes.wait_until(lambda: processes.marked_with(MARK) == [marked.pid], timeout_seconds=5)

        marked.kill()


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    line = (
        "import subprocess, sys, signal; from raiportal.embedded.processes import die_with_parent;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], preexec_fn=die_with_parent(signal.SIGTERM));"
        "print(child.pid, flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(Path.cwd())}) as parent:
        assert parent.stdout
        grandchild = int(parent.stdout.readline())

        parent.kill()

        assert processes.wait_until(lambda: processes.identify(grandchild) is None, timeout_seconds=5)


def test_orphans_are_stopped_and_strangers_with_their_number_are_not(
    place: DataFolder, python_program: ProgramFactory, stranger: subprocess.Popen[bytes]
) -> None:
    lay_out(place)
    orphan = children.start(python_program("web", "import time; time.sleep(60)", record=place.records / "web.json"))
    (place.records / "worker.json").write_text(f'{{"pid": {stranger.pid}, "started": "before a restart of the machine"}}')

    stopped = orphans.stop(place, MARK)

    assert stopped == 1
    assert orphan.process.wait(5) == -signal.SIGTERM
    assert stranger.poll() is None
    assert not list(place.records.iterdir())
