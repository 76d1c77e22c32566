"""A file read for a set: its rows against what the set holds already and against the system's harms. The dry run and the import both read this way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from django.conf import settings

from measurements.imports import Limits, ParsedCase, RejectedRow, Report, Tally, parse
from measurements.imports.detection import HEAD_BYTES, detect_format
from measurements.imports.lines import read_head
from measurements.imports.parsing import Parsed
from measurements.imports.results import Results
from measurements.models import MeasurementSet, MeasurementSetVersion, SetUpload
from measurements.selectors.harm_names import HarmNames
from measurements.selectors.imported import run_of_file
from measurements.selectors.sets import case_keys

REJECTED_LISTED = 100  # on the preview; the download has all
REJECTED_ANSWERED = 10_000  # in an answer of the API; its `rejected_count` counts all
UNKNOWN_HARMS_LISTED = 100  # different names


class ImportedFile(Protocol):
    """An open file or an upload, at its beginning."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...


@dataclass(frozen=True)
class ImportReport:
    """What a file would bring or brought: `duplicates` = `already_there` (in the set) + `repeated` (within the file)."""

    accepted: int
    already_there: int
    repeated: int
    rejected_count: int
    rejected: list[RejectedRow]  # the first REJECTED_ANSWERED
    ignored_columns: list[str]
    unknown_harms: dict[str, int]  # rows by a harm name that fits none of the system's, or more than one: their cases carry no harm
    strata: dict[str, int]
    languages: dict[str, int]
    sample: list[ParsedCase]
    results: Results  # what the file has besides cases
    run_id: int | None = None  # the run that its answers are already

    @property
    def duplicates(self) -> int:
        return self.already_there + self.repeated

    def as_json(self) -> dict[str, Any]:
        """Kept with an upload, where the first rejected rows are enough; answers are counted, never kept."""
        return {**asdict(self), "rejected": [asdict(row) for row in self.rejected[:REJECTED_LISTED]]}


class Reading:
    """One pass over a file. Take `fresh_cases` to its end, then ask for `report` and `file_digest`."""

    def __init__(self, measurement_set: MeasurementSet, version: MeasurementSetVersion | None, file: ImportedFile, format: str, *, file_name: str) -> None:
        self.harms = HarmNames(measurement_set.system_id)
        self.keys = _KnownKeys(case_keys(version))
        self._rejected: list[RejectedRow] = []
        self._unknown_harms: Counter[str] = Counter()
        self._tally = Tally(self.keys)
        self._stream = _HashedStream(file)
        self._rows = parse(self._stream, format, limits=import_limits(), size=getattr(file, "size", None), name=file_name)

    def fresh_cases(self) -> Iterator[ParsedCase]:
        """Cases that the set doesn't hold yet, in the file's order. Raises Invalid for a file that is unusable as a whole."""
        return self._tally.fresh_cases(self._noted())

    def report(self) -> ImportReport:
        found: Report = self._tally.report()
        return ImportReport(
            accepted=found.accepted,
            already_there=self.keys.hits,
            repeated=found.duplicates - self.keys.hits,
            rejected_count=found.rejected_count,
            rejected=self._rejected,
            ignored_columns=found.ignored_columns,
            unknown_harms=dict(self._unknown_harms),
            strata=found.strata,
            languages=found.languages,
            sample=found.sample,
            results=found.results,
        )

    @property
    def file_digest(self) -> str:
        return self._stream.digest.hexdigest()

    def _noted(self) -> Iterator[Parsed]:
        """The rows, keeping the first that are rejected and counting names of harms that the system hasn't."""
        for row in self._rows:
            if isinstance(row, RejectedRow) and len(self._rejected) < REJECTED_ANSWERED:
                self._rejected.append(row)
            if isinstance(row, ParsedCase) and row.harm and self.harms.find(row.harm) is None:
                self._note_harm(row.harm)
            yield row

    def _note_harm(self, name: str) -> None:
        if name in self._unknown_harms or len(self._unknown_harms) < UNKNOWN_HARMS_LISTED:
            self._unknown_harms[name] += 1


def import_report(
    measurement_set: MeasurementSet, version: MeasurementSetVersion | None, file: ImportedFile, format: str, *, file_name: str
) -> tuple[ImportReport, str]:
    """The dry run: what importing the file into this version's successor would bring, and the file's SHA-256."""
    reading = Reading(measurement_set, version, file, format, file_name=file_name)
    for _ in reading.fresh_cases():
        pass
    run = run_of_file(measurement_set, reading.file_digest)
    return replace(reading.report(), run_id=run.pk if run else None), reading.file_digest


def cases_with_answers(file: ImportedFile, format: str, *, file_name: str) -> Iterator[ParsedCase]:
    """The cases of a file that has been read before, from its beginning, each with its answers."""
    file.seek(0)
    rows = parse(file, format, limits=import_limits(), name=file_name)
    return (row for row in rows if isinstance(row, ParsedCase) and row.answers)


def chosen_format(asked: str, file_name: str, file: ImportedFile) -> str:
    """The format asked for, or the one that the file seems to have."""
    if asked:
        return asked
    return detect_format(file_name, read_head(file, HEAD_BYTES))


def rejected_rows(upload: SetUpload) -> Iterator[RejectedRow]:
    """Every rejected row of an upload, read again from its bytes."""
    rows = parse(UploadedBytes(upload), upload.format, limits=import_limits(), name=upload.file_name)
    return (row for row in rows if isinstance(row, RejectedRow))


def import_limits() -> Limits:
    return Limits(max_bytes=settings.UPLOAD_MAX_BYTES)


class UploadedBytes:
    """The bytes of an upload as a stream, one part in memory at a time."""

    def __init__(self, upload: SetUpload) -> None:
        self._upload = upload
        self._number, self._rest = 0, memoryview(b"")

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            part = self._upload.parts.filter(number=self._number).first()
            self._number += 1
            self._rest = memoryview(part.content) if part else memoryview(b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)

    def seek(self, offset: int, /) -> int:
        """To the beginning; nothing else is ever asked."""
        self._number, self._rest = 0, memoryview(b"")
        return 0


class _KnownKeys:
    """The keys of a set's cases; counts how often a row was found among them."""

    def __init__(self, keys: set[str]) -> None:
        self.all = keys
        self.hits = 0

    def __contains__(self, key: object) -> bool:
        found = key in self.all
        self.hits += found
        return found


class _HashedStream:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: ImportedFile) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self.digest.update(piece)
        return piece

    def seek(self, offset: int, /) -> int:
        """To the beginning, from where the digest begins again too."""
        self.digest = hashlib.sha256()
        return self._stream.seek(offset)
