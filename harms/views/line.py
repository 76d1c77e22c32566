"""The harm line: one page for the whole life of a harm."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from harms import scoring
from harms.models import HIGHEST_SCORE, RiskPoint
from harms.selectors import harm_line as selectors
from harms.views.addressed import harm_of
from raiportal.accounts.requests import SignedInRequest

WIDTH, HEIGHT, EDGE = 100.0, 100.0, 3.0  # of the drawing, in its own units


@require_safe
def harm_line(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = harm_of(request, harm_id)
    asked = request.GET.get("only", "")
    line = selectors.line_of_life(shown, request.user, asked)
    points = selectors.score_points(shown)
    context = {
        "harm": shown,
        "system": shown.system,
        "section": "harms",
        "entries": [entry for _, entry in line.entries],
        "counts": line.counts,
        "open_tab": asked or "all",
        "cut": line.cut,
        "path": _path(points),
        "points": [(point, scoring.score(point.severity, point.frequency)) for point in reversed(points)],
    }
    return render(request, "harms/harm_line.html", context)


def _path(points: list[RiskPoint]) -> dict[str, Any] | None:
    """The ranking score's steps as dots and a line over time, in percent of the drawing; None with fewer than two."""
    if len(points) < 2:
        return None
    first, last = points[0].created_at, points[-1].created_at
    span = (last - first).total_seconds() or 1.0
    placed = [
        {
            "x": EDGE + (WIDTH - 2 * EDGE) * (point.created_at - first).total_seconds() / span,
            "y": EDGE + (HEIGHT - 2 * EDGE) * (1 - point.score / HIGHEST_SCORE),
            "words": f"{point.get_kind_display()} {point.score}: {point.severity} × {point.frequency}",
        }
        for point in points
    ]
    return {"dots": placed, "line": " ".join(f"{dot['x']:.2f},{dot['y']:.2f}" for dot in placed), "first": first, "last": last}
