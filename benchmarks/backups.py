"""Backup and restore of an installation with many stored outputs, by the commands that people give."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import rows, runs
from benchmarks.installation import Installation
from benchmarks.line import Line
from raiportal.embedded import environment, postgres
from raiportal.embedded.keys import load_or_make

LATENCY_MS = 5
RESTORE_SECONDS = 600  # the bar that the portal states: a rehearsal takes less than ten minutes
RESTORED = "restored"
BYTES_PER_MEGABYTE = 1_000_000


def backups(portal: Installation, prompts: int) -> list[Line]:
    """A run of so many outputs, backed up while the portal works, checked, and restored into a database beside it."""
    ready = runs.get_ready(portal, latency_ms=LATENCY_MS, concurrency=rows.CONCURRENCY)
    runs.measure(portal, ready, runs.make_version(portal, ready, runs.prompts(prompts)), concurrency=rows.CONCURRENCY)
    portal.analyse()
    stored = portal.database.execute("select count(*) from output").fetchone()
    what = f"{stored[0] if stored else 0:,} outputs"
    with tempfile.TemporaryDirectory(prefix="raiportal-backup-") as folder:
        file = Path(folder) / "backup.zip"
        backup = _timed(portal.settled.environment, "backup", str(file))
        size = file.stat().st_size
        checking = _timed(portal.settled.environment, "check_invariants")
        restore = _timed(_beside(portal), "restore", str(file))
    return [
        Line(f"{what}: backup, seconds", backup, None, f"{size / BYTES_PER_MEGABYTE:.1f} MB"),
        Line(f"{what}: check of all invariants, seconds", checking, None),
        Line(f"{what}: restore, verified and checked, seconds", restore, RESTORE_SECONDS),
    ]


def _timed(settings: Mapping[str, str], *words: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "manage.py", *words], env=dict(settings), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def _beside(portal: Installation) -> dict[str, str]:
    """The owner's environment, in an empty database and data folder beside the portal's."""
    settled = portal.settled
    owner = environment.owner(load_or_make(settled.folder.keys, has_data=True))
    postgres.ensure_login(settled.cluster, postgres.Login(RESTORED, owner.user, owner.password))
    beside = settled.folder.root / RESTORED
    beside.mkdir()
    return {**environment.for_preparation(settled.environment, owner), "RAIPORTAL_DB_NAME": RESTORED, "RAIPORTAL_DATA": str(beside)}
