"""The ledger as it is written out: entries and segments as the objects that digests are over, that exports hold and that verifying reads."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from raiportal import clocks
from raiportal.audit import keys
from raiportal.audit.models import Segment
from raiportal.audit.standalone import verify_ledger

BATCH = 2_000  # rows read at a time
_ENTRIES = """
select e.id, e.at, e.actor_id, e.action, e.scope_id, e.subject_kind, e.subject_id, e.subject_label, e.request_id, e.token_id, e.refusal_key,
    e.payload_digest, e.digest, p.salt, p.body::text, p.erased_by_id
from audit_entry e left join audit_payload p on p.entry_id = e.id where e.id > %s and e.id <= %s order by e.id limit %s
"""
_NAMES = ("id", *verify_ledger.ENTRY_COLUMNS, "digest")
_LARGEST_ID = 2**63 - 1


def moment(value: datetime.datetime) -> str:
    """A moment in UTC to the microsecond, always of the same length."""
    return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def segment_columns(segment: Segment) -> dict[str, Any]:
    columns = {name: getattr(segment, name) for name in (*verify_ledger.SEGMENT_COLUMNS, "digest", "signature")}
    return {"kind": "segment", **columns, "sealed_at": moment(segment.sealed_at)}


def parts() -> Iterator[dict[str, Any]]:
    """All entries in the order of their ids, and each segment after the last entry it seals. Reads in batches; the caller holds one snapshot."""
    last = 0
    for segment in Segment.objects.order_by("number").iterator(BATCH):
        yield from _entries(last, segment.last_id)
        last = max(segment.last_id, last)
        yield segment_columns(segment)
    yield from _entries(last, _LARGEST_ID)


def export() -> Iterator[str]:
    """The lines of an export: head, parts, and an end that is signed over what the file holds. Reads one snapshot of the database."""
    with snapshot():
        yield _line({"kind": "ledger", "format": verify_ledger.FORMAT})
        verifier = verify_ledger.Verifier(keys.public_keys(), signed=keys.is_signed)
        for part in parts():
            (verifier.entry if part["kind"] == "entry" else verifier.segment)(part)
            yield _line(part)
        yield _line(_end(verifier))


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything within is read as of one moment; within a transaction of the caller, as that one reads."""
    is_ours = not connection.in_atomic_block
    with transaction.atomic():
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def _entries(after: int, until: int) -> Iterator[dict[str, Any]]:
    while rows := _rows(after, until):
        for row in rows:
            yield _entry(row)
        after = rows[-1][0]


def _rows(after: int, until: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [after, until, BATCH])
        return cursor.fetchall()


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    *columns, salt, body, erased_by = row
    entry = dict(zip(_NAMES, columns, strict=True))
    return {"kind": "entry", **entry, "at": moment(entry["at"]), "salt": salt or "", "payload": json.loads(body or "null"), "erased_by": erased_by}


def _end(verifier: verify_ledger.Verifier) -> dict[str, Any]:
    signer = keys.signer()
    found = verifier.findings
    end = {"kind": "end", "made_at": moment(clocks.now()), "entries": found.entries, "segments": found.segments, "head": verifier.head}
    end |= {"tail_digest": verifier.tail_digest, "key_id": signer.id}
    return {**end, "signature": signer.sign(verify_ledger.end_text(end))}


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"
