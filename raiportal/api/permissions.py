"""The API's default: signed in, and with a token only what the token is for. What somebody may do there is asked by the actions."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from raiportal.accounts.enums import Ability
from raiportal.accounts.models import ApiToken

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REFUSALS = {
    Ability.READ: "This token may only read.",
    Ability.REGISTER: "This token may change systems and their harms, and nothing else.",
    Ability.MEASURE: "This token may change what is measured, and nothing else.",
    Ability.METRICS: "This token may only read the portal's own operating figures.",
}


class SignedIn(BasePermission):
    """A view says by `ability` which tokens may write there besides those that may do everything; without one, no limited token may."""

    message = "Sign in or send a token."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not (request.user and request.user.is_authenticated and request.user.is_active):
            return False
        if isinstance(request.auth, ApiToken) and not reaches(request.auth, request.method or "", getattr(view, "ability", None)):
            raise exceptions.PermissionDenied(REFUSALS[Ability(request.auth.ability)])
        return True


def reaches(token: ApiToken, method: str, ability: str | None) -> bool:
    """Whether the token may be used for a request with this method at a view that asks for this ability."""
    if token.ability == Ability.ALL:
        return True
    if Ability.METRICS in (token.ability, ability):
        return token.ability == ability
    return method in SAFE_METHODS or token.ability == ability
