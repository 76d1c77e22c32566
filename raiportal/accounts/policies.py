"""Who may give roles, make accounts and keys."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import ApiToken, Invitation, User
from raiportal.policy import ALLOWED, Decision, denied


def may_manage_people(user: User) -> Decision:
    if roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can add people and give roles.")


def may_give_role(user: User, role: Role, scope_id: int | None) -> Decision:
    """Give or take a role. Nobody gives one above their own: roles of the organisation come from administrators alone."""
    if scope_id is None:
        return ALLOWED if roles.holds(user, Role.ADMINISTRATOR) else denied("Only an administrator can give or take a role in the organisation.")
    if roles.holds(user, Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.OWNER, scope_id=scope_id):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can give or take this role.")


def may_make_token(user: User, owner: User) -> Decision:
    """Nobody makes a token for another person: what it did would stand in that person's name."""
    if user.pk == owner.pk:
        return ALLOWED
    if owner.kind == UserKind.SERVICE and roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("People make their API tokens for themselves, and administrators make those of service accounts.")


def may_revoke_token(user: User, token: ApiToken) -> Decision:
    if user.pk == token.user_id or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only the token's owner or an administrator can revoke it.")


def may_read_everything(user: User) -> Decision:
    if roles.holds(user, Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR):
        return ALLOWED
    return denied("Only administrators, risk managers and auditors can read this for the whole organisation.")


def may_handle_invitation(user: User, invitation: Invitation) -> Decision:
    if user.pk == invitation.created_by_id or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Whoever invited, or an administrator, can send it again or take it back.")


def may_invite(user: User) -> Decision:
    """Whether they may invite at all; each role that they offer is asked for by itself."""
    if roles.holds(user, Role.ADMINISTRATOR, Role.RISK_MANAGER) or roles.scopes_with(user, Role.OWNER):
        return ALLOWED
    return denied("Only an administrator, a risk manager or a system's owner can invite people.")
