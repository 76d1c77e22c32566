"""API tokens: made, revoked, their use noted. The key itself is shown once and never kept."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction

from raiportal import clocks
from raiportal.accounts import policies
from raiportal.accounts.enums import Ability, UserKind
from raiportal.accounts.models import ApiToken, Scope, User
from raiportal.audit import ledger
from raiportal.errors import Invalid

TOKEN_BYTES = 32
KEY_START = "rai_"  # so that a key is known when it turns up in a log or a repository
PREFIX_LENGTH = 12
LAST_USED_WRITE_SECONDS = 60  # the column is for people; writing it at every call would cost a write a call


@transaction.atomic
def make_token(
    *,
    owner: User,
    name: str,
    ability: Ability = Ability.ALL,
    scopes: Iterable[Scope] = (),
    expires_at: datetime.datetime | None = None,
    actor: User,
) -> tuple[ApiToken, str]:
    """Make an API token. Returns the row and the key, which can't be read again."""
    if actor.kind != UserKind.SYSTEM:
        policies.may_make_token(actor, owner).require()
    if expires_at is not None and expires_at <= clocks.now():
        raise Invalid("The end of the token lies in the past.", field="expires_at")
    key = KEY_START + secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken.objects.create(
        user=owner, name=name, prefix=key[:PREFIX_LENGTH], digest=token_digest(key), ability=ability, expires_at=expires_at, created_by=actor
    )
    chosen = list(scopes)
    token.scopes.set(chosen)
    ledger.record("accounts.token_made", subject=token, actor=actor, name=name, ability=ability, scopes=[scope.pk for scope in chosen], expires_at=expires_at)
    return token, key


@transaction.atomic
def revoke_token(*, token_id: int, actor: User) -> ApiToken:
    """Make a token useless from now on. Revoking it again changes nothing."""
    token = ApiToken.objects.select_for_update().get(pk=token_id)
    policies.may_revoke_token(actor, token).require()
    if token.revoked_at is None:
        ledger.apply_changes(token, actor=actor, action="accounts.token_revoked", revoked_at=clocks.now())
    return token


def note_token_use(token: ApiToken, now: datetime.datetime) -> None:
    """Remember when a token was used, at most once a minute. Not a change that the ledger records."""
    if token.last_used_at is None or (now - token.last_used_at).total_seconds() > LAST_USED_WRITE_SECONDS:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def token_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
