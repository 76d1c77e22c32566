"""Giving and taking roles in one system."""

from __future__ import annotations

import datetime

from django.db import transaction

from raiportal import clocks
from raiportal.accounts import actions as account_actions
from raiportal.accounts.enums import SCOPE_ROLES, Role, UserKind
from raiportal.accounts.models import Membership, User
from raiportal.accounts.policies import may_give_role
from raiportal.checks import require_text
from raiportal.errors import Invalid, Missing
from systems.models import AISystem


@transaction.atomic
def give_system_role(
    *, system_id: int, user: User, role: Role, until: datetime.datetime | None = None, review_kind: str | None = None, actor: User
) -> Membership:
    """Give somebody a role in a system, until a moment or for good; a reviewer's is of one kind. Giving the same again only moves its end."""
    system: AISystem = AISystem.objects.lock(system_id)
    may_give_role(actor, role, system.pk).require()
    if role not in SCOPE_ROLES:
        raise Invalid("This role is held for the whole organisation, not in one system.", field="role")
    if not user.is_active or user.kind == UserKind.SYSTEM:
        raise Invalid("This account is kept out or is the portal's own.", field="user")
    if until is not None and until <= clocks.now():
        raise Invalid("The end lies in the past.", field="until")
    return account_actions.give_role(user=user, role=role, scope=system.scope, until=until, review_kind=review_kind or None, actor=actor)


@transaction.atomic
def take_system_role(*, system_id: int, membership_id: int, reason: str, actor: User) -> None:
    """Take a role in a system away at once. Raises Missing when it isn't one of this system's."""
    system: AISystem = AISystem.objects.lock(system_id)
    may_give_role(actor, Role.VIEWER, system.pk).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if not Membership.objects.filter(pk=membership_id, scope_id=system.pk).exists():
        raise Missing("This role isn't there any more.")
    account_actions.take_role(membership_id=membership_id, reason=reason, actor=actor)
