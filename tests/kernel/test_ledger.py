"""The ledger: one row for each change, in the change's transaction, never changed again."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from raiportal.accounts import actions
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.audit.models import Entry, Payload

pytestmark = pytest.mark.django_db


def test_entry_holds_a_digest_that_only_its_payload_gives() -> None:
    system = User.system()

    entry = ledger.record("accounts.noted", subject=system, actor=system, reason="because", count=3)

    payload = Payload.objects.get(entry=entry)
    assert entry.payload_digest == ledger.payload_digest(payload.salt, payload.body)
    assert entry.payload_digest != ledger.payload_digest(payload.salt, {**payload.body, "reason": "other"})


@pytest.mark.parametrize("table", ["audit_entry", "audit_payload"])
@pytest.mark.parametrize("statement", ["update {table} set {column} = {column}", "delete from {table}", "truncate {table} cascade"])
@pytest.mark.django_db(transaction=True)
def test_database_refuses_to_change_the_ledger(table: str, statement: str) -> None:
    actions.add_user(username="ada", name="Ada", password=None, actor=User.system())
    column = "action" if table == "audit_entry" else "salt"

    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table=table, column=column))

    assert Entry.objects.filter(action="accounts.user_added", payload__body__subject="Ada").exists()


def test_no_change_leaves_no_entry() -> None:
    system = User.system()

    changes = ledger.apply_changes(system, actor=system, action="accounts.user_changed", name=system.name)

    assert changes == {}
    assert not Entry.objects.filter(action="accounts.user_changed").exists()


@pytest.mark.django_db(transaction=True)
def test_rolled_back_change_leaves_no_entry() -> None:
    with transaction.atomic():
        actions.add_user(username="ada", name="Ada", password=None, actor=User.system())
        transaction.set_rollback(True)

    assert not Entry.objects.filter(action="accounts.user_added", payload__body__subject="Ada").exists()
