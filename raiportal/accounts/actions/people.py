"""Accounts of people and of programs: adding them, keeping them out, letting them in."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from raiportal.accounts import policies
from raiportal.accounts.actions.memberships import lock_administrators, require_another_administrator
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid, Missing

NAME_TAKEN = "This name is taken. Choose another one."


@transaction.atomic
def ensure_system_user() -> User:
    """The row in whose name the portal itself acts; made once for each installation."""
    user, made = User.objects.get_or_create(kind=UserKind.SYSTEM, defaults={"username": "raiportal", "name": "raiportal", "password": "!"})
    if made:
        ledger.record("accounts.user_added", subject=user, actor=user, kind=user.kind)
    return user


@transaction.atomic
def add_user(*, username: str, name: str, email: str = "", password: str | None, kind: UserKind = UserKind.PERSON, reason: str = "", actor: User) -> User:
    """Add somebody who can sign in (or, with `password` None, only come with a token). Raises Invalid on a weak password or a taken name."""
    if actor.kind != UserKind.SYSTEM:
        policies.may_manage_people(actor).require()
    user = User(username=username.strip().lower(), name=name.strip(), email=email.strip(), kind=kind)
    require_sound(user, password)
    user.set_password(password)
    user.save(force_insert=True)
    ledger.record("accounts.user_added", subject=user, actor=actor, reason=reason, username=user.username, kind=kind)
    return user


@transaction.atomic
def add_service_account(*, username: str, name: str, purpose: str, actor: User) -> User:
    """Add an account for a program: it has roles as people have, comes with tokens alone and can't sign in. `purpose` is kept as the reason."""
    if not purpose.strip():
        raise Invalid("Say what the program is and who answers for it.", field="purpose")
    return add_user(username=username, name=name, password=None, kind=UserKind.SERVICE, reason=purpose.strip(), actor=actor)


def require_sound(user: User, password: str | None) -> None:
    """Raise Invalid, naming the field, unless an account of this shape can be made and the password (None for none) is strong enough for it."""
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        field = next(iter(error.message_dict))
        is_taken = field == "username" and User.objects.filter(username=user.username).exclude(pk=user.pk).exists()
        raise Invalid(NAME_TAKEN if is_taken else " ".join(error.messages), field=field) from error
    try:
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from error


@transaction.atomic
def set_active(*, user_id: int, is_active: bool, reason: str, actor: User) -> User:
    """Let somebody in, or keep them out from their next request on.

    Raises Missing, or Conflict for keeping the last administrator out and for letting in somebody who was erased.
    """
    policies.may_manage_people(actor).require()
    lock_administrators()
    user = User.objects.select_for_update().exclude(kind=UserKind.SYSTEM).filter(pk=user_id).first()
    if user is None:
        raise Missing("This account isn't there.")
    if is_active and user.erased_at is not None:
        raise Conflict("This person was erased. Invite them anew.", code="erased")
    if not is_active:
        require_another_administrator(user)
    ledger.apply_changes(user, actor=actor, action="accounts.user_let_in" if is_active else "accounts.user_kept_out", reason=reason, is_active=is_active)
    return user
