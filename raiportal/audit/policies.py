"""Who may read the ledger."""

from __future__ import annotations

from raiportal.accounts.models import User
from raiportal.accounts.policies import may_read_everything
from raiportal.policy import Decision


def may_read_ledger(user: User) -> Decision:
    """The whole ledger; the history of one object is read by whoever may see the object."""
    return may_read_everything(user)
