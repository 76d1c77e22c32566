"""Who may have webhooks, and send a message again."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.notifications.enums import Channel
from raiportal.notifications.models import Delivery
from raiportal.policy import ALLOWED, Decision, denied


def may_manage_webhooks(user: User, scope_id: int | None) -> Decision:
    """Of one system, or (`scope_id` None) of the whole organisation."""
    if roles.holds(user, Role.ADMINISTRATOR, scope_id=scope_id):
        return ALLOWED
    if scope_id is None:
        return denied("Only an administrator can have webhooks for the whole organisation.")
    if roles.holds(user, Role.OWNER, scope_id=scope_id):
        return ALLOWED
    return denied("Only the system's owner or an administrator can have webhooks for it.")


def may_have_webhooks(user: User) -> Decision:
    """Whether they may have any at all."""
    if roles.holds(user, Role.ADMINISTRATOR) or roles.scopes_with(user, Role.OWNER):
        return ALLOWED
    return denied("Only administrators and owners of systems can have webhooks.")


def may_read_deliveries(user: User) -> Decision:
    if may_have_webhooks(user):
        return ALLOWED
    return denied("Only administrators and owners of systems can read what was sent.")


def may_send_again(user: User, delivery: Delivery) -> Decision:
    if delivery.channel == Channel.WEBHOOK and delivery.webhook is not None:
        return may_manage_webhooks(user, delivery.webhook.scope_id)
    return ALLOWED if roles.holds(user, Role.ADMINISTRATOR) else denied("Only an administrator can send a mail again.")
