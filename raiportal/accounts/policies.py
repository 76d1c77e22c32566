"""Who may give roles, make accounts and keys."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import ApiToken, User
from raiportal.policy import ALLOWED, Decision, denied


def may_manage_people(user: User) -> Decision:
    if roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can add people and give roles.")


def may_give_role(user: User, role: Role, scope_id: int | None) -> Decision:
    if roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    if scope_id is not None and roles.holds(user, Role.RISK_MANAGER, Role.OWNER, scope_id=scope_id):
        return ALLOWED
    return denied("Only an administrator, a risk manager or the system's owner can give this role.")


def may_make_token(user: User, owner: User) -> Decision:
    if user.pk == owner.pk or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("You can make API tokens for yourself; an administrator can make them for others.")


def may_revoke_token(user: User, token: ApiToken) -> Decision:
    if user.pk == token.user_id or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only the token's owner or an administrator can revoke it.")


def may_read_everything(user: User) -> Decision:
    if roles.holds(user, Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR):
        return ALLOWED
    return denied("Only administrators, risk managers and auditors can read this for the whole organisation.")
