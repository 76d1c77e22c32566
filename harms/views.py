"""The harm register and the harms on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from harms import actions, policies, scoring, selectors
from harms.filters import LEVELS, MYSELF, NOBODY, HarmFilter
from harms.forms import AssessmentForm, HarmForm, words_of
from harms.models import Harm
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal
from raiportal.look.paging import cursor_pager
from systems.models import AISystem

HARMS_A_PAGE = 50
CHIPS = ("q", "origin", "category", "state", "level", "owner", "measured", "severity", "frequency")


def _system(request: SignedInRequest, system_id: int) -> AISystem:
    return get_object_or_404(AISystem.objects.visible_to(request.user), pk=system_id)


def _harm(request: SignedInRequest, harm_id: int) -> Harm:
    return get_object_or_404(Harm.objects.visible_to(request.user).select_related("system__scope", "category", "owner", "created_by"), pk=harm_id)


# --- The register ---
@require_safe
def harm_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    """Harms worst first, by filters that the address keeps; an unreadable filter shows nothing and says so."""
    system = _system(request, system_id)
    filters = HarmFilter(request.GET, selectors.register_of(system), request=request)
    status = 200 if filters.is_valid() else 422
    found = filters.qs if status == 200 else Harm.objects.none()
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.WORST_FIRST)
    page = keyset.page(found, sort, request.GET.get("cursor"), HARMS_A_PAGE)
    paths = selectors.paths_of(page.rows)
    scale = selectors.current_scale()
    views = selectors.views_of(system, request.user)
    context = {
        "system": system,
        "section": "harms",
        "rows": [(harm, paths.get(harm.pk, [])) for harm in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "chips": _chips(filters) if status == 200 else [],
        "owners": selectors.owners_in(system),
        "levels": LEVELS,
        "views": views,
        "open_view": _open_view(request, views),
        "total": views[0],
        "high": views[1],
        "sort": name,
        "heat": selectors.heat_map(system, scale),
        "cell": filters.cell if status == 200 else (None, None),
        "export_query": _export_query(request),
        "may_propose": policies.may_propose_harm(request.user, system),
    }
    return render(request, "harms/harm_list.html", context, status=status)


@require_safe
def harm_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    """The filtered register as a file, in the order of the page."""
    system = _system(request, system_id)
    filters = HarmFilter(request.GET, selectors.register_of(system), request=request)
    if not filters.is_valid():
        raise Invalid("A filter in the address can't be read.", field="filter")
    _, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.WORST_FIRST)
    order = [f"-{field}" if sort.descending else field for field in sort.fields]
    return exports.download(f"harms-{system.slug}", format, selectors.EXPORTED, selectors.exported(filters.qs.order_by(*order)))


def _chips(filters: HarmFilter) -> list[tuple[str, str, str]]:
    """Set filters as (words, parameter, value)."""
    chips = []
    for name in CHIPS:
        value = filters.form.data.get(name, "")
        if value:
            chips.append((f"{filters.filters[name].label}: {_chip_words(filters, name, value)}", name, value))
    return chips


def _chip_words(filters: HarmFilter, name: str, value: str) -> str:
    if name == "owner":
        return {MYSELF: "me", NOBODY: "nobody"}.get(value, "one person")
    if name == "category":
        return str(filters.form.cleaned_data[name])
    choices = dict(getattr(filters.form.fields[name], "choices", ()))
    return str(choices.get(value, value))


def _open_view(request: SignedInRequest, views: list[selectors.View]) -> str:
    query = request.GET.copy()
    for name in ("sort", "cursor"):
        query.pop(name, None)
    return next((view.slug for view in views if view.query == query.urlencode()), "")


def _export_query(request: SignedInRequest) -> str:
    query = request.GET.copy()
    query.pop("cursor", None)
    return f"?{query.urlencode()}" if query else ""


# --- One harm ---
@require_safe
def harm(request: SignedInRequest, harm_id: int) -> HttpResponse:
    return render(request, "harms/harm.html", _page(request, _harm(request, harm_id)))


def _page(request: SignedInRequest, shown: Harm) -> dict[str, Any]:
    points = list(selectors.risk_points_of(shown))
    return {
        "harm": shown,
        "system": shown.system,
        "section": "harms",
        "score": scoring.score(shown.severity, shown.frequency) if shown.severity and shown.frequency else None,
        "path": selectors.path_of(shown, points),
        "line": selectors.line_of(shown, points),
        "panels": selectors.panels_of(shown, request.user),
        "may_edit": policies.may_edit_harm(request.user, shown),
        "may_assess": policies.may_assess_harm(request.user, shown),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def harm_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = _system(request, system_id)
    policies.may_propose_harm(request.user, system).require()
    form = HarmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            proposed = actions.propose_harm(system=system, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{proposed.code} is on the register. Next: say how bad it is and how often it happens.")
            return redirect("harm", proposed.pk)
    return _form(request, "harms/harm_add.html", {"form": form, "system": system, "section": "harms"})


@require_http_methods(["GET", "HEAD", "POST"])
def harm_edit(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = _harm(request, harm_id)
    policies.may_edit_harm(request.user, shown).require()
    form = HarmForm(request.POST or None, initial=words_of(shown))
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
    shown = _harm(request, harm_id)
    policies.may_assess_harm(request.user, shown).require()
    scale = selectors.current_scale()
    latest = next((step.point for step in selectors.path_of(shown, selectors.risk_points_of(shown)) if step.kind == "inherent"), None)
    start = {"severity": latest.severity, "frequency": latest.frequency} if latest else {}
    form = AssessmentForm(request.POST or None, initial=start, scale=scale, levels=selectors.levels_of(scale))
    if request.method == "POST" and form.is_valid():
        try:
            point = actions.assess_harm(harm_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            scored = scoring.score(point.severity, point.frequency)
            messages.success(request, f"{shown.code} has an inherent risk of {scored.value}, {scored.word}: {scored.words}.")
            return redirect("harm", shown.pk)
    context = {"form": form, "harm": shown, "system": shown.system, "section": "harms", "scale": scale}
    return _form(request, "harms/harm_assess.html", context)


def _form(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if context["form"].errors else 200)
