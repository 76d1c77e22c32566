"""The style page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from raiportal.look import examples


@require_GET
def style(request: HttpRequest) -> HttpResponse:
    """Every component with the line that writes it. Nothing here is stored, so each signed-in person may look."""
    return render(request, "look/style.html", examples.page())
