"""Sending what waits. The task takes no content: it reads the outbox, and may be delivered twice."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.accounts.models import User
from raiportal.notifications import actions
from raiportal.notifications.actions.telling import DELIVER


@shared_task(name=DELIVER, soft_time_limit=300, time_limit=330)
def deliver(**_: Any) -> None:
    """Send the mails and webhooks that are due."""
    actions.deliver_due(actor=User.system())
