"""Memory of an installation's programs over time: what the kernel counts for each process, shared pages divided among those that share them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.installation import Installation
from raiportal.embedded import processes, programs

KILOBYTES_A_MEGABYTE = 1_000


@dataclass(frozen=True)
class Sample:
    """Megabytes of web and of worker and runners, each with all its processes, so many seconds after the first sample."""

    at_seconds: float
    megabytes: dict[str, float]


def megabytes(portal: Installation) -> dict[str, float]:
    return {
        "web": _of(portal.children[programs.WEB].process.pid),
        "workers": sum(_of(portal.children[name].process.pid) for name in (programs.WORKER, *programs.runner_names())),
    }


@contextmanager
def sampling(portal: Installation, *, every_seconds: float) -> Iterator[list[Sample]]:
    """Samples taken while the block runs; the list grows meanwhile."""
    samples: list[Sample] = []
    ended = threading.Event()
    began = time.monotonic()

    def sample() -> None:
        while not ended.wait(every_seconds):
            samples.append(Sample(time.monotonic() - began, megabytes(portal)))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _of(leader: int) -> float:
    """Megabytes of a session's processes."""
    return sum(_proportional(pid) for pid in processes.session_members(leader)) / KILOBYTES_A_MEGABYTE


def _proportional(pid: int) -> int:
    """The proportional set size in kilobytes, see proc(5); 0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
