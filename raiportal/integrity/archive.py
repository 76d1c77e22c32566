"""The file that a backup is: a ZIP of one text of PostgreSQL's COPY for each table, the data folder's files, and at its end the manifest.

Everything is written and read as a stream; no table has to fit into memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from raiportal.integrity.errors import CannotBackUp, CannotRestore

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 1024 * 1024
FAST = 1  # of zlib: the database is waiting
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Part:
    """One member of the archive. `rows` and `columns` are a table's; `digest` is the SHA-256 of the unpacked content."""

    name: str
    digest: str
    size: int
    rows: int | None = None
    columns: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Manifest:
    """What the archive holds, and what it takes to open it. Keys are told by fingerprint only."""

    made_at: str
    version: str
    server: str
    migrations: list[str]
    sequences: dict[str, int]
    tables: list[Part]
    files: list[Part]
    field_keys: list[str]  # fingerprints of the keys that open what is encrypted
    ledger: dict[str, Any]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(part.rows or 0 for part in self.tables)


class Digesting:
    """A member being written: counts and digests what goes through."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.size, self._digest = stream, 0, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.stream.write(data)
        self.size += len(data)
        self._digest.update(data)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[zipfile.ZipFile]:
    """A new archive that only its owner can read, whole or not at all. Raises CannotBackUp where there is a file already."""
    if path.exists():
        raise CannotBackUp(f"{path} is there already: name another file.")
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except OSError as problem:
        raise CannotBackUp(f"{path} can't be written: {problem.strerror}.") from problem
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
                yield archive
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.rename(path)
    except OSError as problem:
        raise CannotBackUp(f"{path} can't be written: {problem.strerror}.") from problem
    finally:
        unfinished.unlink(missing_ok=True)


def add_stream(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> Digesting:
    with archive.open(name, "w", force_zip64=True) as member:
        digesting = Digesting(member)
        for chunk in chunks:
            digesting.write(chunk)
    return digesting


def add_file(archive: zipfile.ZipFile, name: str, path: Path) -> Part:
    with path.open("rb") as stream:
        done = add_stream(archive, name, iter(lambda: stream.read(CHUNK_BYTES), b""))
    return Part(name, done.digest, done.size)


def add_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))


@contextmanager
def reading(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """An archive and its manifest. Raises CannotRestore where it isn't one of ours, or not whole."""
    try:
        stream = path.open("rb")
    except OSError as problem:
        raise CannotRestore(f"{path} can't be read: {problem.strerror}.") from problem
    try:
        with stream, zipfile.ZipFile(stream) as archive:
            yield archive, _manifest(archive)
    except (zipfile.BadZipFile, KeyError) as problem:
        raise CannotRestore(f"{path} is no backup of the portal, or not a whole one.") from problem


def chunks_of(archive: zipfile.ZipFile, part: Part) -> Iterator[bytes]:
    """The content of a member. Raises CannotRestore at its end when it isn't what the manifest says."""
    digest = hashlib.sha256()
    with archive.open(part.name) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != part.digest:
        raise CannotRestore(f"The archive is damaged: {part.name} isn't what was written.")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    content = json.loads(archive.read(MANIFEST))
    if content.get("format") != FORMAT:
        raise CannotRestore(
            f"The archive has format {content.get('format')}, and this release reads format {FORMAT}: restore it with the release that made it."
        )
    parts: dict[str, Any] = {name: [Part(**part) for part in content.pop(name)] for name in ("tables", "files")}
    return Manifest(**content, **parts)
