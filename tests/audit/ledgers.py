"""Small ledgers for the tests."""

from __future__ import annotations

from django.db import connection

from raiportal.accounts import actions
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.audit.actions import sealing
from raiportal.audit.models import Entry, Segment


def write(count: int = 1, *, reason: str = "because") -> list[Entry]:
    system = actions.ensure_system_user()
    return [ledger.record("accounts.noted", subject=system, actor=system, reason=reason, number=number) for number in range(count)]


def seal() -> Segment:
    """One segment over what was written before."""
    (segment,) = sealing.seal()
    return segment


def sealed(*counts: int) -> list[Segment]:
    """A ledger with so many entries in each segment."""
    return [seal() for count in counts if write(count)]


def system() -> User:
    return actions.ensure_system_user()


def plant(statement: str, *arguments: object) -> None:
    """Change the ledger as its owner could, with triggers off, and check that something was changed."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set session_replication_role = replica")
        cursor.execute(statement, arguments)
        assert cursor.rowcount > 0
        cursor.execute("set session_replication_role = origin")


def system_row() -> int:
    """The portal's own account, asked for without what older tables can't give."""
    with connection.cursor() as cursor:
        cursor.execute("select id from account_user where kind = 'system'")
        return int(cursor.fetchone()[0])


def note(actor: User, number: int) -> Entry:
    return ledger.record("accounts.noted", subject=actor, actor=actor, number=number)
