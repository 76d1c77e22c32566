"""One address, two answers: the whole page, or the fragment that htmx asked for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.utils.cache import patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a piece: not boosted, not restoring history."""
    details: Any = getattr(request, "htmx", None)
    return bool(details) and not details.boosted and not details.history_restore_request


def render(request: HttpRequest, page: str, fragment: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The fragment for htmx, the page for everybody else. Both templates get the same context."""
    response = render_template(request, fragment if wants_fragment(request) else page, context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to `url` after a change: a redirect, or for htmx the header that makes it navigate."""
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def go_or_swap(request: HttpRequest, url: str, fragment: str, context: dict[str, Any]) -> HttpResponse:
    """After a change: the fragment in its new form for htmx, else a redirect to `url`."""
    if wants_fragment(request):
        response = render_template(request, fragment, context)
        patch_vary_headers(response, ("HX-Request",))
        return response
    return HttpResponseRedirect(url)
