"""The roles that groups of the identity provider bring, by the setting RAIPORTAL_OIDC_ROLES."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings

from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role
from raiportal.accounts.models import ReviewKind, Scope

log = structlog.get_logger(__name__)

ROLE_SHAPE = re.compile(r"^(?P<role>[a-z_]+)(:(?P<kind>[a-z0-9-]+))?(@(?P<scope>[a-z0-9-]+))?$")


@dataclass(frozen=True)
class Grant:
    """One role that a group brings: for the organisation (`scope` None) or in a scope; a reviewer's has its kind."""

    role: Role
    scope: Scope | None = None
    review_kind: str | None = None


def groups_in(claims: Mapping[str, Any]) -> list[str]:
    """The groups that the provider names, one or many."""
    told = claims.get(settings.OIDC_GROUPS_CLAIM, [])
    return [str(group) for group in told] if isinstance(told, list) else [str(told)]


def grants(groups: Iterable[str]) -> frozenset[Grant]:
    """The roles that these groups bring; what names no role, system or kind of review that exists is left out."""
    wanted = {text for group in groups for text in settings.OIDC_ROLES.get(group, [])}
    found = {text: _grant(text) for text in sorted(wanted)}
    for text in (text for text, grant in found.items() if grant is None):
        log.warning("single_sign_on_role_unknown", role=text)
    return frozenset(grant for grant in found.values() if grant is not None)


def _grant(text: str) -> Grant | None:
    shape = ROLE_SHAPE.match(text)
    if shape is None or shape["role"] not in Role.values:
        return None
    role, kind = Role(shape["role"]), shape["kind"]
    scope = Scope.objects.filter(slug=shape["scope"]).first() if shape["scope"] else None
    fits = (scope is not None and role in SCOPE_ROLES) if shape["scope"] else role in ORGANISATION_ROLES
    has_kind = ReviewKind.objects.filter(pk=kind, is_active=True).exists() if role == Role.REVIEWER else kind is None
    return Grant(role, scope, kind) if fits and has_kind else None
