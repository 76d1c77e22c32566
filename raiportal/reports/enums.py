"""States of a report's PDF and of those who were sent a report."""

from __future__ import annotations

from django.db import models


class PdfState(models.TextChoices):
    WAITING = "waiting", "Being made"
    MADE = "made", "Made"
    FAILED = "failed", "Could not be made"


class RecipientState(models.TextChoices):
    """Worked out from what is known of a recipient, never stored."""

    SENT = "sent", "Not opened"
    OPENED = "opened", "Opened"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    REPLACED = "replaced", "Sent a newer one"
    TAKEN_BACK = "taken_back", "Taken back"
