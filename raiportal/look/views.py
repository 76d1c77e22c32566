"""The style pages: every component with its example, when to use it, and the line that makes it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from raiportal.look.examples.index import ADDRESSED, PAGES


@require_GET
def style(request: HttpRequest) -> HttpResponse:
    """The index. Nothing here is stored, so each signed-in person may look."""
    return render(request, "look/index.html", {"pages": PAGES})


@require_GET
def style_page(request: HttpRequest, slug: str) -> HttpResponse:
    page = ADDRESSED.get(slug)
    if page is None:
        raise Http404
    return render(request, page.template, {"page": page, "pages": PAGES, "parts": page.parts, **page.context()})
