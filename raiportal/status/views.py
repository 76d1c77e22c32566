"""Addresses for probes: no sign-in, no content."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from raiportal.status import selectors


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 once a run could start, else 503 with the reasons."""
    readiness = selectors.readiness()
    body = {"status": "ready" if readiness.is_ready else "not ready", "problems": readiness.problems}
    return JsonResponse(body, status=200 if readiness.is_ready else 503)
