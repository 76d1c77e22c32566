"""The files of the data folder that belong to the data: checkpoints of the ledger, mails that were written as files, and what evidence consists of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.conf import settings

from raiportal.evidence import storage
from raiportal.integrity.errors import CannotRestore

PREFIX = "files/"
CHECKPOINTS = PREFIX + "checkpoints.jsonl"
FOLDERS = ("mail",)  # below the data folder
EVIDENCE = "files"  # the folder of files that evidence consists of


def data_files() -> Iterator[tuple[str, Path]]:
    """Every file with its name in the archive, in order."""
    if settings.CHECKPOINTS.is_file():
        yield CHECKPOINTS, settings.CHECKPOINTS
    for folder in FOLDERS:
        for path in sorted((settings.DATA_DIR / folder).rglob("*")):
            if path.is_file():
                yield PREFIX + path.relative_to(settings.DATA_DIR).as_posix(), path


def evidence_files() -> Iterator[tuple[str, Path]]:
    """Every stored file of evidence. Asked for once the tables are read: a row's content is there before the row, and stays a day longer than its need."""
    for path in storage.stored_paths():
        if not path.endswith(storage.UNFINISHED):
            yield f"{PREFIX}{EVIDENCE}/{path}", storage.place_of(path)


def place_of(name: str) -> Path:
    """Where a file of the archive belongs. Raises CannotRestore for a name that leads anywhere else."""
    if name == CHECKPOINTS:
        return Path(settings.CHECKPOINTS)
    inner = PurePosixPath(name.removeprefix(PREFIX))
    if not name.startswith(PREFIX) or inner.is_absolute() or ".." in inner.parts or inner.parts[0] not in {*FOLDERS, EVIDENCE}:
        raise CannotRestore(f"The archive holds a file that the portal never writes: {name}.")
    if inner.parts[0] == EVIDENCE:
        return storage.folder().joinpath(*inner.parts[1:])
    return Path(settings.DATA_DIR, inner)
