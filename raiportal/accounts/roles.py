"""Who holds which role, read once for each request or task and kept on the user object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from raiportal.accounts.enums import SEES_EVERYTHING, Role
from raiportal.accounts.models import Membership, User


@dataclass(frozen=True)
class Roles:
    """The roles of one user: for the organisation, and by scope id."""

    organisation: frozenset[Role]
    by_scope: dict[int, frozenset[Role]]
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
    user._roles = Roles(whole.organisation, {pk: held for pk, held in whole.by_scope.items() if pk in allowed}, allowed)  # type: ignore[attr-defined]


def _load(user: User) -> Roles:
    organisation: set[Role] = set()
    by_scope: dict[int, set[Role]] = {}
    for scope_id, role in Membership.objects.in_force().filter(user=user).values_list("scope_id", "role"):
        if scope_id is None:
            organisation.add(Role(role))
        else:
            by_scope.setdefault(scope_id, set()).add(Role(role))
    return Roles(frozenset(organisation), {pk: frozenset(held) for pk, held in by_scope.items()})


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


def visible_scopes(user: User) -> list[int] | None:
    """Ids of the scopes that `user` may see; None means all of them."""
    held = of(user)
    if held.narrowed_to is not None:
        return sorted(held.narrowed_to) if held.see_everything else sorted(held.by_scope)
    return None if held.see_everything else sorted(held.by_scope)


def sees(user: User, scope_id: int | None) -> bool:
    """Whether `user` may see rows of this scope; rows of the organisation (None) need a role that sees everything."""
    scopes = visible_scopes(user)
    return scopes is None or (scope_id is not None and scope_id in scopes)
