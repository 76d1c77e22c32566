"""The API's resources about notifications: one's own, webhooks, and what became of the messages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.models import Scope
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from raiportal.notifications import actions, policies, selectors
from raiportal.notifications.filters import DeliveryFilter, NotificationFilter
from raiportal.notifications.models import Delivery, DeliveryAttempt, Notification, Webhook

NEWEST_FIRST = {"id": Sort("pk")}


class NotificationOutput(serializers.ModelSerializer[Notification]):
    title = serializers.CharField(read_only=True)
    body = serializers.CharField(read_only=True)
    url = serializers.CharField(read_only=True, help_text="The page's address, without the host.")
    system = serializers.IntegerField(source="scope_id", read_only=True, allow_null=True)

    class Meta:
        model = Notification
        fields = ("id", "kind", "title", "body", "url", "system", "at", "read_at")
        read_only_fields = fields


class Marked(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many were unread.")


class Notifications(Resource):
    """What the caller was told."""

    queryset = Notification.objects.select_related("event")
    serializer_class = NotificationOutput
    filterset_class = NotificationFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=None, responses=NotificationOutput)
    @action(detail=True, methods=["post"], url_path="read")
    def mark_read(self, request: Request, pk: str) -> Response:
        """Mark one as read."""
        self.read_nothing()
        row = self.visible()
        actions.mark_read(notification_ids=[row.pk], actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=None, responses=Marked)
    @action(detail=False, methods=["post"], url_path="read-all")
    def mark_all_read(self, request: Request) -> Response:
        """Mark all as read."""
        self.read_nothing()
        return Response({"count": actions.mark_all_read(actor=self.caller)})


class WebhookOutput(serializers.ModelSerializer[Webhook]):
    system = serializers.IntegerField(source="scope_id", read_only=True, allow_null=True, help_text="null: everything.")

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = ("id", "name", "url", "system", "kinds", "is_active", "ended_reason", "created_by", "created_at")
        read_only_fields = fields


class WebhookWithSecret(WebhookOutput):
    secret = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(WebhookOutput.Meta):
        fields: tuple[str, ...] = (*WebhookOutput.Meta.fields, "secret")
        read_only_fields = fields


class WebhookChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, required=False)
    url = serializers.CharField(max_length=500, required=False)
    kinds = serializers.ListField(child=serializers.CharField(max_length=60), required=False, help_text="None: every kind.")


class WebhookInput(WebhookChanges):
    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=500)
    system = serializers.IntegerField(required=False, allow_null=True, help_text="null: everything.")


class WebhookReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class Secret(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Shown this once.")


class Webhooks(Resource):
    """Addresses outside the portal that are told of events."""

    queryset = Webhook.objects.defer("secret")
    serializer_class = WebhookOutput
    sorts = NEWEST_FIRST

    @extend_schema(request=WebhookInput, responses={201: WebhookWithSecret})
    def create(self, request: Request) -> Response:
        """Add a webhook. The answer holds its secret, which is shown this once."""
        policies.may_have_webhooks(self.caller).require()
        given = self.read(WebhookInput)
        scope = self._scope(given.pop("system", None))
        webhook, secret = actions.add_webhook(scope=scope, actor=self.caller, **{"kinds": [], **given})
        return Response({**WebhookOutput(webhook).data, "secret": secret}, status=201)

    @extend_schema(request=WebhookChanges, responses=WebhookWithSecret)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change it. In another place it gets a new secret, which is shown this once; else the answer's secret is empty."""
        webhook, secret = actions.change_webhook(webhook_id=self.visible().pk, actor=self.caller, **self.read(WebhookChanges))
        return Response({**WebhookOutput(webhook).data, "secret": secret})

    @extend_schema(request=None, responses=Secret)
    @action(detail=True, methods=["post"], url_path="renew-secret")
    def renew_secret(self, request: Request, pk: str) -> Response:
        """Give it another secret."""
        self.read_nothing()
        return Response({"secret": actions.renew_secret(webhook_id=self.visible().pk, actor=self.caller)})

    @extend_schema(request=WebhookReason, responses=WebhookOutput)
    @action(detail=True, methods=["post"], url_path="switch-off")
    def switch_off(self, request: Request, pk: str) -> Response:
        """Switch it off: what waits for it is not sent."""
        return self.answer(actions.end_webhook(webhook_id=self.visible().pk, actor=self.caller, **self.read(WebhookReason)))

    @extend_schema(request=None, responses=WebhookOutput)
    @action(detail=True, methods=["post"], url_path="switch-on")
    def switch_on(self, request: Request, pk: str) -> Response:
        """Switch it on again."""
        self.read_nothing()
        return self.answer(actions.resume_webhook(webhook_id=self.visible().pk, actor=self.caller))

    def _scope(self, system: int | None) -> Scope | None:
        """The scope that the body names; one for which the caller may have no webhooks is as unknown as one that isn't there."""
        if system is None:
            return None
        found = selectors.scopes_for_webhooks(self.caller).filter(pk=system).first()
        if found is None:
            raise Invalid("There is none with this id that you may use.", field="system")
        return found


class AttemptOutput(serializers.ModelSerializer[DeliveryAttempt]):
    class Meta:
        model = DeliveryAttempt
        fields = ("at", "outcome", "status", "error", "seconds")
        read_only_fields = fields


class DeliveryOutput(serializers.ModelSerializer[Delivery]):
    kind = serializers.CharField(source="event.kind", read_only=True)
    title = serializers.CharField(source="event.title", read_only=True)
    message_id = serializers.UUIDField(source="event.message_id", read_only=True)
    attempts = AttemptOutput(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields = (
            *("id", "message_id", "kind", "title", "channel", "webhook", "state", "attempt_count", "next_at", "last_error"),
            *("sent_at", "created_at", "attempts"),
        )
        read_only_fields = fields


class Deliveries(Resource):
    """Mails and webhook messages, with every attempt to send them."""

    queryset = Delivery.objects.select_related("event").prefetch_related("attempts")
    serializer_class = DeliveryOutput
    filterset_class = DeliveryFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=None, responses=DeliveryOutput)
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: str) -> Response:
        """Try one that was given up again."""
        self.read_nothing()
        return self.answer(actions.send_again(delivery_id=self.visible().pk, actor=self.caller))


router = BothSlashes()
router.register("notifications", Notifications, basename="api-notification")
router.register("webhooks", Webhooks, basename="api-webhook")
router.register("deliveries", Deliveries, basename="api-delivery")
urlpatterns = router.urls
