"""Sending mail without making anybody wait for it, or learn from the wait whether an account exists.

Mails go out one after the other in a thread of their own. A failure is logged and lost: whoever needs the link asks for another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

log = structlog.get_logger(__name__)
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")  # what is in it when the process ends is still sent


class BackgroundBackend(BaseEmailBackend):
    """Hands mails to the backend that `MAIL_TRANSPORT` names, after the caller has gone on."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        queue_messages(email_messages)
        return len(email_messages)


def queue_messages(messages: Sequence[EmailMessage]) -> Future[bool]:
    """Send these in the background. The result says whether it worked; nobody has to look at it."""
    return _thread.submit(_send, list(messages))


def _send(messages: list[EmailMessage]) -> bool:
    try:
        get_connection(settings.MAIL_TRANSPORT).send_messages(messages)
    except (OSError, SMTPException) as error:
        log.warning("mail_not_sent", count=len(messages), error=type(error).__name__)
        return False
    return True
