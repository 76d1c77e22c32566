"""Every change to accounts, roles, scopes and API tokens. Invitations, sessions, second factors and single sign-on have modules of their own."""

from __future__ import annotations

from raiportal.accounts.actions.memberships import give_role, make_scope, take_role
from raiportal.accounts.actions.people import add_service_account, add_user, ensure_system_user, set_active
from raiportal.accounts.actions.review_kinds import apply_review_kinds
from raiportal.accounts.actions.tokens import make_token, note_token_use, revoke_token, token_digest

__all__ = [
    "add_service_account",
    "add_user",
    "apply_review_kinds",
    "ensure_system_user",
    "give_role",
    "make_scope",
    "make_token",
    "note_token_use",
    "revoke_token",
    "set_active",
    "take_role",
    "token_digest",
]
