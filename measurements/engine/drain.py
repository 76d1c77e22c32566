"""The mark by which a worker's children learn that it shuts down: one byte of memory that the parent shares with whatever it forks later.

Celery's warm shutdown waits for running tasks and tells them nothing, so the parent sets the mark and pumps look at it.
"""

from __future__ import annotations

import mmap

_mark = mmap.mmap(-1, 1)  # anonymous and shared: a child sees what its parent writes


def ask() -> None:
    """Let every pump of this worker hand its run over and end within seconds."""
    _mark[0] = 1


def forget() -> None:
    _mark[0] = 0


def is_asked() -> bool:
    return _mark[0] == 1
