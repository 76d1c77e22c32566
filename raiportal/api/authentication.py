"""Who calls: a bearer token, or the browser's session (with its CSRF token)."""

from __future__ import annotations

from typing import Any

import structlog
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from raiportal import clocks
from raiportal.accounts import actions, roles
from raiportal.accounts.models import ApiToken, User

REFUSED = "This token is unknown, revoked or past its end. Make a new one under Settings, API tokens."


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`. A request that brings one is never authenticated by its cookie."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer" or not key or "," in key:
            raise exceptions.AuthenticationFailed("Send the token as “Authorization: Bearer <token>”, once.")
        token = _usable_token(key.strip())
        limited = [scope.pk for scope in token.scopes.all()]
        if limited:
            roles.narrow(token.user, limited)
        structlog.contextvars.bind_contextvars(token_id=token.pk, user_id=token.user_id)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The signed-in browser; DRF checks the CSRF token."""

    def authenticate(self, request: Request) -> Any:
        return super().authenticate(request)


def _usable_token(key: str) -> ApiToken:
    token = ApiToken.objects.select_related("user").prefetch_related("scopes").filter(digest=actions.token_digest(key)).first()
    now = clocks.now()
    if token is None or not token.is_usable(now) or not token.user.is_active:
        raise exceptions.AuthenticationFailed(REFUSED)
    actions.note_token_use(token, now)
    return token
