"""What the application's database role may do: it owns nothing, and on tables whose rows are written once it may only read and add.

Which tables those are is read from the database: every table with a trigger that refuses changes. So none can be forgotten here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg import sql

REFUSING = ("refuse_change", "refuse_all_but_erasure")  # trigger functions of tables whose rows are written once
FUNCTIONS = ("audit_erase_payloads(bigint[], bigint)",)  # the owner's functions that the application calls
MIGRATIONS = "django_migrations"  # which of them were applied is for the owner to say

_APPEND_ONLY = """
select distinct t.tgrelid::regclass::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and p.proname = any(%s) and t.tgqual is null order by 1
"""
_GRANTS = (
    "revoke create on schema public from public",
    "grant usage on schema public to {role}",
    "grant select, insert, update, delete on all tables in schema public to {role}",
    "revoke truncate, references, trigger on all tables in schema public from {role}",
    "grant usage, select on all sequences in schema public to {role}",
    "alter default privileges in schema public grant select, insert, update, delete on tables to {role}",
    "alter default privileges in schema public grant usage, select on sequences to {role}",
)
_EXCESS = """
select c.relname, c.relowner = r.oid or pg_has_role(r.oid, c.relowner, 'USAGE'),
    has_table_privilege(r.oid, c.oid, 'UPDATE') or has_any_column_privilege(r.oid, c.oid, 'UPDATE'),
    has_table_privilege(r.oid, c.oid, 'DELETE'), has_table_privilege(r.oid, c.oid, 'TRUNCATE'), has_table_privilege(r.oid, c.oid, 'TRIGGER')
from pg_class c, pg_roles r
where r.rolname = current_user and c.relname = any(%s) and c.relnamespace = 'public'::regnamespace order by 1
"""


@dataclass(frozen=True)
class Excess:
    """A right of the connected role on an append-only table that the application's role must not have."""

    table: str
    rights: tuple[str, ...]  # "owner", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER"

    def __str__(self) -> str:
        return f"{self.table} ({', '.join(self.rights)})"


def append_only_tables() -> list[str]:
    """Names of all tables whose triggers refuse every change of a row."""
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_ONLY, [list(REFUSING)])
        return [name for (name,) in cursor.fetchall()]


@transaction.atomic
def grant_rights(app_role: str) -> None:
    """Give the application's role what it needs and take everything else. Run by the tables' owner; harmless when repeated."""
    role = sql.Identifier(app_role)
    with connection.cursor() as cursor:
        for statement in _GRANTS:
            cursor.execute(_with(statement, role))
        for table in append_only_tables():
            cursor.execute(_with("revoke update, delete, truncate on {table} from {role}", role, table=sql.Identifier(table)))
        cursor.execute(_with("revoke insert, update, delete, truncate on {table} from {role}", role, table=sql.Identifier(MIGRATIONS)))
        for function in FUNCTIONS:
            cursor.execute(_with(f"revoke execute on function {function} from public", role))
            cursor.execute(_with(f"grant execute on function {function} to {{role}}", role))


def ensure_role(app_role: str, password: str) -> bool:
    """Whether the role exists, after making it if `password` is given (or setting that password) and the connected role may do so."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [app_role])
        known = cursor.fetchone() is not None
        if password:
            statement = "alter role {role} login password {password}" if known else "create role {role} login password {password}"
            cursor.execute(_with(statement, sql.Identifier(app_role), password=sql.Literal(password)))
    return known or bool(password)


def excess_rights() -> list[Excess]:
    """What the role of this connection could do to append-only tables beyond reading and adding; [] is as it should be.

    A superuser may do everything and is told with every table.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXCESS, [append_only_tables()])
        rows = cursor.fetchall()
    names = ("owner", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
    found = [Excess(table, tuple(name for name, held in zip(names, flags, strict=True) if held)) for table, *flags in rows]
    return [excess for excess in found if excess.rights]


def _with(statement: str, role: sql.Identifier, **parts: sql.Composable) -> Any:
    with connection.cursor() as cursor:
        return sql.SQL(statement).format(role=role, **parts).as_string(cursor.connection)  # type: ignore[arg-type]
