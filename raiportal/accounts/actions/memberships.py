"""Roles: giving and taking them, for the organisation or for one scope, so that an administrator always remains."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction

from raiportal import clocks
from raiportal.accounts import policies, roles
from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role, Source, UserKind
from raiportal.accounts.models import Membership, ReviewKind, Scope, User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid, Missing


@transaction.atomic
def make_scope(*, name: str, slug: str, actor: User) -> Scope:
    """The scope of a new AI system; called by the action that registers the system, which records it."""
    return Scope.objects.create(name=name, slug=slug)


@transaction.atomic
def give_role(
    *,
    user: User,
    role: Role,
    scope: Scope | None = None,
    until: datetime.datetime | None = None,
    review_kind: str | None = None,
    source: Source = Source.MANUAL,
    actor: User,
) -> Membership:
    """Give a role for the organisation (`scope` None) or for one scope; a reviewer's is of one `review_kind` (a ReviewKind's slug).

    Giving it again moves its end and makes it a role given by hand; single sign-on touches no role in force that was given by hand. Raises PolicyDenied,
    Invalid, or Conflict where an end would leave the portal without a lasting administrator.
    """
    scope_id = scope.pk if scope else None
    if actor.kind != UserKind.SYSTEM:
        policies.may_give_role(actor, role, scope_id).require()
    kind = _review_kind(role, scope, review_kind)
    if until is not None and role == Role.ADMINISTRATOR:
        lock_administrators()
    membership, made = Membership.objects.select_for_update(of=("self",)).get_or_create(
        user=user, scope=scope, role=role, review_kind=kind, defaults={"until": until, "source": source, "created_by": actor}
    )
    if made:
        ledger.record("accounts.role_given", subject=user, actor=actor, scope=scope, role=role, until=until, review_kind=review_kind, source=source)
    elif source == Source.MANUAL or membership.source == Source.SINGLE_SIGN_ON or membership.has_ended(clocks.now()):
        if until is not None and role == Role.ADMINISTRATOR and membership.until is None:
            require_another_administrator(user)
        ledger.apply_changes(membership, actor=actor, action="accounts.role_changed", until=until, source=source)
    roles.forget(user)
    return membership


@transaction.atomic
def take_role(*, membership_id: int, reason: str, actor: User) -> None:
    """Take a role away at once. Raises PolicyDenied, Missing, or Conflict when it is the last administrator's."""
    if Membership.objects.filter(pk=membership_id, role=Role.ADMINISTRATOR).exists():  # a row's role never changes
        lock_administrators()
    membership = Membership.objects.select_for_update(of=("self",)).select_related("user", "scope").filter(pk=membership_id).first()
    if membership is None:
        raise Missing("This role isn't there any more.")
    if actor.kind != UserKind.SYSTEM:
        policies.may_give_role(actor, Role(membership.role), membership.scope_id).require()
    if membership.role == Role.ADMINISTRATOR and membership.until is None:
        require_another_administrator(membership.user)
    details: dict[str, Any] = {"role": membership.role, "review_kind": membership.review_kind_id, "source": membership.source}
    ledger.record("accounts.role_taken", subject=membership.user, actor=actor, scope=membership.scope, reason=reason, **details)
    membership.delete()
    roles.forget(membership.user)


def lock_administrators() -> None:
    """Whoever may take an administrator away waits here for others who do, so that two at once can't take the last two.

    The order of locks in this app, so that nobody waits in a circle: the administrators' roles, then the person, then their own roles.
    """
    list(Membership.objects.select_for_update().filter(role=Role.ADMINISTRATOR, scope=None).order_by("pk"))


def require_another_administrator(user: User) -> None:
    """Raise Conflict when `user` is the last administrator who is active and whose role has no end. The caller holds the administrators' lock."""
    lasting = Membership.objects.filter(role=Role.ADMINISTRATOR, scope=None, until=None, user__is_active=True)
    if lasting.filter(user=user).exists() and not lasting.exclude(user=user).exists():
        raise Conflict("This is the last administrator without an end. Make somebody else administrator first.", code="last_administrator")


def _review_kind(role: Role, scope: Scope | None, slug: str | None) -> ReviewKind | None:
    """The kind that fits the role, or Invalid; also for a role that doesn't fit where it is to be held."""
    if role not in (ORGANISATION_ROLES if scope is None else SCOPE_ROLES):
        raise Invalid("This role is held for the whole organisation." if scope else "This role is held in one system.", field="role")
    if (role == Role.REVIEWER) != bool(slug):
        raise Invalid("Say which kind of review they give." if role == Role.REVIEWER else "Only a reviewer has a kind of review.", field="review_kind")
    if not slug:
        return None
    kind = ReviewKind.objects.filter(slug=slug, is_active=True).first()
    if kind is None:
        raise Invalid("There is no such kind of review.", field="review_kind")
    return kind
