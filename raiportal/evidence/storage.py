"""Where stored files lie, and how one gets there: whole and on the disk, or not at all. No part of a path is anything that somebody typed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from raiportal.errors import NoRoom, Unavailable, is_disk_full

CHUNK_BYTES = 1024 * 1024
UNFINISHED = ".part"  # the ending of a file on its way in
NO_ROOM = "There is no room on the portal's disk, so the file was not kept. Tell whoever operates the portal, and add it again later."


def folder() -> Path:
    return Path(settings.EVIDENCE_FILES)


def place_of(path: str) -> Path:
    """Where a stored file's content lies; `path` is `StoredFile.path`."""
    return folder() / path


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The whole content, from its beginning."""
    stream.seek(0)
    while piece := stream.read(CHUNK_BYTES):
        yield piece


def digest_of(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def keep(path: str, pieces: Iterable[bytes]) -> None:
    """Write the content so that it is there whole, also after a crash, or not at all. Raises NoRoom or Unavailable, and leaves nothing behind then."""
    place = place_of(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(suffix=UNFINISHED, prefix=f"{place.name}.", dir=place.parent)  # for its owner alone
    except OSError as problem:
        raise _refusal(problem) from problem
    try:
        with os.fdopen(descriptor, "wb") as target:
            for piece in pieces:
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        Path(unfinished).replace(place)
        _sync(place.parent)
    except OSError as problem:
        raise _refusal(problem) from problem
    finally:
        Path(unfinished).unlink(missing_ok=True)


def drop(path: str) -> None:
    """Delete the content, if it is there."""
    place_of(path).unlink(missing_ok=True)


def stored_paths() -> Iterator[str]:
    """Every file below the folder as a path like `StoredFile.path`, in order; also those that nothing refers to."""
    for place in sorted(folder().rglob("*")):
        if place.is_file():
            yield place.relative_to(folder()).as_posix()


def _sync(place: Path) -> None:
    """Have the folder's new entry on the disk; a file system that can't do this for folders does without."""
    with suppress(OSError):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refusal(problem: OSError) -> Unavailable:
    if is_disk_full(problem):
        return NoRoom(NO_ROOM)
    return Unavailable("The file can't be kept: the portal can't write to its folder of files. Tell whoever operates the portal.")
