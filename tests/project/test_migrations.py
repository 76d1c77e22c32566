"""Two ways to the tables: the short one of a new database, and every step, as installations and restored backups of older releases take them."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from raiportal.integrity import tables
from raiportal.integrity.restore import bring_tables_to
from tests.upgrading import migrate, newest, scratch

__all__ = ["scratch"]  # a fixture

COLUMNS = """
select table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, identity_generation,
       generation_expression
from information_schema.columns where table_schema = 'public' order by table_name, column_name
"""
CONSTRAINTS = """
select conrelid::regclass::text, regexp_replace(conname, '_[0-9a-f]{8}(_fk|_uniq|$)', ''), pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n' order by 1, 2, 3
"""
INDEXES = """
select tablename, regexp_replace(regexp_replace(indexdef, 'INDEX \\S+', ''), '_[0-9a-f]{8}(_like)?\\M', '\\1')
from pg_indexes where schemaname = 'public' order by 1, 2
"""
TRIGGERS = "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1, 2"
FUNCTIONS = "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace and prolang <> 13 order by 1, 2"
EXTENSIONS = "select extname from pg_extension order by 1"


@pytest.fixture
def usual(transactional_db: None) -> dict[str, set[tuple[object, ...]]]:
    """The schema of the tests' own database, which took the short way."""
    return schema()


@pytest.mark.full
def test_the_short_way_and_every_step_lead_to_the_same_tables(usual: dict[str, set[tuple[object, ...]]], scratch: None) -> None:
    migrate(*newest())

    told = schema()
    for query, rows in usual.items():
        assert rows, query
        assert rows ^ told[query] == set()


@pytest.mark.full
def test_tables_of_an_older_release_come_step_by_step_for_a_restore(scratch: None) -> None:
    wanted = {node for node in MigrationLoader(None, ignore_no_migrations=True).disk_migrations if not node[1].startswith("0001_squashed")}
    wanted -= {node for node in wanted if node >= ("harms", "0021") and node[0] == "harms"}

    bring_tables_to([".".join(node) for node in wanted])

    assert set(tables.migrations()) == {".".join(node) for node in wanted} | {
        f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations() if name.startswith("0001_squashed") and app != "harms"
    }


def schema() -> dict[str, set[tuple[object, ...]]]:
    found = {}
    with connection.cursor() as cursor:
        for query in (EXTENSIONS, COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, FUNCTIONS):
            cursor.execute(query)
            found[query] = {row for row in cursor.fetchall() if row[0] != settings.CACHES["default"]["LOCATION"]}  # no migration makes that one
    return found
