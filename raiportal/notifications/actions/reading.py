"""Reading one's notifications."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.notifications.models import Notification


@transaction.atomic
def mark_read(*, notification_ids: Iterable[int], actor: User) -> int:
    """Note that `actor` has read these of theirs. Returns how many were unread; others' notifications stay untouched."""
    return Notification.objects.visible_to(actor).unread().filter(pk__in=list(notification_ids)).update(read_at=clocks.now())


@transaction.atomic
def mark_all_read(*, actor: User) -> int:
    """Note that `actor` has read all of theirs. Returns how many were unread."""
    return Notification.objects.visible_to(actor).unread().update(read_at=clocks.now())
