"""Notifications, webhooks and deliveries as pages and files show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Scope, User
from raiportal.keyset import Sort
from raiportal.notifications.enums import Channel, DeliveryState
from raiportal.notifications.kinds import NotificationKind, notification_kinds
from raiportal.notifications.models import Delivery, Notification, Webhook

MOST_COUNTED = 1_000  # unread ones; nobody reads the figure above
EXPORT_CHUNK = 500  # rows read at a time
NEWEST = "-at"
SORTS = {"at": Sort("pk")}
EXPORTED = ("id", "at", "kind", "title", "body", "url", "system", "read_at")
EXPORTED_DELIVERIES = ("id", "created_at", "kind", "title", "channel", "to", "state", "attempt_count", "next_at", "sent_at", "last_error")


def unread_count(user: User) -> int:
    """How many of theirs they have not read; asked once for each request and kept on the user object."""
    if not hasattr(user, "_unread_count"):
        user._unread_count = Notification.objects.visible_to(user).unread().order_by()[:MOST_COUNTED].count()  # type: ignore[attr-defined]
    return user._unread_count  # type: ignore[attr-defined, no-any-return]


def notifications_of(user: User) -> QuerySet[Notification]:
    return Notification.objects.visible_to(user).select_related("event__scope")


def kinds_told(user: User) -> list[tuple[str, str]]:
    """(slug, label) of the kinds of which they were told something, for the filter."""
    told = Notification.objects.visible_to(user).order_by().values_list("kind", flat=True).distinct()
    return sorted(((slug, label_of(slug)) for slug in told), key=lambda pair: pair[1])


def label_of(slug: str) -> str:
    """What a kind is called; one that no app registers any more is called by its slug."""
    kind = notification_kinds.get(slug)
    return kind.label if kind else slug


def exported(rows: QuerySet[Notification]) -> Iterator[dict[str, Any]]:
    for row in rows.iterator(EXPORT_CHUNK):
        yield {
            "id": row.pk,
            "at": row.at,
            "kind": row.kind,
            "title": row.title,
            "body": row.body,
            "url": row.url,
            "system": row.event.scope.name if row.event.scope else "",
            "read_at": row.read_at,
        }


def told_kinds() -> list[NotificationKind]:
    """Every kind of event, by the part of the portal that knows of it."""
    return sorted(notification_kinds, key=lambda kind: kind.slug)


def webhooks_for(user: User) -> QuerySet[Webhook]:
    """Those that they may have, with what became of their messages; the organisation's first."""
    state = {f"{name}_count": Count("deliveries", filter=Q(deliveries__state=name)) for name in (DeliveryState.WAITING, DeliveryState.DEAD)}
    rows: QuerySet[Webhook] = Webhook.objects.visible_to(user).select_related("scope", "created_by")
    return rows.annotate(last_sent_at=Max("deliveries__sent_at"), **state).order_by("-is_active", "name", "pk")


def scopes_for_webhooks(user: User) -> QuerySet[Scope]:
    """Systems for which they may have webhooks."""
    scopes: QuerySet[Scope] = Scope.objects.order_by("name", "pk")
    return scopes if roles.holds(user, Role.ADMINISTRATOR) else scopes.filter(pk__in=roles.scopes_with(user, Role.OWNER))


def deliveries_for(user: User) -> QuerySet[Delivery]:
    parts = Delivery.objects.visible_to(user).select_related("event__scope", "webhook", "notification__recipient")
    return parts.defer("webhook__secret")


@dataclass(frozen=True)
class Counts:
    """How many messages wait, and how many were given up."""

    waiting: int
    dead: int


def counts_for(user: User) -> Counts:
    rows = Delivery.objects.visible_to(user).filter(state__in=[DeliveryState.WAITING, DeliveryState.DEAD])
    by_state = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
    return Counts(by_state.get(DeliveryState.WAITING, 0), by_state.get(DeliveryState.DEAD, 0))


def exported_deliveries(rows: QuerySet[Delivery]) -> Iterator[dict[str, Any]]:
    for row in rows.iterator(EXPORT_CHUNK):
        yield {
            **{name: getattr(row, name) for name in ("id", "created_at", "channel", "state", "attempt_count", "next_at", "sent_at", "last_error")},
            "kind": row.event.kind,
            "title": row.event.title,
            "to": to_whom(row),
        }


def to_whom(delivery: Delivery) -> str:
    """A person's name, or the webhook's."""
    if delivery.channel == Channel.WEBHOOK:
        return delivery.webhook.name if delivery.webhook else ""
    return delivery.notification.recipient.name if delivery.notification else ""
