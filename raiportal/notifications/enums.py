"""Ways of telling somebody, and how far a delivery has come."""

from __future__ import annotations

from django.db import models


class Channel(models.TextChoices):
    """Outside the portal; in the portal the notification itself is what is shown."""

    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    DEAD = "dead", "Given up"
    DISABLED = "disabled", "Not sent"  # its address was switched off before it went out


class Outcome(models.TextChoices):
    """What one attempt came to."""

    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"  # it is tried again, unless it was the last time
    REFUSED = "refused", "Refused"  # trying again is no use
