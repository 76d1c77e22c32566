"""Entries that were written before there were digests get theirs; the label of their object moves into the payload, where it can be erased.

Nothing was sealed before, so no seal is broken. The triggers that refuse changes are off within this transaction alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import migrations

BATCH = 2_000  # rows
READ = """
select e.id, e.subject_label, p.salt, p.body::text from audit_entry e join audit_payload p on p.entry_id = e.id
where e.id > %s and e.digest = '' order by e.id limit %s
"""


def give_digests(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        for table in ("audit_entry", "audit_payload"):
            cursor.execute(f"alter table {table} disable trigger {table}_row_is_final")
        last = 0
        while rows := _read(cursor, last):
            last = rows[-1][0]
            moved = [(pk, salt, {**json.loads(body), "subject": label}) for pk, label, salt, body in rows]
            cursor.executemany("update audit_payload set body = %s::jsonb where entry_id = %s", [(json.dumps(body), pk) for pk, _, body in moved])
            cursor.executemany(
                "update audit_entry set subject_label = '', payload_digest = %s where id = %s", [(_digest(s, body), pk) for pk, s, body in moved]
            )
        cursor.execute("update audit_entry e set digest = audit_entry_digest(e) where digest = ''")
        cursor.execute("set constraints all immediate")  # foreign keys of rows that were written twice are looked at now, not at the end
        for table in ("audit_entry", "audit_payload"):
            cursor.execute(f"alter table {table} enable trigger {table}_row_is_final")


def _read(cursor: Any, last: int) -> list[Any]:
    cursor.execute(READ, [last, BATCH])
    return cursor.fetchall()


def _digest(salt: str, body: dict[str, Any]) -> str:
    """As the ledger works it out, of the payload as the database keeps it."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_number_and_digest_entries")]
    operations = [migrations.RunPython(give_digests, migrations.RunPython.noop)]
