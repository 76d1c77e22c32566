"""One harm: its page, proposing, editing, assessing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from harms import actions, policies, scoring, selectors
from harms.forms import AssessmentForm, HarmForm, words_of
from harms.models import Harm
from harms.views import harm_parts
from harms.views.addressed import harm_of, system_of
from raiportal import clocks
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal
from systems.models import AISystem, IntendedUse

MOST_INSTANCES = 20  # on a harm's page; the list of candidates has all


@require_safe
def harm(request: SignedInRequest, harm_id: int) -> HttpResponse:
    return render(request, "harms/harm.html", _page(request, harm_of(request, harm_id)))


def _page(request: SignedInRequest, shown: Harm) -> dict[str, Any]:
    points = list(selectors.risk_points_of(shown))
    places = selectors.places_of(shown, points)
    sources = selectors.sources_of(points, request.user)
    return {
        "harm": shown,
        "system": shown.system,
        "section": "harms",
        "score": scoring.score(shown.severity, shown.frequency) if shown.severity and shown.frequency else None,
        "places": places,
        "path": places[0].steps,
        "risk_points": harm_parts.path(places[0].steps, sources),
        "formula": _formula(shown, places),
        "line": list(harm_parts.line(selectors.line_of(shown, points), sources)),
        "flags": selectors.flags_of_many([shown], clocks.now())[shown.pk],
        "instances": selectors.instances_of(shown, MOST_INSTANCES),
        "merged_here": selectors.merged_into(shown),
        "panels": selectors.panels_of(shown, request.user),
        "may_edit": policies.may_edit_harm(request.user, shown),
        "may_assess": policies.may_assess_harm(request.user, shown),
    }


def _formula(shown: Harm, places: list[selectors.PlaceScores]) -> str:
    """How the harm's score was worked out, with everything that went in; "" where nothing was stated."""
    stated = [(place, place.ranking.point) for place in places if place.ranking and place.ranking.point]
    if not stated:
        return ""
    if len(stated) == 1:
        place, point = stated[0]
        return f"{shown.priority} = severity {point.severity} × frequency {point.frequency}, {point.get_kind_display().lower()}, {_named(place)}"
    parts = "; ".join(f"{_named(place)} {point.score} ({point.severity} × {point.frequency}, {point.get_kind_display().lower()})" for place, point in stated)
    return f"{shown.priority} = the worst of: {parts}"


def _named(place: selectors.PlaceScores) -> str:
    return place.use.code if place.use else "as a whole"


@require_http_methods(["GET", "HEAD", "POST"])
def harm_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    policies.may_propose_harm(request.user, system).require()
    entry, model_name = request.GET.get("entry", ""), request.GET.get("model", "")[:120]  # of the library, whose harm is adapted
    initial = {"uses": request.GET.getlist("use"), **(actions.words_of_entry(entry, model_name) if entry else {})}
    form = HarmForm(request.POST or None, uses=selectors.uses_to_choose(system), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            proposed = _propose(request, system, entry, model_name, form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{proposed.code} is on the register. Next: say how bad it is and how often it happens.")
            return redirect("harm", proposed.pk)
    return _form(request, "harms/harm_add.html", {"form": form, "system": system, "section": "harms", "is_adapted": bool(entry)})


def _propose(request: SignedInRequest, system: AISystem, entry: str, model_name: str, words: dict[str, Any]) -> Harm:
    if entry:
        return actions.propose_from_library(system=system, slug=entry, model_name=model_name, actor=request.user, **words)
    return actions.propose_harm(system=system, actor=request.user, **words)


@require_http_methods(["GET", "HEAD", "POST"])
def harm_edit(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = harm_of(request, harm_id)
    policies.may_edit_harm(request.user, shown).require()
    initial = {**words_of(shown), "uses": selectors.uses_of(shown)}
    form = HarmForm(request.POST or None, uses=selectors.uses_to_choose(shown.system), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_harm(harm_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{shown.code} changed.")
            return redirect("harm", shown.pk)
    return _form(request, "harms/harm_edit.html", {"form": form, "harm": shown, "system": shown.system, "section": "harms"})


@require_http_methods(["GET", "HEAD", "POST"])
def harm_assess(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = harm_of(request, harm_id)
    policies.may_assess_harm(request.user, shown).require()
    scale = selectors.current_scale()
    form = AssessmentForm(
        request.POST or None,
        initial=_last_assessment(request, shown),
        scale=scale,
        levels=selectors.levels_of(scale),
        uses=selectors.uses_to_choose(shown.system),
    )
    if request.method == "POST" and form.is_valid():
        try:
            point = actions.assess_harm(harm_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            scored = scoring.score(point.severity, point.frequency)
            where = f" in {point.intended_use.code}" if point.intended_use else ""
            messages.success(request, f"{shown.code} has an inherent risk of {scored.value}{where}, {scored.word}: {scored.words}.")
            return redirect("harm", shown.pk)
    context = {"form": form, "harm": shown, "system": shown.system, "section": "harms", "scale": scale}
    return _form(request, "harms/harm_assess.html", context)


def _last_assessment(request: SignedInRequest, shown: Harm) -> dict[str, Any]:
    """What was stated last for the place that the address asks for."""
    use = _use(request, shown)
    steps = selectors.path_of(selectors.risk_points_of(shown), use)
    latest = next((step.point for step in steps if step.kind == "inherent"), None)
    levels = {"severity": latest.severity, "frequency": latest.frequency} if latest else {}
    return {"intended_use": use, **levels}


def _use(request: SignedInRequest, shown: Harm) -> IntendedUse | None:
    asked = request.GET.get("use", "")
    is_id = asked.isascii() and asked.isdigit() and len(asked) <= 18
    return selectors.uses_to_choose(shown.system).filter(pk=int(asked)).first() if is_id else None


def _form(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if context["form"].errors else 200)
