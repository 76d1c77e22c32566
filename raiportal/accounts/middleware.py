"""Noting that a signed-in browser is in use."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from raiportal.accounts import sign_ins


class LastSeenMiddleware:
    """After the answer, so that the page doesn't wait and a refusal counts as well; a database that is away hides no answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        try:
            if request.session.session_key and request.user.is_authenticated:
                sign_ins.note_seen(request.session.session_key)
        except DatabaseError:
            return response
        return response
