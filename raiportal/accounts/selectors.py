"""People, roles and tokens as pages show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import CharField, Count, Prefetch, Q, QuerySet
from django.db.models.functions import Lower

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import ApiToken, Membership, Scope, User
from raiportal.keyset import Sort

EXPORT_CHUNK = 500  # rows read at a time
NEWEST_TOKENS = "-created"
TOKEN_SORTS = {"created": Sort("pk"), "name": Sort("name"), "owner": Sort("user__username")}
BY_NAME = "name"
PEOPLE_SORTS = {"name": Sort("name_key", output=CharField()), "username": Sort("username"), "added": Sort("created_at")}
EXPORTED_OF_PEOPLE = ("id", "name", "username", "email", "kind", "is_active", "roles", "created_at")
EXPORTED_OF_TOKENS = ("id", "owner", "name", "prefix", "ability", "systems", "created_at", "created_by", "last_used_at", "expires_at", "revoked_at")


def people() -> QuerySet[User]:
    """Everybody but the portal itself, by name, with their roles."""
    held = Membership.objects.select_related("scope", "review_kind").order_by("scope_id", "role", "pk")
    return (
        User.objects.exclude(kind=UserKind.SYSTEM)
        .prefetch_related(Prefetch("memberships", queryset=held))
        .annotate(name_key=Lower("name"))
        .order_by("name_key", "pk")
    )


def service_accounts() -> QuerySet[User]:
    return people().filter(kind=UserKind.SERVICE).annotate(token_count=Count("tokens", filter=Q(tokens__revoked_at=None), distinct=True))


def exported_people(rows: QuerySet[User]) -> Iterator[dict[str, Any]]:
    """Rows of the file of people; roles as "Role (of System, review kind) until moment", separated by "; "."""
    for user in rows.iterator(EXPORT_CHUNK):
        yield {
            "id": user.pk,
            "name": user.name,
            "username": user.username,
            "email": user.email,
            "kind": user.kind,
            "is_active": user.is_active,
            "roles": "; ".join(held.in_words for held in user.memberships.all()),
            "created_at": user.created_at,
        }


def all_tokens() -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("user", "created_by").prefetch_related("scopes")


def exported_tokens(rows: QuerySet[ApiToken]) -> Iterator[dict[str, Any]]:
    """Rows of the file of tokens; a token is told by its first characters."""
    for token in rows.iterator(EXPORT_CHUNK):
        yield {
            "id": token.pk,
            "owner": token.user.username,
            "name": token.name,
            "prefix": token.prefix,
            "ability": token.ability,
            "systems": "; ".join(sorted(scope.name for scope in token.scopes.all())),
            "created_at": token.created_at,
            "created_by": token.created_by.username,
            "last_used_at": token.last_used_at,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
        }


def people_holding(*wanted: Role, scope_id: int | None = None) -> list[int]:
    """Ids of the people who hold one of these roles now, for the organisation or (given one) for the scope."""
    where = Q(scope=None) if scope_id is None else Q(scope=None) | Q(scope_id=scope_id)
    held = Membership.objects.in_force().filter(where, role__in=wanted, user__kind=UserKind.PERSON)
    return sorted(set(held.values_list("user_id", flat=True)))


def tokens_of(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user).prefetch_related("scopes").order_by("-pk")


def scopes_visible_to(user: User) -> QuerySet[Scope]:
    visible = roles.visible_scopes(user)
    scopes: QuerySet[Any] = Scope.objects.order_by(Lower("name"), "pk")
    return scopes if visible is None else scopes.filter(pk__in=visible)


def people_with_password_at(address: str) -> list[User]:
    """Those who may ask for a new password by this e-mail address: active, with a password of their own (single sign-on alone is none).

    The database's upper case knows letters that look alike; so what it finds is compared once more.
    """
    found = User.objects.filter(email__iexact=address, is_active=True, kind=UserKind.PERSON).order_by("pk")
    return [user for user in found if user.email.lower() == address.lower() and user.has_usable_password()]


def scopes_where_may_give_roles(user: User) -> QuerySet[Scope]:
    """Scopes in which this person may give roles, by name."""
    scopes: QuerySet[Any] = Scope.objects.order_by(Lower("name"), "pk")
    if roles.holds(user, Role.ADMINISTRATOR, Role.RISK_MANAGER):
        return scopes
    return scopes.filter(pk__in=roles.scopes_with(user, Role.OWNER))
