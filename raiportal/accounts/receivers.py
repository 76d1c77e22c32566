"""What allauth tells us about signing in, written to the ledger."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from raiportal.accounts.models import User
from raiportal.audit import ledger


@receiver(user_logged_in)
def note_sign_in(sender: Any, user: User, **kwargs: Any) -> None:
    ledger.record("accounts.signed_in", subject=user, actor=user)


@receiver(user_logged_out)
def note_sign_out(sender: Any, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        ledger.record("accounts.signed_out", subject=user, actor=user)


@receiver(password_changed)
def note_password_change(sender: Any, user: User, **kwargs: Any) -> None:
    ledger.record("accounts.password_changed", subject=user, actor=user)
