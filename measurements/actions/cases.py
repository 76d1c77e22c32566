"""Cases written into a new version of a set: those of the version before, then the fresh ones of a file, streamed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection

from measurements.imports import ParsedCase
from measurements.models import MeasurementSet, MeasurementSetVersion
from measurements.selectors.cases import counted_mix
from measurements.selectors.reading import Reading
from raiportal.accounts.models import User

BATCH_CASES = 1_000  # written at once: reading the next ones may need the connection, which a running COPY holds
COLUMNS = "version_id, position, key, external_id, messages, stratum, harm_id, expectation, language, source"
COPIED_COLUMNS = COLUMNS.removeprefix("version_id, ")
NEXT_VERSION_ID = "select nextval(pg_get_serial_sequence('measurement_set_version', 'id'))"
COPY_CASES = f"copy measurement_case ({COLUMNS}) from stdin"
REPEAT_CASES = f"insert into measurement_case ({COLUMNS}) select %s, {COPIED_COLUMNS} from measurement_case where version_id = %s"  # noqa: S608 (constants)


def add_version(
    measurement_set: MeasurementSet, before: MeasurementSetVersion | None, reading: Reading, *, file_name: str, actor: User
) -> MeasurementSetVersion | None:
    """The next version with the file's fresh cases behind those of `before`; None when the file brings nothing new.

    The caller holds the lock on the set. The version's row comes last, since it is final and tells what the cases add up to; its id is drawn first.
    """
    fresh = reading.fresh_cases()
    batch = list(islice(fresh, BATCH_CASES))
    if not batch:
        return None
    version_id, earlier = next_version_id(), before.case_count if before else 0
    if before:
        _repeat_cases(before.pk, version_id)
    added: list[str] = []
    while batch:
        copy_rows(_row(case, version_id, position, reading) for position, case in enumerate(batch, start=earlier + len(added)))
        added.extend(case.key for case in batch)
        batch = list(islice(fresh, BATCH_CASES))
    return MeasurementSetVersion.objects.create(
        pk=version_id,
        measurement_set=measurement_set,
        number=before.number + 1 if before else 1,
        case_count=earlier + len(added),
        added_count=len(added),
        digest=cases_digest(reading.keys.all.union(added)),
        file_name=file_name,
        file_digest=reading.file_digest,
        mix=counted_mix(version_id),
        created_by=actor,
    )


def stored_messages(messages: Sequence[Any]) -> str:
    return json.dumps(messages, ensure_ascii=False, separators=(",", ":"))


def cases_digest(keys: Iterable[str]) -> str:
    """SHA-256 over the sorted keys, one a line: the same cases give the same digest in whatever order they came."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()


def next_version_id() -> int:
    """Drawn before the version is stored, since its row is final and comes last."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_VERSION_ID)
        (version_id,) = cursor.fetchone()
    return int(version_id)


def _repeat_cases(before_id: int, version_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(REPEAT_CASES, [version_id, before_id])


def copy_rows(rows: Iterable[tuple[Any, ...]]) -> None:
    """Write cases, each with the values of COLUMNS. All are drawn before the first is written, since a running COPY holds the connection."""
    drawn = list(rows)
    with connection.cursor() as cursor, cursor.copy(COPY_CASES) as copy:
        for row in drawn:
            copy.write_row(row)


def _row(case: ParsedCase, version_id: int, position: int, reading: Reading) -> tuple[Any, ...]:
    harm_id = reading.harms.find(case.harm) if case.harm else None
    return (
        version_id,
        position,
        case.key,
        case.external_id,
        stored_messages(case.messages),
        case.stratum,
        harm_id,
        case.expectation,
        case.language,
        case.source,
    )
