"""Scores on an older scale: what they would become on the current one, carrying them over, and which moved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from harms import actions, policies, selectors
from harms.enums import Axis
from harms.models import RiskScale, ScaleChange
from harms.rating_forms import ScaleChangeForm
from harms.views.addressed import system_of
from raiportal import exports
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal

MOST_SHOWN = 200  # scores on a page; the file has all


@require_safe
def scale_changes(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The scale in force, scores that hold and were given on older ones, and what was carried over before."""
    system = system_of(request, system_id)
    current = selectors.current_scale()
    context = {
        "system": system,
        "section": "harms",
        "scale": current,
        "levels": selectors.levels_of(current),
        "older": selectors.older_scales(system, current),
        "changes": selectors.changes_of(request.user).filter(system=system).order_by("-pk")[:MOST_SHOWN],
        "may_carry": policies.may_carry_scores_over(request.user, system),
    }
    return render(request, "harms/scale_changes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def scale_change_add(request: SignedInRequest, system_id: int, version: int) -> HttpResponse:
    """First shows what every score would become; changes the register when that is confirmed."""
    system = system_of(request, system_id)
    policies.may_carry_scores_over(request.user, system).require()
    old, current = get_object_or_404(RiskScale, version=version), selectors.current_scale()
    form = ScaleChangeForm(request.POST or None, old=selectors.levels_of(old), new=selectors.levels_of(current))
    preview: list[Any] = []
    if request.method == "POST" and form.is_valid():
        levels = {f"{axis}_levels": form.levels(axis) for axis in Axis}
        try:
            if request.POST.get("act") == "carry":
                change = actions.carry_scores_over(system=system, from_scale=old, reason=form.cleaned_data["reason"], actor=request.user, **levels)
                messages.success(request, "The scores are carried over. The register as it was is kept as a baseline.")
                return redirect("scale-change", change.pk)
            preview = actions.carried(selectors.points_on_scale(system, old), **levels)
        except Invalid as error:
            add_refusal(form, error)
    context = {"form": form, "system": system, "section": "harms", "old": old, "scale": current, "preview": preview[:MOST_SHOWN], "count": len(preview)}
    context["moved"] = sum(row.has_moved for row in preview)
    return render(request, "harms/scale_change_add.html", context, status=422 if form.errors else 200)


def _change(request: SignedInRequest, change_id: int) -> ScaleChange:
    return get_object_or_404(selectors.changes_of(request.user), pk=change_id)


@require_safe
def scale_change(request: SignedInRequest, change_id: int) -> HttpResponse:
    change = _change(request, change_id)
    moves = selectors.moves_of(change)
    context = {"change": change, "system": change.system, "section": "harms", "moves": moves[:MOST_SHOWN], "count": len(moves)}
    context["moved"] = sum(move.has_moved for move in moves)
    return render(request, "harms/scale_change.html", context)


@require_safe
def scale_change_export(request: SignedInRequest, change_id: int, format: str) -> HttpResponseBase:
    change = _change(request, change_id)
    return exports.download(f"scores-carried-over-{change.system.slug}-{change.pk}", format, selectors.MOVED, selectors.move_rows(change))
