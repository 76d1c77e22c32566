"""The doors of notifications, webhooks and deadlines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.project.door import READS_S1, SIGNED_IN, Answer, Door, Who, a_change, a_page, api_list, by_pk, why

OWNER = frozenset({Who.OWNER})
WITH_TOKEN = OWNER | {Who.READING_TOKEN}
HAVE_WEBHOOKS = frozenset({Who.ADMINISTRATOR, Who.OWNER, Who.FOREIGNER})
HAVE_THESE = frozenset({Who.ADMINISTRATOR, Who.OWNER})
REFUSED = SIGNED_IN - {Who.FOREIGNER}  # a stranger who may have webhooks learns nothing of the system
READ_THESE = HAVE_THESE | {Who.READING_TOKEN}
OWN = by_pk(lambda world: world.s1.notification, "notification_id")
HOOK = by_pk(lambda world: world.s1.webhook, "webhook_id")
OFF_HOOK = by_pk(lambda world: world.s1.off_webhook, "webhook_id")
MESSAGE = by_pk(lambda world: world.s1.delivery, "delivery_id")
HOOKS = "notification_webhook"


def _form(world: Any) -> dict[str, Any]:
    return {"name": "Chat", "url": "https://chat.example.test/a", "scope": world.s1.system.pk}


def _changed(world: Any) -> dict[str, Any]:
    return {"name": "Tickets", "url": "https://tickets.example.test/a"}


def _body(world: Any) -> dict[str, Any]:
    return {"name": "Chat", "url": "https://chat.example.test/a", "system": world.s1.system.pk}


def _read(door: Door) -> Door:
    """Reading what one was told changes the row, and is nothing for the ledger."""
    return replace(door, changes=frozenset({"notification"}))


NOTIFICATIONS = [
    a_page("Notifications", "List what one was told", "notification-list", SIGNED_IN),
    a_page("Notifications", "Take what one was told away as a file", "notification-export", SIGNED_IN, at=lambda world: {"format": "csv"}),
    _read(a_change("Notifications", "Open what one was told", "notification-open", OWNER, "notification", knows=OWNER, at=OWN)),
    _read(a_change("Notifications", "Mark what one was told as read", "notification-read", OWNER, "notification", knows=OWNER, at=OWN)),
    _read(a_change("Notifications", "Mark everything as read", "notification-read-all", SIGNED_IN, "notification")),
    a_page("Notifications", "Read what is told to whom", "told-kinds", SIGNED_IN),
    a_page("Webhooks", "List webhooks", "webhook-list", HAVE_WEBHOOKS),
    a_page("Webhooks", "Open the form for a webhook", "webhook-add", HAVE_WEBHOOKS),
    a_change("Webhooks", "Add a webhook for the system", "webhook-add", HAVE_THESE, HOOKS, knows=REFUSED, sent=_form, status=200, stranger=Answer.UNKNOWN_ID),
    a_page("Webhooks", "Read about a webhook", "webhook", HAVE_THESE, knows=HAVE_THESE, at=HOOK),
    a_page("Webhooks", "Open the form of a webhook", "webhook-edit", HAVE_THESE, knows=HAVE_THESE, at=HOOK),
    a_change(
        "Webhooks",
        "Change a webhook",
        "webhook-edit",
        HAVE_THESE,
        HOOKS,
        knows=HAVE_THESE,
        at=HOOK,
        sent=_changed,
        status=200,
    ),
    a_change("Webhooks", "Make a new secret for a webhook", "webhook-secret", HAVE_THESE, HOOKS, knows=HAVE_THESE, at=HOOK, status=200),
    a_change("Webhooks", "Switch a webhook off", "webhook-end", HAVE_THESE, HOOKS, knows=HAVE_THESE, at=HOOK, sent=why),
    a_change("Webhooks", "Switch a webhook on", "webhook-resume", HAVE_THESE, HOOKS, knows=HAVE_THESE, at=OFF_HOOK),
    a_page("Webhooks", "List messages that left or wait", "delivery-list", HAVE_WEBHOOKS),
    a_page("Webhooks", "Take the list of messages away as a file", "delivery-export", HAVE_WEBHOOKS, at=lambda world: {"format": "json"}),
    a_page("Webhooks", "Read about a message", "delivery", HAVE_THESE, knows=HAVE_THESE, at=MESSAGE),
    a_change("Webhooks", "Send a message again", "delivery-again", HAVE_THESE, "notification_delivery", knows=HAVE_THESE, at=MESSAGE),
]

API_HOOK, API_OFF_HOOK, API_MESSAGE = (
    by_pk(find) for find in (lambda world: world.s1.webhook, lambda world: world.s1.off_webhook, lambda world: world.s1.delivery)
)
API_OWN = by_pk(lambda world: world.s1.notification)


def _api_change(what: str, name: str, at: Any, changes: str = HOOKS, **rest: Any) -> Door:
    return a_change("API: webhooks", what, f"api-{name}", HAVE_THESE, changes, knows=HAVE_THESE | {Who.READING_TOKEN}, at=at, status=200, **rest)


NOTIFICATIONS_API = [
    api_list("API: notifications", "List what one was told", "notification"),
    a_page("API: notifications", "Read what one was told", "api-notification-detail", WITH_TOKEN, knows=WITH_TOKEN, at=API_OWN),
    _read(a_change("API: notifications", "Mark as read", "api-notification-mark-read", OWNER, "notification", knows=WITH_TOKEN, at=API_OWN, status=200)),
    _read(a_change("API: notifications", "Mark everything as read", "api-notification-mark-all-read", SIGNED_IN, "notification", status=200)),
    api_list("API: webhooks", "List webhooks", "webhook"),
    a_change(
        *("API: webhooks", "Add a webhook for the system", "api-webhook-list", HAVE_THESE, HOOKS),
        knows=REFUSED,
        sent=_body,
        status=201,
        stranger=Answer.UNKNOWN_ID,
    ),
    a_page("API: webhooks", "Read about a webhook", "api-webhook-detail", READ_THESE, knows=READ_THESE, at=API_HOOK),
    _api_change("Change a webhook", "webhook-detail", API_HOOK, method="PATCH", sent=lambda world: {"name": "Tickets"}),
    _api_change("Make a new secret for a webhook", "webhook-renew-secret", API_HOOK),
    _api_change("Switch a webhook off", "webhook-switch-off", API_HOOK, sent=why),
    _api_change("Switch a webhook on", "webhook-switch-on", API_OFF_HOOK),
    api_list("API: webhooks", "List messages that left or wait", "delivery"),
    a_page("API: webhooks", "Read about a message", "api-delivery-detail", READ_THESE, knows=READ_THESE, at=API_MESSAGE),
    _api_change("Send a message again", "delivery-send-again", API_MESSAGE, "notification_delivery"),
    api_list("API: deadlines", "List deadlines", "deadline"),
    a_page("API: deadlines", "Read a deadline", "api-deadline-detail", READS_S1, knows=READS_S1, at=by_pk(lambda world: world.s1.deadline)),
]
