"""People, roles and tokens as pages show them."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Lower

from raiportal.accounts import roles
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import ApiToken, Membership, Scope, User


def people() -> QuerySet[User]:
    """Everybody but the portal itself, by name, with their roles."""
    held = Membership.objects.select_related("scope").order_by("scope_id", "role", "pk")
    return User.objects.exclude(kind=UserKind.SYSTEM).prefetch_related(Prefetch("memberships", queryset=held)).order_by(Lower("name"), "pk")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user).prefetch_related("scopes").order_by("-pk")


def scopes_visible_to(user: User) -> QuerySet[Scope]:
    visible = roles.visible_scopes(user)
    scopes: QuerySet[Any] = Scope.objects.order_by(Lower("name"), "pk")
    return scopes if visible is None else scopes.filter(pk__in=visible)
