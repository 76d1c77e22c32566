"""The outbox: events, whom they are told to, and what became of each mail and webhook.

An event is written in the transaction of the change that it tells of, with a notification for each recipient and a delivery for each way out of the
portal. Attempts are written once. No address of a person is copied: it is read when the mail goes out.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Scope, ScopedQuerySet, User
from raiportal.encrypted import EncryptedField
from raiportal.notifications.enums import Channel, DeliveryState, Outcome

SHOWN_CHARACTERS = 4  # of a secret: its last ones, by which people tell secrets apart


class Event(models.Model):
    """One thing that happened, as it is told. `key` names it within its kind, so that it is told once however often somebody says it."""

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # by which a webhook's receiver knows a repetition
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)  # shown in the portal alone
    url = models.CharField(max_length=500)  # a page of the portal, without the host
    is_always = models.BooleanField(default=False)  # told also to people who may not open the system
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "notification_event"
        constraints = [models.UniqueConstraint(name="event_once", fields=["kind", "key"])]

    def __str__(self) -> str:
        return self.title


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: Any) -> NotificationQuerySet:
        """One's own, of systems that one may still know of. A token for some systems reaches those of its systems alone."""
        mine, scopes = self.filter(recipient_id=user.pk), roles.overview_scopes(user)
        if roles.of(user).narrowed_to is not None:
            return mine.filter(event__scope__in=scopes or [])
        if scopes is None:
            return mine
        return mine.filter(Q(event__scope=None) | Q(event__is_always=True) | Q(event__scope__in=scopes))

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)


class Notification(models.Model):
    """An event told to one person: this row is what the portal shows."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="notifications")
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)  # the event's, for the list's filter
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notification"
        constraints = [models.UniqueConstraint(name="notification_once", fields=["recipient", "event"])]
        indexes = [
            models.Index(fields=["recipient"], condition=Q(read_at=None), name="notification_unread"),
            models.Index(fields=["recipient", "-id"], name="notification_newest"),
        ]

    def __str__(self) -> str:
        return self.event.title

    @property
    def key(self) -> str:
        return self.event.key

    @property
    def title(self) -> str:
        return self.event.title

    @property
    def body(self) -> str:
        return self.event.body

    @property
    def url(self) -> str:
        return self.event.url

    @property
    def scope_id(self) -> int | None:
        return self.event.scope_id


class WebhookQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def visible_to(self, user: Any) -> Any:
        """Administrators see all of them, an owner those of the own systems."""
        if roles.holds(user, Role.ADMINISTRATOR):
            return self
        return self.filter(scope__in=roles.scopes_with(user, Role.OWNER))

    def active(self) -> WebhookQuerySet:
        return self.filter(is_active=True)  # type: ignore[no-any-return]


class Webhook(models.Model):
    """An address outside the portal that is told of events: of one system, or (scope null) of all of them and of the organisation."""

    audit_hidden = ("secret",)

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    secret = EncryptedField()  # "whsec_" and base64, as the receiver has it
    kinds = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # none = every kind
    is_active = models.BooleanField(default=True)
    ended_reason = models.CharField(max_length=300, blank=True)  # why it is switched off
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        db_table = "notification_webhook"
        constraints = [models.CheckConstraint(name="webhook_ended_with_reason", condition=Q(is_active=True) | ~Q(ended_reason=""))]

    def __str__(self) -> str:
        return self.name

    @property
    def secret_end(self) -> str:
        return f"…{self.secret[-SHOWN_CHARACTERS:]}"

    def wants(self, kind: str, scope_id: int | None) -> bool:
        return (self.scope_id is None or self.scope_id == scope_id) and (not self.kinds or kind in self.kinds)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: Any) -> DeliveryQuerySet:
        """Those of webhooks that one sees; of mails, administrators see who was sent which."""
        of_webhooks = Q(webhook__in=Webhook.objects.visible_to(user))
        return self.filter(of_webhooks | Q(channel=Channel.EMAIL)) if roles.holds(user, Role.ADMINISTRATOR) else self.filter(of_webhooks)

    def due(self, now: Any) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.WAITING, next_at__lte=now)


class Delivery(models.Model):
    """One message on its way out: a mail to a notification's recipient, or an event to a webhook."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="deliveries", null=True, blank=True)
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries", null=True, blank=True)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempt_count = models.PositiveSmallIntegerField(default=0)  # begun ones, since it was last asked for
    next_at = models.DateTimeField(null=True, blank=True, db_default=Now())  # when it is tried, or tried again
    last_error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "notification_delivery"
        constraints = [
            models.CheckConstraint(
                name="delivery_goes_one_way",
                condition=Q(channel=Channel.EMAIL, notification__isnull=False, webhook=None)
                | Q(channel=Channel.WEBHOOK, notification=None, webhook__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_waits_for_a_moment",
                condition=Q(state="waiting", next_at__isnull=False) | (~Q(state="waiting") & Q(next_at=None)),
            ),
            models.CheckConstraint(
                name="delivery_sent_at_a_moment",
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
            ),
            models.UniqueConstraint(name="delivery_one_mail", fields=["notification"], condition=Q(channel="email")),
            models.UniqueConstraint(name="delivery_one_message", fields=["webhook", "event"], condition=Q(channel="webhook")),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["state", "-id"], name="delivery_state"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.event.title}"

    @property
    def audit_scope_id(self) -> int | None:
        return self.event.scope_id


class DeliveryAttempt(models.Model):
    """One try: when, how long it took, what came of it. Holds nothing of what the other side answered but its status."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True)  # of HTTP or SMTP, where one came back
    error = models.CharField(max_length=300, blank=True)
    seconds = models.FloatField()

    class Meta:
        db_table = "notification_delivery_attempt"
        indexes = [models.Index(fields=["delivery", "id"], name="attempt_delivery")]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%Y-%m-%d %H:%M}"
