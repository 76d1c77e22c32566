"""`backup`: everything that the installation holds, as it is at one moment, in one file. It may run while people and workers go on.

All tables are read in one transaction that sees the database as it was at its beginning.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from raiportal import clocks
from raiportal.integrity import archive, files, keys, tables
from raiportal.integrity.archive import Manifest, Part
from raiportal.version import VERSION

_LEDGER = """
select (select count(*) from audit_entry), (select coalesce(max(id), 0) from audit_entry), (select coalesce(max(number), 0) from audit_segment),
       (select digest from audit_segment order by number desc limit 1)
"""


def back_up(path: Path, tell: Callable[[str], None] = lambda line: None) -> Manifest:
    """Write the archive and return its manifest. Raises CannotBackUp; an interrupted backup leaves nothing behind."""
    with archive.writing(path) as target:
        # Files first: a checkpoint of the ledger is written after its segment, so every one of them is about rows that the tables then hold.
        stored = [archive.add_file(target, name, file) for name, file in files.data_files()]
        with one_moment():
            parts = [_add_table(target, table) for table in tables.kept()]
            stored += [archive.add_file(target, name, file) for name, file in files.evidence_files()]
            manifest = _manifest(parts, stored)
        archive.add_manifest(target, manifest)
    tell(f"{manifest.rows} rows of {len(parts)} tables and {len(stored)} files.")
    return manifest


@contextmanager
def one_moment() -> Iterator[None]:
    """A transaction that reads everything as it is at its beginning, and can change nothing."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def _manifest(parts: list[Part], stored: list[Part]) -> Manifest:
    return Manifest(
        made_at=clocks.now().isoformat(),
        version=VERSION,
        server=_server_version(),
        migrations=tables.migrations(),
        sequences=tables.sequences(),
        tables=parts,
        files=stored,
        field_keys=keys.in_use(),
        ledger=_ledger_head(),
    )


def _add_table(target: zipfile.ZipFile, table: tables.Table) -> Part:
    name = f"tables/{table.name}.copy"
    rows = 0

    def chunks() -> Iterator[bytes]:
        nonlocal rows
        with connection.cursor() as cursor:
            statement = sql.SQL("copy {} to stdout").format(table.target)
            with cursor.cursor.copy(statement) as copy:
                for data in copy:
                    yield bytes(data)
            rows = cursor.rowcount

    done = archive.add_stream(target, name, chunks())
    return Part(name, done.digest, done.size, rows, list(table.columns))


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        return str(cursor.fetchone()[0])


def _ledger_head() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER)
        return dict(zip(("entries", "last_entry", "last_segment", "segment_digest"), cursor.fetchone(), strict=True))
