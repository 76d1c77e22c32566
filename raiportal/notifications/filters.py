"""Filters of the lists of notifications, webhooks and deliveries."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from raiportal.listing import ListFilter
from raiportal.notifications.enums import Channel, DeliveryState
from raiportal.notifications.models import Delivery, Notification

LONGEST_SEARCH = 200  # characters
READ_STATES = [("unread", "Unread"), ("read", "Read")]


class NotificationFilter(ListFilter):
    """By words of the title, by kind, by whether it was read."""

    q = django_filters.CharFilter(field_name="event__title", lookup_expr="icontains", label="Words of the title", max_length=LONGEST_SEARCH)
    kind = django_filters.CharFilter(label="Kind", max_length=60)
    state = django_filters.ChoiceFilter(choices=READ_STATES, method="by_state", label="State", empty_label="Read and unread")

    class Meta:
        model = Notification
        fields: list[str] = []

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(read_at__isnull=value == "unread")


class DeliveryFilter(ListFilter):
    """By state, by the way out, by webhook."""

    state = django_filters.ChoiceFilter(choices=DeliveryState.choices, label="State", empty_label="Any state")
    channel = django_filters.ChoiceFilter(choices=Channel.choices, label="Way out", empty_label="Mails and webhooks")
    webhook = django_filters.NumberFilter(field_name="webhook_id", min_value=1, max_value=2**63 - 1, label="Webhook")

    class Meta:
        model = Delivery
        fields: list[str] = []
