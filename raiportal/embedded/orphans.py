"""What survived the death of an earlier supervisor: found without doubt, and stopped before anything is started again.

A record names a process by number and start time; the mark in the environment finds everything below it. A process that fits neither is never touched.
"""

import os
import signal

from raiportal.embedded import children, processes, programs
from raiportal.embedded.folder import DataFolder

GRACE_SECONDS = 10.0
DATABASE_GRACE_SECONDS = 30.0


def stop(folder: DataFolder, mark: str) -> int:
    """Stop every process of this installation that is left from before; how many there were. Call it only while holding the folder's lock."""
    workers = _portal(folder, mark)
    processes.end(lambda: _portal(folder, mark), gently=signal.SIGTERM, grace_seconds=GRACE_SECONDS)
    database = _recorded(folder, programs.DATABASE)
    processes.end(lambda: _recorded(folder, programs.DATABASE), gently=signal.SIGINT, grace_seconds=DATABASE_GRACE_SECONDS)
    for record in folder.records.iterdir():
        record.unlink()
    return len(workers) + len(database)


def _portal(folder: DataFolder, mark: str) -> list[int]:
    """All but the database, whose shutdown comes last and its own way."""
    names = [record.stem for record in folder.records.glob("*.json") if record.stem != programs.DATABASE]
    database = _recorded(folder, programs.DATABASE)
    found = {pid for name in names for pid in _recorded(folder, name)} | set(processes.marked_with(mark))
    return sorted(found - set(database) - {os.getpid()})


def _recorded(folder: DataFolder, name: str) -> list[int]:
    identity = children.recorded(folder.records / f"{name}.json")
    return [identity.pid] if identity and processes.is_alive(identity) else []
