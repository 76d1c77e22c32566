"""The door to the settings, and the pages for addresses that lead nowhere."""

from __future__ import annotations

import sys

from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from raiportal.accounts.policies import may_read_everything
from raiportal.accounts.requests import SignedInRequest
from raiportal.api import problems
from raiportal.errors import Invalid, Missing, PolicyDenied, Unavailable
from raiportal.middleware import DATABASE_AWAY, answer


@require_safe
def settings_home(request: SignedInRequest) -> HttpResponse:
    """The first settings page that this person may see."""
    return redirect("person-list" if may_read_everything(request.user) else "token-list")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problems.outside_resources(400, "unreadable", "The request can't be read.")
    return answer(request, Invalid("The request can't be read. Go back and try again."), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, PolicyDenied("This may not be done from here. Load the page again and try once more."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, PolicyDenied("This form was open too long or came from elsewhere. Load the page again and send it once more."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problems.outside_resources(404, "missing", problems.NOT_FOUND)
    return answer(request, Missing("There is nothing here, or nothing that you may see."))


def server_error(request: HttpRequest) -> HttpResponse:
    """What went wrong outside a view too: there a database that is away is met by whoever asks first who is signed in."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        if _is_api(request):
            return problems.outside_resources(503, "unavailable", DATABASE_AWAY)
        request.user = AnonymousUser()  # the page must not ask again
        return answer(request, Unavailable(DATABASE_AWAY))
    if _is_api(request):
        return problems.outside_resources(500, "error", "Something went wrong here. It has been logged.")
    return render(request, "errors/500.html", status=500)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
