"""Figures for Prometheus that several web processes count together, in files of one folder that all of them map.

Each process takes a place: the first that no living process holds a lock on. One that is started again after a crash goes on in the place, and with
the counts, of the one that died; so no counter falls, and there are never more files than processes at one time.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name
OWN_VARIABLE = "RAIPORTAL_METRICS"


@dataclass
class _Place:
    """What this process holds; a forked child takes another."""

    process: int = 0
    number: int = 0
    lock: int = -1


_place = _Place()


def share_figures() -> None:
    """Let this process and those that it will fork count together. Called once, before anything that counts is imported.

    What an earlier start left is dropped: Prometheus takes counters that begin anew for what they are.
    """
    folder = Path(os.environ.get(OWN_VARIABLE) or Path(os.environ.get("RAIPORTAL_DATA") or ".data") / "metrics")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[FOLDER_VARIABLE] = str(folder)
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(process_identifier=place)  # type: ignore[no-untyped-call]


def place() -> str:
    """The name under which this process counts."""
    if _place.process != os.getpid():
        _take_place(Path(os.environ[FOLDER_VARIABLE]))
    return f"p{_place.number}"


def _take_place(folder: Path) -> None:
    if _place.lock >= 0:
        os.close(_place.lock)  # the parent's, inherited by the fork
    for number in count():
        lock = os.open(folder / f"place-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        _place.process, _place.number, _place.lock = os.getpid(), number, lock
        return
