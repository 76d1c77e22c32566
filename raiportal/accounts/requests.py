"""Requests behind the sign-in: middleware and default permission have seen to it that there is a user."""

from __future__ import annotations

from django.http import HttpRequest

from raiportal.accounts.models import User


class SignedInRequest(HttpRequest):
    """What a view gets that asks for sign-in; a name for type checkers alone."""

    user: User
