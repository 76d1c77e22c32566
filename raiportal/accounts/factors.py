"""Second factors and passkeys: how allauth keeps them here, and what an administrator may do about somebody's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import qrcode
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils.html import format_html

from raiportal.accounts import notices, policies
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.encrypted import cipher
from raiportal.errors import Conflict, Unavailable

NAMES = {Authenticator.Type.TOTP: "Authenticator app", Authenticator.Type.WEBAUTHN: "Passkey", Authenticator.Type.RECOVERY_CODES: "Recovery codes"}
ENCRYPTED = ("secret", "seed")  # in a factor's data: the key of an app, the seed of recovery codes
PIXELS_A_MODULE = 4
QUIET_ZONE = 4  # modules of white around a QR code, ISO/IEC 18004


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets are encrypted at rest; passkeys belong to the host of the portal's public address, whatever host a request names."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code isn't right. A code works once, and for about a minute.",
        "cannot_generate_recovery_codes": "Recovery codes need an authenticator app or a passkey first.",
    }

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise Unavailable("This second factor can't be read with the installation's RAIPORTAL_FIELD_KEYS. An administrator can reset it.") from error

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

    def build_totp_svg(self, url: str) -> str:
        """The QR code as an element of the page: black on white in both themes, since cameras want it so."""
        code = qrcode.QRCode(border=QUIET_ZONE)
        code.add_data(url)
        rows = code.get_matrix()
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
        size = len(rows)
        return format_html(
            '<svg role="img" aria-label="QR code of the key below" width="{0}" height="{0}" viewBox="0 0 {1} {1}" shape-rendering="crispEdges">'
            '<path fill="white" d="M0 0h{1}v{1}h-{1}z"/><path fill="black" d="{2}"/></svg>',
            size * PIXELS_A_MODULE,
            size,
            path,
        )

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "localhost", "name": "raiportal"}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        return {**super().get_public_key_credential_user_entity(user), "display_name": user.name, "name": user.username}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return "Passkey" if count == 0 else f"Passkey {count + 1}"


def factors_of(user: User) -> QuerySet[Authenticator]:
    """Everything with which this person proves beside or instead of a password who they are."""
    return Authenticator.objects.filter(user=user).order_by("type", "pk")


def stored_secrets() -> Iterator[tuple[int, str]]:
    """What is encrypted of all second factors, as it is stored: the factor's id with the key of an app or the seed of recovery codes."""
    stored = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk").values_list("pk", "data")
    yield from ((pk, data[name]) for pk, data in stored.iterator() for name in ENCRYPTED if data.get(name))


def name_of(factor: Authenticator) -> str:
    """For people: the kind, and the name of a passkey."""
    kind = NAMES[factor.type]
    return f"{kind} “{factor.wrap().name}”" if factor.type == Authenticator.Type.WEBAUTHN else kind


def codes_left(user: User) -> int | None:
    """How many recovery codes are unused; None where none were ever made."""
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(codes.wrap().get_unused_codes()) if codes else None


@contextmanager
def changes_noted(user: User) -> Iterator[None]:
    """Run allauth's change of somebody's own factors and write what became of them to the ledger, in one transaction.

    allauth's own signals come after the commit, too late for an entry that must not be missing.
    """
    with transaction.atomic():
        lock_person(user)
        before = _named(user)
        yield
        after = _named(user)
        new = [after[pk] for pk in sorted(after.keys() - before.keys())]
        gone = [before[pk] for pk in sorted(before.keys() - after.keys())]
        codes = (Authenticator.Type.RECOVERY_CODES, NAMES[Authenticator.Type.RECOVERY_CODES])
        if new == [codes]:  # made on their own, perhaps in the place of older ones, and not along with a first factor
            ledger.record("accounts.recovery_codes_made", subject=user, actor=user)
        else:
            for _, name in new:
                ledger.record("accounts.factor_added", subject=user, actor=user, factor=name)
        for _, name in (factor for factor in gone if factor != codes or codes not in new):
            ledger.record("accounts.factor_removed", subject=user, actor=user, factor=name)


def note_used_code(user: User, code: str) -> None:
    """Note that this code of an authenticator app was used, for as long as it would be taken: its own step and those that a clock may be off."""
    app = TOTP(Authenticator(user=user, type=Authenticator.Type.TOTP))
    seconds = (2 * app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD
    cache.set(app._get_used_cache_key(code), "y", timeout=seconds)


def lock_person(user: User) -> None:
    """Whoever changes or uses up somebody's factors locks the person before any factor, so that nobody waits in a circle."""
    User.objects.select_for_update().get(pk=user.pk)


def _named(user: User) -> dict[int, tuple[str, str]]:
    return {factor.pk: (factor.type, name_of(factor)) for factor in factors_of(user)}


@transaction.atomic
def reset_factors(*, user_id: int, reason: str, actor: User) -> User:
    """Take all second factors and passkeys of somebody away, who then signs in by password alone. Raises Conflict when there are none."""
    policies.may_manage_people(actor).require()
    user = User.objects.select_for_update().get(pk=user_id)
    factors = list(factors_of(user))
    if not factors:
        raise Conflict(f"{user.name} has no second factor.")
    names = [name_of(factor) for factor in factors]
    Authenticator.objects.filter(pk__in=[factor.pk for factor in factors]).delete()
    ledger.record("accounts.factors_reset", subject=user, actor=actor, reason=reason, factors=names)
    notices.tell(user, notices.FACTORS_RESET)
    return user
