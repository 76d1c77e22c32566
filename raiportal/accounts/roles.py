"""Who holds which role, read once for each request or task and kept on the user object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from raiportal.accounts.enums import READS_SCOPE, SEES_EVERYTHING, SEES_OVERVIEWS, Role
from raiportal.accounts.models import Membership, User


@dataclass(frozen=True)
class Roles:
    """The roles of one user: for the organisation, and by scope id."""

    organisation: frozenset[Role]
    by_scope: dict[int, frozenset[Role]]
    reviews: dict[int, frozenset[str]] = field(default_factory=dict)  # by scope id, the kinds of review that a reviewer gives there
    narrowed_to: frozenset[int] | None = None  # an API token may reach fewer scopes than its user

    @property
    def see_everything(self) -> bool:
        return bool(self.organisation & SEES_EVERYTHING)


def of(user: User) -> Roles:
    """The roles of `user` that are in force. Anonymous and inactive users hold none."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Roles(frozenset(), {})
    if not hasattr(user, "_roles"):
        user._roles = _load(user)  # type: ignore[attr-defined]
    return user._roles  # type: ignore[attr-defined, no-any-return]


def forget(user: User) -> None:
    """Read the roles anew at the next question; called where they change."""
    if hasattr(user, "_roles"):
        del user._roles


def narrow(user: User, scope_ids: Iterable[int]) -> None:
    """Let `user`, for the rest of this request, reach only these scopes, and nothing of the organisation's own."""
    whole = of(user)
    allowed = frozenset(scope_ids)
    by_scope = {pk: held for pk, held in whole.by_scope.items() if pk in allowed}
    user._roles = replace(whole, by_scope=by_scope, narrowed_to=allowed)  # type: ignore[attr-defined]


def _load(user: User) -> Roles:
    organisation: set[Role] = set()
    by_scope: dict[int, set[Role]] = {}
    reviews: dict[int, set[str]] = {}
    for scope_id, role, kind in Membership.objects.in_force().filter(user=user).values_list("scope_id", "role", "review_kind_id"):
        if scope_id is None:
            organisation.add(Role(role))
            continue
        by_scope.setdefault(scope_id, set()).add(Role(role))
        if kind is not None:
            reviews.setdefault(scope_id, set()).add(kind)
    return Roles(frozenset(organisation), _frozen(by_scope), _frozen(reviews))


def _frozen(sets: dict[int, set[Any]]) -> dict[int, frozenset[Any]]:
    return {pk: frozenset(held) for pk, held in sets.items()}


def holds(user: User, *wanted: Role, scope_id: int | None = None) -> bool:
    """Whether `user` holds one of the roles, for the organisation or (given one) for the scope.

    A narrowed token reaches nothing outside its scopes; for the organisation itself (`scope_id` None) it holds nothing.
    """
    held = of(user)
    if held.narrowed_to is not None and scope_id not in held.narrowed_to:
        return False
    if held.organisation & frozenset(wanted):
        return True
    return scope_id is not None and bool(held.by_scope.get(scope_id, frozenset()) & frozenset(wanted))


def reviews(user: User, kind: str, *, scope_id: int) -> bool:
    """Whether `user` is a reviewer of this kind (a ReviewKind's slug) in the scope."""
    held = of(user)
    return (held.narrowed_to is None or scope_id in held.narrowed_to) and kind in held.reviews.get(scope_id, frozenset())


def scopes_with(user: User, *wanted: Role) -> list[int]:
    """Ids of the scopes in which `user` holds one of these roles in person, not through a role for the organisation."""
    return sorted(pk for pk, given in of(user).by_scope.items() if given & frozenset(wanted))


def visible_scopes(user: User) -> list[int] | None:
    """Ids of the scopes whose content `user` may read; None means all of them."""
    held = of(user)
    if held.narrowed_to is None:
        return None if held.see_everything else sorted(pk for pk, given in held.by_scope.items() if given & READS_SCOPE)
    if held.see_everything:
        return sorted(held.narrowed_to)
    return sorted(pk for pk, given in held.by_scope.items() if given & READS_SCOPE)


def overview_scopes(user: User) -> list[int] | None:
    """Ids of the scopes that `user` may know of and whose overview they may read; None means all. Never fewer than `visible_scopes`."""
    held = of(user)
    if not held.organisation & SEES_OVERVIEWS:
        return sorted(held.by_scope)
    return None if held.narrowed_to is None else sorted(held.narrowed_to)


def sees(user: User, scope_id: int | None) -> bool:
    """Whether `user` may see rows of this scope; rows of the organisation (None) need a role that sees everything."""
    scopes = visible_scopes(user)
    return scopes is None or (scope_id is not None and scope_id in scopes)
