"""People with roles."""

from __future__ import annotations

import itertools
from typing import Any

from raiportal.accounts.enums import Ability, Role
from raiportal.accounts.models import Membership, ReviewKind, Scope, User

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_user(*roles: Role, scope: Scope | None = None, name: str = "", password: str | None = None, review_kind: str = "legal", **fields: Any) -> User:
    """A person with organisation roles, or (given `scope`) with roles in it; a reviewer reviews `review_kind`. Without `password` nobody signs in."""
    number = next(_numbers)
    user = User(username=fields.pop("username", f"person-{number}"), name=name or f"Person {number}", **fields)
    user.set_password(password)
    user.save()
    for role in roles:
        kind = make_review_kind(review_kind) if role == Role.REVIEWER else None
        Membership.objects.create(user=user, role=role, scope=scope, review_kind=kind, created_by=user)
    return user


def make_review_kind(slug: str = "legal") -> ReviewKind:
    kind, _ = ReviewKind.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize(), "description": f"{slug} review", "position": 1})
    return kind


def make_scope(name: str = "") -> Scope:
    number = next(_numbers)
    return Scope.objects.create(name=name or f"Scope {number}", slug=f"scope-{number}")


def make_token(user: User, *, ability: Ability = Ability.ALL, scopes: list[Scope] | None = None) -> str:
    """The key of a new API token of `user`."""
    from raiportal.accounts import actions

    _, key = actions.make_token(owner=user, name="test", ability=ability, scopes=scopes or [], actor=user)
    return key


def headers(user: User, **token: Any) -> dict[str, str]:
    """Request headers of an API client that acts as `user`."""
    return {"Authorization": f"Bearer {make_token(user, **token)}"}
