"""Mails that tell somebody what was done to the ways in which they sign in: to their own address, without a link, in case it was somebody else."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.db import transaction

from raiportal import clocks
from raiportal.accounts.models import User

PASSWORD_RESET = "account/email/password_reset"  # noqa: S105  (a template's name, as the others)
FACTORS_RESET = "mfa/email/factors_reset"
RECOVERY_CODES_USED_UP = "mfa/email/recovery_codes_used_up"


def tell(user: User, notice: str) -> None:
    """Mail one notice, named by the beginning of its templates' names, once the change stands. Who has no address in their account gets none."""
    if user.email:
        mail = get_adapter().render_mail(notice, user.email, {"username": user.username, "at": clocks.now()})
        transaction.on_commit(mail.send, robust=True)  # the change stands, whatever becomes of the mail
