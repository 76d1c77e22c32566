"""Adding people, giving roles, making keys."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from raiportal import clocks
from raiportal.accounts import policies, roles
from raiportal.accounts.enums import Ability, Role, UserKind
from raiportal.accounts.models import ApiToken, Membership, Scope, User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid

TOKEN_BYTES = 32
KEY_START = "rai_"  # so that a key is known when it turns up in a log or a repository
PREFIX_LENGTH = 12
LAST_USED_WRITE_SECONDS = 60  # the column is for people; writing it at every call would cost a write a call


@transaction.atomic
def ensure_system_user() -> User:
    """The row in whose name the portal itself acts; made once for each installation."""
    user, made = User.objects.get_or_create(kind=UserKind.SYSTEM, defaults={"username": "raiportal", "name": "raiportal", "password": "!"})
    if made:
        ledger.record("accounts.user_added", subject=user, actor=user, kind=user.kind)
    return user


@transaction.atomic
def add_user(*, username: str, name: str, email: str = "", password: str | None, kind: UserKind = UserKind.PERSON, actor: User) -> User:
    """Add somebody who can sign in (or, with `password` None, only come with a token). Raises Invalid on a weak password or a taken name."""
    if actor.kind != UserKind.SYSTEM:
        policies.may_manage_people(actor).require()
    user = User(username=username.strip().lower(), name=name.strip(), email=email.strip(), kind=kind)
    _check(user, password)
    user.set_password(password)
    user.save(force_insert=True)
    ledger.record("accounts.user_added", subject=user, actor=actor, username=user.username, kind=kind)
    return user


def _check(user: User, password: str | None) -> None:
    try:
        user.full_clean(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        field = next(iter(error.message_dict), None) if hasattr(error, "error_dict") else "password"
        raise Invalid(" ".join(error.messages), field=field) from error


@transaction.atomic
def give_role(*, user: User, role: Role, scope: Scope | None = None, until: datetime.datetime | None = None, actor: User) -> Membership:
    """Give a role for the organisation (`scope` None) or for one scope. Giving it again only moves its end."""
    scope_id = scope.pk if scope else None
    if actor.kind != UserKind.SYSTEM:
        policies.may_give_role(actor, role, scope_id).require()
    membership, made = Membership.objects.get_or_create(user=user, scope=scope, role=role, defaults={"until": until, "created_by": actor})
    if made:
        ledger.record("accounts.role_given", subject=user, actor=actor, scope=scope, role=role, until=until)
    elif membership.until != until:
        ledger.apply_changes(membership, actor=actor, action="accounts.role_changed", until=until)
    roles.forget(user)
    return membership


@transaction.atomic
def take_role(*, membership_id: int, reason: str, actor: User) -> None:
    """Take a role away at once. Raises Conflict when it is the last administrator's."""
    list(Membership.objects.select_for_update().filter(role=Role.ADMINISTRATOR, scope=None).order_by("pk"))
    membership = Membership.objects.select_for_update(of=("self",)).select_related("user", "scope").get(pk=membership_id)
    policies.may_give_role(actor, Role(membership.role), membership.scope_id).require()
    if membership.role == Role.ADMINISTRATOR:
        _require_other_administrator(membership.user)
    ledger.record("accounts.role_taken", subject=membership.user, actor=actor, scope=membership.scope, role=membership.role, reason=reason)
    membership.delete()


@transaction.atomic
def set_active(*, user_id: int, is_active: bool, reason: str, actor: User) -> User:
    """Let somebody in, or keep them out from their next request on. Raises Conflict when they are the last administrator."""
    policies.may_manage_people(actor).require()
    list(Membership.objects.select_for_update().filter(role=Role.ADMINISTRATOR, scope=None).order_by("pk"))
    user = User.objects.select_for_update().exclude(kind=UserKind.SYSTEM).get(pk=user_id)
    if not is_active:
        _require_other_administrator(user)
    ledger.apply_changes(user, actor=actor, action="accounts.user_let_in" if is_active else "accounts.user_kept_out", reason=reason, is_active=is_active)
    return user


def _require_other_administrator(user: User) -> None:
    administrators = Membership.objects.in_force().filter(role=Role.ADMINISTRATOR, scope=None)
    if administrators.filter(user=user).exists() and not administrators.exclude(user=user).exists():
        raise Conflict("This is the last administrator. Make somebody else administrator first.", code="last_administrator")


@transaction.atomic
def make_scope(*, name: str, slug: str, actor: User) -> Scope:
    """The scope of a new AI system; called by the action that registers the system, which records it."""
    return Scope.objects.create(name=name, slug=slug)


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
