"""How the ledger's pages find and name webhooks and deliveries."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.notifications.models import Delivery, Webhook


def _webhook(pk: int, user: User) -> Webhook | None:
    return Webhook.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _delivery(pk: int, user: User) -> Delivery | None:
    return Delivery.objects.visible_to(user).select_related("event").filter(pk=pk).first()


KINDS = (
    SubjectKind("notifications.webhook", "Webhook", find=_webhook, url=lambda webhook: reverse("webhook", args=[webhook.pk])),
    SubjectKind("notifications.delivery", "Message", find=_delivery, url=lambda delivery: reverse("delivery", args=[delivery.pk])),
)
