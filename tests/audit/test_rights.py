"""SEC-41: the application's role can't change what is written once; what the owner changed is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from psycopg import errors
from pytest_django import Settings

from raiportal.audit import rights
from raiportal.audit.models import Entry, Payload, Segment
from tests.audit import ledgers
from tests.audit.conftest import PASSWORD, connect

pytestmark = pytest.mark.django_db

LEDGER = ("audit_entry", "audit_payload", "audit_segment")
REFUSED = [
    "update {table} set {column} = {column}",
    "delete from {table}",
    "truncate {table} cascade",
    "alter table {table} add column more int",
    "alter table {table} disable trigger all",
    "drop trigger {table}_row_is_final on {table}",
    "create trigger mine before insert on {table} for each row execute function refuse_change()",
    "drop table {table} cascade",
    "select * from {table} for update",
]
COLUMNS = {"audit_entry": "action", "audit_payload": "body", "audit_segment": "signature"}


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local role {role}")
        yield


def test_sec_41_application_can_only_read_and_add(as_application: psycopg.Connection) -> None:
    for table in LEDGER:
        for statement in REFUSED:
            with pytest.raises(errors.InsufficientPrivilege):
                as_application.execute(statement.format(table=table, column=COLUMNS[table]))  # type: ignore[call-overload]  # built of ours


@pytest.mark.parametrize("setting", ["session_replication_role = replica", "role raiportal", "raiportal.erasing = 'on'"])
def test_sec_41_no_setting_opens_the_way(as_application: psycopg.Connection, setting: str) -> None:
    with pytest.raises(psycopg.Error, match="permission denied"), as_application.transaction():
        as_application.execute(f"set {setting}; update audit_payload set salt = '', body = '{{}}'")  # type: ignore[call-overload]


def test_sec_41_models_change_nothing_with_the_applications_rights(application_role: str) -> None:
    (entry,) = ledgers.write()
    entry.action = "accounts.other"
    rows = Entry.objects.filter(pk=entry.pk)

    for attempt in (
        lambda: Entry.objects.bulk_update([entry], ["action"]),
        lambda: rows.update(action="accounts.other"),
        lambda: rows._raw_delete("default"),
        lambda: entry.save(),
        lambda: Payload.objects.filter(pk=entry.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="permission denied"), acting_as(application_role):
            attempt()

    entry.refresh_from_db()
    assert entry.action == "accounts.noted"


def test_application_writes_and_seals(application_role: str) -> None:
    ledgers.write()

    with acting_as(application_role):
        ledgers.write(3)
        assert ledgers.seal().count >= 4

    assert Segment.objects.count() == 1


def test_application_cannot_choose_the_number_of_an_entry(as_application: psycopg.Connection) -> None:
    for number in (1, 10**12):
        with pytest.raises(psycopg.Error, match=r"given by the database|not yet defined"):
            as_application.execute(
                "insert into audit_entry (id, at, action, subject_kind, subject_label, request_id, payload_digest, digest) "
                "values (%s, now(), 'x', 'x', '', '', repeat('0', 64), repeat('0', 64))",
                [number],
            )
    with pytest.raises(errors.InsufficientPrivilege):
        as_application.execute("select setval('audit_entry_number', 1)")


def test_the_digest_is_the_databases_whatever_is_said(as_application: psycopg.Connection) -> None:
    with as_application.transaction(force_rollback=True):  # an entry without a payload would be found by the tests that come after
        row = as_application.execute(
            "insert into audit_entry (at, action, subject_kind, subject_label, request_id, payload_digest, digest) "
            "values (now(), 'x', 'x', '', '', repeat('0', 64), repeat('1', 64)) "
            "returning digest <> repeat('1', 64), digest = audit_entry_digest(audit_entry)"
        ).fetchone()

    assert row == (True, True)


def test_every_table_whose_rows_are_final_is_append_only(superuser: psycopg.Connection, application_role: str) -> None:
    found = rights.append_only_tables()
    named = superuser.execute("select tgrelid::regclass::text from pg_trigger where tgname like '%\\_row\\_is\\_final' order by 1").fetchall()

    assert found == [name for (name,) in named]
    assert {*LEDGER, "output", "judgement", "judge_vote", "risk_point", "metaprompt_version", "configuration"} <= set(found)
    for table in found:
        query = "select has_table_privilege(%s, %s, 'INSERT'), has_table_privilege(%s, %s, 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
        assert superuser.execute(query, [application_role, table] * 2).fetchone() == (True, False), table


def test_tables_of_later_migrations_are_the_applications_to_use(as_application: psycopg.Connection) -> None:
    with connect("raiportal", PASSWORD) as owner:
        owner.execute("create table made_later (id bigint generated by default as identity, word text)")
        try:
            assert as_application.execute("insert into made_later (word) values ('x') returning id").fetchone() == (1,)
        finally:
            owner.execute("drop table made_later")


def test_granting_again_takes_away_what_was_given_by_hand(application_role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"grant update, truncate on audit_entry to {application_role}")

    rights.grant_rights(application_role)

    with connection.cursor() as cursor:
        cursor.execute("select has_table_privilege(%s, 'audit_entry', 'UPDATE, TRUNCATE')", [application_role])
        assert cursor.fetchone() == (False,)


def test_rights_that_are_too_wide_are_told(application_role: str) -> None:
    assert {excess.table for excess in rights.excess_rights()} >= set(LEDGER)  # the tests' own role owns everything

    with acting_as(application_role):
        assert rights.excess_rights() == []


def test_prepare_database_wants_two_roles(settings: Settings, db: None) -> None:
    settings.DB_APP_ROLE = ""
    with pytest.raises(CommandError, match="RAIPORTAL_DB_APP_ROLE isn't set"):
        call_command("prepare_database")
    settings.DB_APP_ROLE = connection.settings_dict["USER"]
    with pytest.raises(CommandError, match="another role"):
        call_command("prepare_database")
    settings.DB_APP_ROLE, settings.DB_APP_PASSWORD = "nobody_at_all", ""
    with pytest.raises(CommandError, match="There is no database role nobody_at_all"):
        call_command("prepare_database", verbosity=0)


def test_prepare_database_gives_the_role_its_rights_twice(settings: Settings, application_role: str) -> None:
    settings.DB_APP_ROLE, settings.DB_APP_PASSWORD = application_role, ""

    call_command("prepare_database", verbosity=0)
    call_command("prepare_database", verbosity=0)

    with acting_as(application_role):
        assert rights.excess_rights() == []
