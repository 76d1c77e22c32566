"""allauth's views that change how somebody signs in: the change and its entry in the ledger stand together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from raiportal.accounts import factors


def factors_noted(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Records which of one's own factors a form has added, removed or renewed, in the transaction of the change."""

    @wraps(view)
    def noted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not request.user.is_authenticated:
            return view(request, *args, **kwargs)
        with factors.changes_noted(request.user):
            return view(request, *args, **kwargs)

    return noted
