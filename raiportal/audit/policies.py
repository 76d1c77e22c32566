"""Who may read the ledger, and who may take personal data out of it."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.accounts.policies import may_read_everything
from raiportal.policy import ALLOWED, Decision, denied


def may_read_ledger(user: User) -> Decision:
    """The whole ledger; the history of one object is read by whoever may see the object."""
    return may_read_everything(user)


def may_erase(user: User) -> Decision:
    if roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can take personal data out of the ledger.")
