"""What holds for every page: sign-in first, no copies kept, refusals answered and noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django_structlog.middlewares import RequestMiddleware

from raiportal import clocks
from raiportal.audit import ledger
from raiportal.errors import NO_ROOM, Missing, NoRoom, PolicyDenied, RaiportalError, Unavailable, Unmet, is_disk_full

log = structlog.get_logger(__name__)
DATABASE_AWAY = "The database doesn't answer. Nothing was changed; try again in a minute."
WRONG_METHOD = 405
ONLY_SENT = "This address only takes what a form sends, and has no page of its own. Go back to the page with the form."
Handler = Callable[[HttpRequest], HttpResponseBase]


class PageHeadersMiddleware:
    """Nothing of the portal stays in a browser's or proxy's store (static files are answered before this)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class RequestLogMiddleware(RequestMiddleware):
    """The log line of each request. It names the person, which needs the session; a database that is away must not turn the answer into an error."""

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        try:
            RequestMiddleware.bind_user_id(request)
        except (DatabaseError, InterfaceError):
            return


class SignInMiddleware(LoginRequiredMiddleware):
    """Every page needs a sign-in unless its view says otherwise. The API has its own default permission."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> HttpResponseBase | None:
        if request.path.startswith("/api/") and not getattr(view_func, "sign_in_needed", False):
            return None
        if not getattr(view_func, "login_required", True):
            return None  # before anybody asks who it is: an open page needs no session, and a probe gets its answer without the database
        return super().process_view(request, view_func, view_args, view_kwargs)  # type: ignore[no-any-return]

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:  # type: ignore[override]  # htmx gets no redirect
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/", resolve_url(settings.LOGIN_URL))


def sign_in_needed(view: Any) -> Any:
    """Marks a page below the API's addresses that people open in the browser: without a sign-in they are sent to it."""
    view.sign_in_needed = True
    return view


class RefusalMiddleware:
    """Turns a refusal of an action into the page that explains it, and notes it in the ledger; by then the change is rolled back."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == WRONG_METHOD and not request.path.startswith("/api/"):
            return _with_allowed(answer(request, Missing(ONLY_SENT), status=WRONG_METHOD), response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError):
            log.warning("database_away")
            exception = Unavailable(DATABASE_AWAY)
        if is_disk_full(exception):
            log.error("disk_full")
            exception = NoRoom(NO_ROOM)
        if isinstance(exception, Http404):
            exception = Missing("There is nothing here, or nothing that you may see.")
        if not isinstance(exception, RaiportalError):
            return None
        if isinstance(exception, PolicyDenied):
            note_refusal(request, exception)
        return answer(request, exception)


def _with_allowed(page: HttpResponse, refused: HttpResponseBase) -> HttpResponse:
    page["Allow"] = refused["Allow"]
    return page


def answer(request: HttpRequest, error: RaiportalError, *, status: int | None = None) -> HttpResponse:
    """The page for a refusal; for htmx just its sentence, which `portal.js` puts into the notice area."""
    status = status or error.status
    missing = error.missing if isinstance(error, Unmet) else []
    context = {"detail": error.detail, "missing": missing}
    if request.headers.get("HX-Request") == "true":
        response = render(request, "errors/_notice.html", {**context, "status": status}, status=status)
        response["HX-Reswap"] = "none"
        return response
    return render(request, f"errors/{status}.html", context, status=status)


def note_refusal(request: HttpRequest, error: RaiportalError) -> None:
    """Write the refusal to the ledger; a database that is away must not hide the answer."""
    user = request.user if request.user.is_authenticated else None
    try:
        ledger.record_refusal(actor=user, what=f"{request.method} {request.path}", why=error.detail, at=clocks.now())
    except DatabaseError:
        log.warning("refusal_not_recorded")
