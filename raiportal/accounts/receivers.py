"""What allauth tells us about signing in, written to the ledger within the transaction of the view that does it."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from raiportal.accounts import factors, invitations, notices, sign_ins
from raiportal.accounts.models import User
from raiportal.audit import ledger


@receiver(user_logged_in)
@transaction.atomic
def note_sign_in(sender: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
    method = sign_ins.note_sign_in(request, user)
    ledger.record("accounts.signed_in", subject=user, actor=user, method=method)


@receiver(user_logged_out)
@transaction.atomic
def note_sign_out(sender: Any, user: User | None, request: HttpRequest, **kwargs: Any) -> None:
    if user is not None:
        sign_ins.forget_session(request.session.session_key)
        ledger.record("accounts.signed_out", subject=user, actor=user)


@receiver(password_changed)
@transaction.atomic
def note_password_change(sender: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
    """Django's own check has ended the other sessions already; links to a new password end with them."""
    invitations.void_password_links(user)
    sign_ins.forget_others(user, request.session.session_key)
    sign_ins.note_sign_in(request, user)
    ledger.record("accounts.password_changed", subject=user, actor=user)


@receiver(password_reset)
@transaction.atomic
def note_password_reset(sender: Any, user: User, **kwargs: Any) -> None:
    invitations.void_password_links(user)
    sign_ins.forget_others(user, None)
    ledger.record("accounts.password_reset", subject=user, actor=user)


@receiver(authenticator_used)
def note_recovery_code_used(sender: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Codes of an app and passkeys show in the sign-in; a recovery code that is gone is a change."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        left = factors.codes_left(user)
        ledger.record("accounts.recovery_code_used", subject=user, actor=user, left=left)
        if left == 0:
            notices.tell(user, notices.RECOVERY_CODES_USED_UP)
