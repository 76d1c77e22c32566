"""Taking the ledger out is itself an entry."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.audit import ledger, policies
from raiportal.audit.models import Entry


@transaction.atomic
def note_export(*, format: str, filters: Mapping[str, str], actor: User) -> Entry:
    """Record that somebody takes entries out, and which. Raises PolicyDenied."""
    if actor.kind != UserKind.SYSTEM:
        policies.may_read_ledger(actor).require()
    return ledger.record("audit.ledger_exported", subject=actor, actor=actor, format=format, filters=dict(filters))
