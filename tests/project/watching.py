"""What changed in the tables between two moments of one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

NOT_COMPARED = frozenset({"django_session", "cache_entry", "django_migrations"})
# The ledger's notes of refusals don't count, nor when a token was last used or a browser last seen.
COMPARED_PARTS = {
    "audit_entry": "select * from audit_entry where action <> 'refused'",
    "audit_payload": "select p.* from audit_payload p join audit_entry e on e.id = p.entry_id where e.action <> 'refused'",
    "account_sign_in": "select id, user_id, session_key, method, address, device from account_sign_in",
    "account_api_token": "select id, user_id, name, prefix, digest, ability, expires_at, revoked_at from account_api_token",
}
WRITES_SO_FAR = "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables"  # by the present transaction
Digests = dict[str, str]


@dataclass(frozen=True)
class Watch:
    """The state of all tables at one moment, to be compared with a later one of the same transaction."""

    digests: Digests
    writes: dict[str, int]

    def changed(self) -> set[str]:
        """Tables in which a row was added, removed or changed since. Only tables that were written to are read again."""
        now = _writes()
        written = {table for table, count in now.items() if count != self.writes.get(table, 0)} - NOT_COMPARED
        after = _digests(written) if written else {}
        return {table for table, digest in after.items() if digest != self.digests.get(table)}


def watch(digests: Digests | None = None) -> Watch:
    """Watch the tables from now on; `digests` are given where they are known."""
    return Watch(_digests(_tables()) if digests is None else digests, _writes())


def _tables() -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor)) - NOT_COMPARED


def _writes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(WRITES_SO_FAR)
        return dict(cursor.fetchall())


def _digests(tables: Iterable[str]) -> Digests:
    """For each table a digest over all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(_digest_query(table) for table in sorted(tables)))
        return dict(cursor.fetchall())


def _digest_query(table: str) -> str:
    rows = COMPARED_PARTS.get(table, f'select * from "{table}"')
    return f"select '{table}', coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') from ({rows}) t"
