"""Who may change reference data."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied


def may_edit_catalogue(user: User) -> Decision:
    if user.kind == UserKind.SYSTEM or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can change the reference data.")
