"""Findings: the triage queue, one finding, reporting, second opinions and decisions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, policies
from harms import selectors as harm_selectors
from harms.campaign_filters import FindingFilter
from harms.campaign_forms import DuplicateForm, FindingForm, KnownHarmForm, NewHarmForm, OpinionForm
from harms.enums import Axis, FindingState
from harms.extensions import finding_panels
from harms.models import Finding, ProbeSession
from harms.selectors import campaigns as campaign_selectors
from harms.selectors import findings as selectors
from harms.views.addressed import system_of
from harms.views.probing import session_of
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.marks import Mark
from raiportal.look.paging import changed_query, cursor_pager
from systems.models import AISystem

A_PAGE = 50
SORTS = {"added": keyset.Sort("pk"), "severity": keyset.Sort("severity"), "title": keyset.Sort("title_key")}
WORST_FIRST = "-severity"
MARKS: dict[str, Mark] = {
    FindingState.OPEN: Mark("Waits for triage", "clock", "warn"),
    FindingState.CONFIRMED: Mark("Confirmed", "alert", "bad"),
    FindingState.DISMISSED: Mark("Dismissed", "close"),
    FindingState.DUPLICATE: Mark("Duplicate", "copy"),
}


def finding_of(request: SignedInRequest, finding_id: int) -> Finding:
    found: Finding = get_object_or_404(selectors.with_parts(Finding.objects.visible_to(request.user)), pk=finding_id)
    return found


def severities() -> list[tuple[int, str]]:
    """The levels of severity with their words, worst first."""
    scale = harm_selectors.current_scale()
    listed = harm_selectors.levels_of(scale)[Axis.SEVERITY]
    return [(level.level, f"{level.level} {level.label}") for level in sorted(listed, key=lambda level: -level.level)]


@require_safe
def finding_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The system's findings, worst first; those that wait for triage come by the filter."""
    system = system_of(request, system_id)
    filters = _filters(request, system)
    name, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, WORST_FIRST)
    found = filters.qs if filters.is_valid() else Finding.objects.none()
    page = keyset.page(found, sort, request.GET.get("cursor"), A_PAGE)
    again = selectors.reproduced(page.rows)
    context = {
        "system": system,
        "section": "findings",
        "lines": [(row, MARKS[row.state], again.get(row.pk)) for row in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(field) for field in filters.filters),
        "sort": name,
        "waiting": Finding.objects.filter(system=system, state=FindingState.OPEN).count(),
        "strategies": campaign_selectors.strategy_titles().items(),
        "exports": [(kind.upper(), f"{reverse('finding-export', args=[system.pk, kind])}{changed_query(request)}") for kind in exports.FORMATS],
    }
    return render(request, "harms/finding_list.html", context, status=200 if filters.is_valid() else 422)


@require_safe
def finding_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    system = system_of(request, system_id)
    found = _filters(request, system).required()
    return exports.download(f"findings-{system.slug}", format, selectors.FINDING_COLUMNS, selectors.exported_findings(found.order_by("-severity", "-pk")))


def _filters(request: SignedInRequest, system: AISystem) -> FindingFilter:
    return FindingFilter(request.GET, queryset=selectors.with_parts(Finding.objects.visible_to(request.user).filter(system=system)))


@require_http_methods(["GET", "HEAD", "POST"])
def finding_add(request: SignedInRequest, session_id: int) -> HttpResponse:
    session = session_of(request, session_id)
    policies.may_report_finding(request.user, session.campaign).require()
    form = FindingForm(request.POST or None, system=session.campaign.system, severities=severities(), initial=_first_words(request, session))
    if request.method == "POST" and form.is_valid():
        try:
            reported = actions.report_finding(session_id=session.pk, actor=request.user, **form.found())
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{reported.code} waits for triage by somebody else.")
            return redirect("finding", reported.pk)
    context = {"form": form, "session": session, "campaign": session.campaign, "system": session.campaign.system, "section": "findings"}
    return render(request, "harms/finding_add.html", context, status=422 if form.errors else 200)


def _first_words(request: SignedInRequest, session: ProbeSession) -> dict[str, Any]:
    turn = request.GET.get("turn", "")
    number = int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 6 else session.turn_count  # type: ignore[attr-defined]
    return {"first_turn": number, "last_turn": number, "harm": session.harm_id}


@require_safe
def finding(request: SignedInRequest, finding_id: int) -> HttpResponse:
    return render(request, "harms/finding.html", _page(request, finding_of(request, finding_id)))


def _page(request: SignedInRequest, shown: Finding, **refused: forms.Form) -> dict[str, Any]:
    user = request.user
    levels = severities()
    opinions = selectors.opinions_of(shown)
    titles = campaign_selectors.strategy_titles()
    start = {"severity": shown.severity}
    panels = [
        (panel.template, loaded)
        for panel in sorted(finding_panels, key=lambda entry: entry.order)
        if (loaded := panel.load([shown], user).get(shown.pk)) is not None
    ]
    return {
        "finding": shown,
        "system": shown.system,
        "section": "findings",
        "mark": MARKS[shown.state],
        "severity_words": dict(levels).get(shown.severity, str(shown.severity)),
        "strategies": [titles.get(slug, slug) for slug in shown.strategies],
        "opinions": opinions,
        "has_said": any(opinion.created_by_id == user.pk for opinion in opinions),
        "has_agreement": any(opinion.verdict == "agrees" for opinion in opinions),
        "replays": [(replay, selectors.is_judgeable(replay), selectors.stands_still(replay)) for replay in selectors.replays_of(shown)],
        "again": selectors.reproduced([shown]).get(shown.pk, selectors.Reproduced()),
        "may_triage": policies.may_triage(user, shown),
        "may_replay": policies.may_replay(user, shown),
        "may_read": policies.may_read_probes(user, shown.campaign),
        "duplicates": shown.duplicates.order_by("pk"),
        "panels": panels,
        "opinion_form": OpinionForm(severities=levels, initial=start, prefix=None),
        "known_form": KnownHarmForm(system=shown.system, severities=levels, initial={**start, "harm": shown.harm_id}),
        "new_form": NewHarmForm(severities=levels, initial={**start, "title": shown.title}),
        "duplicate_form": DuplicateForm(finding=shown),
        **refused,
    }


def _refused(request: SignedInRequest, shown: Finding, **forms_by_name: forms.Form) -> HttpResponse:
    return render(request, "harms/finding.html", _page(request, shown, **forms_by_name), status=422)


@require_POST
def finding_opinion(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    policies.may_triage(request.user, shown).require()
    form = OpinionForm(request.POST, severities=severities())
    if not form.is_valid():
        return _refused(request, shown, opinion_form=form)
    actions.give_opinion(finding_id=shown.pk, actor=request.user, **form.cleaned_data)
    messages.success(request, "Your opinion is on record.")
    return redirect("finding", shown.pk)


@require_POST
def finding_confirm(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    policies.may_triage(request.user, shown).require()
    form = KnownHarmForm(request.POST, system=shown.system, severities=severities())
    if not form.is_valid():
        return _refused(request, shown, known_form=form)
    said = {**form.cleaned_data, "harm": form.harms[form.cleaned_data["harm"]]}
    actions.confirm_finding(finding_id=shown.pk, actor=request.user, **said)
    messages.success(request, f"{shown.code} is an instance of {said['harm'].code}.")
    return redirect("finding", shown.pk)


@require_POST
def finding_confirm_new(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    policies.may_triage(request.user, shown).require()
    form = NewHarmForm(request.POST, severities=severities())
    if not form.is_valid():
        return _refused(request, shown, new_form=form)
    said = {**form.cleaned_data, "category": form.categories[form.cleaned_data["category"]]}
    confirmed = actions.confirm_as_new_harm(finding_id=shown.pk, actor=request.user, **said)
    messages.success(request, f"{confirmed.harm.code if confirmed.harm else ''} is proposed on the register, with {shown.code} as its first instance.")
    return redirect("finding", shown.pk)


@require_POST
def finding_dismiss(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    actions.dismiss_finding(finding_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.code} is dismissed.")
    return redirect("finding", shown.pk)


@require_POST
def finding_duplicate(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    policies.may_triage(request.user, shown).require()
    form = DuplicateForm(request.POST, finding=shown)
    if not form.is_valid():
        return _refused(request, shown, duplicate_form=form)
    original = form.findings[form.cleaned_data["original"]]
    actions.mark_duplicate(finding_id=shown.pk, original=original, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{shown.code} is a duplicate of {original.code}.")
    return redirect("finding", shown.pk)


@require_POST
def finding_reopen(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    actions.reopen_finding(finding_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.code} waits for triage again.")
    return redirect("finding", shown.pk)


@require_POST
def finding_replay(request: SignedInRequest, finding_id: int) -> HttpResponse:
    shown = finding_of(request, finding_id)
    asked = request.POST.get("count", "")
    count = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    made = actions.start_replays(finding_id=shown.pk, count=count, actor=request.user)
    messages.success(request, f"Workers play {len(list(made))} replays. Judge each once it is played.")
    return redirect("finding", shown.pk)
