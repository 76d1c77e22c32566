"""Webhooks: an address outside, its secret, and which events it is told of. The secret is shown once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import Membership, Scope, User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.endpoints import check_endpoint, parse_endpoint
from raiportal.errors import Invalid, WrongState
from raiportal.notifications import policies
from raiportal.notifications.actions.telling import notify
from raiportal.notifications.enums import DeliveryState
from raiportal.notifications.kinds import notification_kinds
from raiportal.notifications.models import Delivery, Webhook
from raiportal.notifications.signatures import new_secret

NAME_CHARACTERS = 80
REASON_CHARACTERS = 300
SWITCHED_OFF = "The webhook was switched off."


@transaction.atomic
def add_webhook(*, name: str, url: str, kinds: Iterable[str], scope: Scope | None, actor: User) -> tuple[Webhook, str]:
    """Add a webhook for one system, or (`scope` None) for everything. Returns it with its secret, which is shown now and never again.

    `kinds` are slugs; none stands for every kind. Raises PolicyDenied, or Invalid for an address that may not be called.
    """
    policies.may_manage_webhooks(actor, scope.pk if scope else None).require()
    secret = new_secret()
    webhook = Webhook(scope=scope, secret=secret, created_by=actor, **_checked(name=name, url=url, kinds=kinds))
    webhook.save(force_insert=True)
    changes: dict[str, list[Any]] = {"name": [None, webhook.name], "url": [None, webhook.url]}
    if webhook.kinds:
        changes["kinds"] = [None, webhook.kinds]
    ledger.record("notifications.webhook_added", subject=webhook, actor=actor, changes=changes)
    return webhook, secret


@transaction.atomic
def change_webhook(*, webhook_id: int, actor: User, **fields: Any) -> tuple[Webhook, str]:
    """Change `name`, `url`, `kinds`. Another place (scheme, host or port) gets a new secret: the old one was agreed with somebody else.

    Returns the webhook with that secret, or "" where it stayed.
    """
    webhook = _held(webhook_id, actor)
    changed = _checked(**{"name": webhook.name, "url": webhook.url, "kinds": webhook.kinds, **fields})
    moved = _origin(changed["url"]) != _origin(webhook.url)
    secret = new_secret() if moved else ""
    ledger.apply_changes(webhook, actor=actor, action="notifications.webhook_changed", **changed, **({"secret": secret} if moved else {}))
    return webhook, secret


@transaction.atomic
def renew_secret(*, webhook_id: int, actor: User) -> str:
    """Give a webhook another secret, which is shown now and never again. What goes out from now on is signed with it."""
    webhook, secret = _held(webhook_id, actor), new_secret()
    ledger.apply_changes(webhook, actor=actor, action="notifications.webhook_secret_renewed", secret=secret)
    return secret


@transaction.atomic
def end_webhook(*, webhook_id: int, reason: str, actor: User) -> Webhook:
    """Switch a webhook off, with the reason. What waits for it is not sent."""
    webhook = _held(webhook_id, actor)
    if not webhook.is_active:
        raise WrongState("This webhook is switched off already.")
    _switch_off(webhook, require_text(reason, field="reason", sentence="Say why it is switched off."), actor)
    return webhook


@transaction.atomic
def resume_webhook(*, webhook_id: int, actor: User) -> Webhook:
    """Switch a webhook on again: it is told of what happens from now on."""
    webhook = _held(webhook_id, actor)
    if webhook.is_active:
        raise WrongState("This webhook is switched on already.")
    ledger.apply_changes(webhook, actor=actor, action="notifications.webhook_resumed", is_active=True, ended_reason="")
    return webhook


@transaction.atomic
def end_gone_webhook(*, webhook_id: int, actor: User) -> None:
    """The receiver said that it is gone: switch the webhook off, and tell whoever made it and those who may have webhooks there."""
    webhook: Webhook = Webhook.objects.lock(webhook_id)
    if not webhook.is_active:
        return
    _switch_off(webhook, "The receiver answered 410: it wants no more messages.", actor)
    notify(
        "notifications.webhook_gone",
        recipients=_keepers(webhook),
        subject=webhook,
        title=f"Webhook “{webhook.name}” was switched off: its receiver wants no more messages",
        url=reverse("webhook", args=[webhook.pk]),
        key=f"{webhook.pk}:{clocks.now().isoformat()}",
        actor=actor,
    )


def _switch_off(webhook: Webhook, reason: str, actor: User) -> None:
    ended = {"is_active": False, "ended_reason": reason[:REASON_CHARACTERS]}
    ledger.apply_changes(webhook, actor=actor, action="notifications.webhook_ended", reason=reason, **ended)
    waiting = Delivery.objects.filter(webhook=webhook, state=DeliveryState.WAITING)
    waiting.update(state=DeliveryState.DISABLED, next_at=None, last_error=SWITCHED_OFF)


def _keepers(webhook: Webhook) -> set[int]:
    """Whoever made it, and the owners of its system or the administrators."""
    role = Role.OWNER if webhook.scope_id else Role.ADMINISTRATOR
    held = Membership.objects.in_force().filter(role=role, scope=webhook.scope_id, user__kind=UserKind.PERSON)
    return {webhook.created_by_id, *held.values_list("user_id", flat=True)}


def _held(webhook_id: int, actor: User) -> Webhook:
    webhook: Webhook = Webhook.objects.lock(webhook_id)
    policies.may_manage_webhooks(actor, webhook.scope_id).require()
    return webhook


def _checked(*, name: str, url: str, kinds: Iterable[str]) -> dict[str, Any]:
    name = require_text(name, field="name", sentence="Give the webhook a name.")
    if len(name) > NAME_CHARACTERS:
        raise Invalid(f"A name has at most {NAME_CHARACTERS} characters.", field="name")
    wanted = sorted(set(kinds))
    unknown = [slug for slug in wanted if notification_kinds.get(slug) is None]
    if unknown:
        raise Invalid(f"There is no kind of event “{unknown[0][:60]}”.", field="kinds")
    endpoint = check_endpoint(parse_endpoint(url, allow_query=True), settings.ENDPOINT_ALLOWLIST)
    return {"name": name, "url": endpoint.url, "kinds": wanted}


def _origin(url: str) -> str:
    return parse_endpoint(url, allow_query=True).origin
