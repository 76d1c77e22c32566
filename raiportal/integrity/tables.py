"""The tables as backup and restore see them: names, columns, sequences, triggers, read from the database itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from psycopg import sql

MIGRATIONS = "django_migrations"
# Signs of life, sessions and caches are worth nothing in another place or time: their rows stay out.
PASSING = frozenset({"cache_entry", "django_session", "status_heartbeat"})

_COLUMNS = """
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
order by c.relname, a.attnum
"""
_SEQUENCES = "select sequencename, coalesce(last_value, 0) from pg_sequences where schemaname = current_schema() order by 1"
_TRIGGERS = """
select c.relname, t.tgname, t.tgenabled::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = current_schema()::regnamespace and not t.tgisinternal and t.tgenabled <> 'D' order by 1, 2
"""
_ENABLE = {"O": "enable trigger", "A": "enable always trigger", "R": "enable replica trigger"}


@dataclass(frozen=True)
class Table:
    """A table and those of its columns that hold what was written, not what the database works out from them."""

    name: str
    columns: Sequence[str]

    @property
    def target(self) -> sql.Composable:
        return sql.SQL("{} ({})").format(sql.Identifier(self.name), sql.SQL(", ").join(map(sql.Identifier, self.columns)))


def tables() -> list[Table]:
    """All tables, by name."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column in cursor.fetchall():
            found.setdefault(table, []).append(column)
    return [Table(name, columns) for name, columns in found.items()]


def kept() -> list[Table]:
    """The tables whose rows a backup holds. Applied migrations are told by the manifest."""
    return [table for table in tables() if table.name not in PASSING | {MIGRATIONS}]


def migrations() -> list[str]:
    """The applied migrations as "app.name", or [] where there are no tables yet."""
    with connection.cursor() as cursor:
        if MIGRATIONS not in connection.introspection.table_names(cursor):
            return []
        cursor.execute("select app || '.' || name from django_migrations order by id")
        return [name for (name,) in cursor.fetchall()]


def sequences() -> dict[str, int]:
    """The last value that each sequence gave; 0 where it gave none."""
    with connection.cursor() as cursor:
        cursor.execute(_SEQUENCES)
        return dict(cursor.fetchall())


def set_sequences(values: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        for name, value in values.items():
            cursor.execute("select setval(%s::regclass, %s, %s)", [connection.ops.quote_name(name), max(value, 1), value > 0])


@contextmanager
def emptied() -> Iterator[None]:
    """Empty every table but that of the migrations, and leave our triggers off until the end of the block. Needs the tables' owner and a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS)
        triggers = cursor.fetchall()
        for table, name, _ in triggers:
            cursor.execute(sql.SQL("alter table {} disable trigger {}").format(sql.Identifier(table), sql.Identifier(name)))
        names = [sql.Identifier(table.name) for table in tables() if table.name != MIGRATIONS]
        cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(names)))
        yield
        cursor.execute("set constraints all immediate")
        for table, name, mode in triggers:
            statement = sql.SQL("alter table {} " + _ENABLE[mode] + " {}")
            cursor.execute(statement.format(sql.Identifier(table), sql.Identifier(name)))
