"""The invariants of the kernel itself: ledger, secrets, administrators, and the triggers that keep rows as they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from raiportal.integrity import secrets
from raiportal.integrity.invariants import Invariant, all_of, found_by, rows_of

_ADMINISTRATORS = """
select 1 from account_membership m join account_user u on u.id = m.user_id
where m.role = 'administrator' and m.scope_id is null and u.is_active and (m.until is null or m.until > clock_timestamp())
"""
_PEOPLE = "select 1 from account_user where kind = 'person' limit 1"
_WITHOUT_PAYLOAD = "select e.id, e.action from audit_entry e where not exists (select 1 from audit_payload p where p.entry_id = e.id)"
_WATCHED = """
select name, coalesce(t.relname is not null, false) from unnest(%(tables)s::text[]) as name
left join (
    select distinct c.relname from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_proc f on f.oid = g.tgfoid
    where not g.tgisinternal and g.tgenabled in ('O', 'A') and (g.tgtype::int & 2) = 2 and (g.tgtype::int & 24) = 24
) t on t.relname = name
"""  # tgtype: 2 before, 8 delete, 16 update
LEDGER_TABLES = ("audit_entry", "audit_payload")


def are_final(*tables: str) -> Callable[[], Iterator[str]]:
    """A check that the database itself refuses to change rows of these tables."""

    def check() -> Iterator[str]:
        for table, is_watched in rows_of(_WATCHED, {"tables": list(tables)}):
            if not is_watched:
                yield f"Nothing keeps the rows of {table} from being changed: its trigger is gone or switched off."

    return check


def _ledger_verifies() -> Iterator[str]:
    from raiportal.audit.verify import verify

    yield from verify().problems


def _has_administrator() -> Iterator[str]:
    if any(rows_of(_PEOPLE)) and not any(rows_of(_ADMINISTRATORS)):
        yield "Nobody who can sign in is an administrator of the organisation."


KERNEL: Sequence[Invariant] = (
    Invariant("INV-08 of the ledger", "Entries of the ledger can't be changed", are_final(*LEDGER_TABLES)),
    Invariant("INV-17", "The ledger verifies from its first entry to its last, and holds the last checkpoint", _ledger_verifies),
    Invariant("INV-18 of the ledger", "Every entry of the ledger has its payload", found_by(_WITHOUT_PAYLOAD, "Entry {0} of the ledger ({1}) has no payload.")),
    Invariant(
        "INV-29",
        "No secret can be read in any text column, and every encrypted one opens with this installation's keys",
        all_of(secrets.readable_secrets, secrets.unreadable_values),
    ),
    Invariant("INV-31", "At least one active administrator", _has_administrator),
)
