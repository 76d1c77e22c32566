"""A ledger that was begun before there were digests and seals is whole after the upgrade."""

from __future__ import annotations

import pytest
from django.db import connection

from raiportal.audit import ledger, verify
from raiportal.audit.models import Entry
from tests.audit import ledgers
from tests.upgrading import migrate, newest, scratch

__all__ = ["scratch"]  # a fixture
pytestmark = pytest.mark.usefixtures("scratch")

OLD = ("audit", "0002_refuse_changes")
WRITE = """
insert into audit_entry (at, actor_id, action, subject_kind, subject_id, subject_label, request_id, payload_digest)
values (now(), %s, 'accounts.user_added', 'accounts.user', 7, 'Ada "O''Hara" Ünal', '', %s) returning id
"""


def test_older_entries_get_digests_and_lose_the_label_to_the_payload() -> None:
    migrate(OLD, ("accounts", "0002_add_system_user"))
    system = ledgers.system_row()
    body = '{"changes": {"rate": [1.50, 2]}, "reason": "é", "details": {}}'
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute(WRITE, [system, "0" * 64])
            (pk,) = cursor.fetchone()
            cursor.execute("insert into audit_payload (entry_id, salt, body) values (%s, 'grain', %s)", [pk, body])

    migrate(*newest("audit"), *newest("accounts"))

    found = list(Entry.objects.filter(subject_id=7).select_related("payload"))
    assert len(found) == 3
    assert {(entry.subject_label, entry.payload.body["subject"]) for entry in found} == {("", 'Ada "O\'Hara" Ünal')}
    assert all(entry.payload_digest == ledger.payload_digest("grain", entry.payload.body) for entry in found)
    ledgers.write()
    assert ledgers.seal().count >= 4
    assert verify.verify().problems == []
