"""Pages of signing in take little: nobody makes the portal read or hash a megabyte of password."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from raiportal.errors import Invalid
from raiportal.middleware import answer

TOO_LARGE = "This is larger than a form of this page can be. Go back and enter it anew."


def small(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answers 400 to a request whose body is longer than SIGN_IN_MAX_BYTES."""

    @wraps(view)
    def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.SIGN_IN_MAX_BYTES:
            return answer(request, Invalid(TOO_LARGE), status=400)
        return view(request, *args, **kwargs)

    return bounded
