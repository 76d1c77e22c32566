"""Whether a data folder was already prepared by exactly this checkout with exactly these settings: then a start has nothing to do first."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from raiportal.embedded.folder import CHECKOUT, DataFolder

UNUSED = {"tests", "docs", "benchmarks", "node_modules", "__pycache__"}  # and everything that starts with a dot


def is_fresh(folder: DataFolder, state: str) -> bool:
    """Whether the folder was last prepared in this state, see `digest`."""
    return folder.prepared.exists() and folder.prepared.read_text() == state


def remember(folder: DataFolder, state: str) -> None:
    folder.prepared.write_text(state)


def forget(folder: DataFolder) -> None:
    folder.prepared.unlink(missing_ok=True)


def digest(settings: Mapping[str, str]) -> str:
    """A digest over the settings and over name, size and time of change of every file that the portal is made of."""
    summary = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for path in sorted(_files(CHECKOUT)):
        found = path.stat()
        summary.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return summary.hexdigest()


def _files(top: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if name not in UNUSED and not name.startswith(".")]
        yield from (Path(folder, name) for name in files if not name.endswith(".pyc") and not name.startswith("."))
