"""Candidates for harms: the list to go through, and the decision on each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, policies, selectors
from harms.decision_forms import CandidateForm, LinkForm, NewHarmForm
from harms.enums import CandidateSource, Origin
from harms.filters import CandidateFilter
from harms.models import Candidate
from harms.views.addressed import system_of
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.audit.subjects import subject_kinds
from raiportal.errors import Invalid, Missing
from raiportal.listing import order_of
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.paging import cursor_pager

CANDIDATES_A_PAGE = 50


@require_safe
def candidate_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    """One system's candidates, newest first; the address keeps filters and order."""
    system = system_of(request, system_id)
    filters = _filters(request, system)
    is_readable = filters.is_valid()
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.CANDIDATE_SORTS, "-id")
    page = keyset.page(filters.qs if is_readable else filters.queryset.none(), sort, request.GET.get("cursor"), CANDIDATES_A_PAGE)
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "system": system,
        "section": "harms",
        "rows": page.rows,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(field) for field in filters.filters),
        "sort": name,
        "query": f"?{query.urlencode()}" if query else "",
        "may_add": policies.may_add_candidate(request.user, system),
    }
    return render(request, "harms/candidate_list.html", context, status=200 if is_readable else 422)


@require_safe
def candidate_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    system = system_of(request, system_id)
    found = _filters(request, system).required().order_by(*order_of(request, selectors.CANDIDATE_SORTS, "-id"))
    return exports.download(f"candidates-{system.slug}", format, selectors.CANDIDATE_COLUMNS, selectors.exported_candidates(found))


def _filters(request: SignedInRequest, system: Any) -> CandidateFilter:
    return CandidateFilter(request.GET, selectors.candidates_of(system), request=request)


@require_http_methods(["GET", "HEAD", "POST"])
def candidate_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    policies.may_add_candidate(request.user, system).require()
    form = CandidateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_candidate(system=system, source=CandidateSource.PERSON, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{added.code} waits for somebody to say whether it is a harm.")
            return redirect("candidate", added.pk)
    return render(request, "harms/candidate_add.html", {"form": form, "system": system, "section": "harms"}, status=422 if form.errors else 200)


@require_safe
def candidate(request: SignedInRequest, candidate_id: int) -> HttpResponse:
    return _page(request, _candidate(request, candidate_id))


@require_safe
def candidate_origin(request: SignedInRequest, candidate_id: int) -> HttpResponse:
    """Lead on to the page of what it came from, where its reader may open it."""
    url = _origin_url(request, _candidate(request, candidate_id))
    if not url:
        raise Missing("It came from nothing that you can open here.")
    return redirect(url)


@require_POST
def candidate_accept(request: SignedInRequest, candidate_id: int) -> HttpResponse:
    """It is a new harm."""
    shown, form = _candidate(request, candidate_id), NewHarmForm(request.POST)
    if form.is_valid():
        try:
            harm = actions.accept_candidate(candidate_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{harm.code} is on the register. Next: say how bad it is and how often it happens.")
            return redirect("harm", harm.pk)
    return _page(request, shown, new=form)


@require_POST
def candidate_link(request: SignedInRequest, candidate_id: int) -> HttpResponse:
    """It is an instance of a known harm."""
    shown = _candidate(request, candidate_id)
    form = LinkForm(request.POST, system=shown.system)
    if form.is_valid():
        try:
            given = form.cleaned_data
            actions.link_candidate(candidate_id=shown.pk, harm_id=given["harm"].pk, reason=given["reason"], actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{shown.code} belongs to {given['harm'].code} now.")
            return redirect("candidate", shown.pk)
    return _page(request, shown, link=form)


@require_POST
def candidate_dismiss(request: SignedInRequest, candidate_id: int) -> HttpResponse:
    done = actions.dismiss_candidate(candidate_id=_candidate(request, candidate_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{done.code} is dismissed. It stays on the list with your reason.")
    return redirect("candidate", done.pk)


@require_POST
def candidate_reopen(request: SignedInRequest, candidate_id: int) -> HttpResponse:
    done = actions.reopen_candidate(candidate_id=_candidate(request, candidate_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{done.code} waits again.")
    return redirect("candidate", done.pk)


def _candidate(request: SignedInRequest, candidate_id: int) -> Candidate:
    rows = Candidate.objects.visible_to(request.user).select_related("system__scope", "harm", "created_by", "decided_by")
    found: Candidate = get_object_or_404(rows, pk=candidate_id)
    return found


def _page(request: SignedInRequest, shown: Candidate, *, new: NewHarmForm | None = None, link: LinkForm | None = None) -> HttpResponse:
    context = {
        "candidate": shown,
        "system": shown.system,
        "section": "harms",
        "origin_url": _origin_url(request, shown),
        "may_decide": policies.may_decide_candidate(request.user, shown),
        "new": new or NewHarmForm(initial={"title": shown.title, "description": shown.summary, "origin": Origin.MODEL}),
        "link": link or LinkForm(system=shown.system),
        "list_url": reverse("candidate-list", args=[shown.system_id]),
    }
    refused = any(form is not None and form.errors for form in (new, link))
    return render(request, "harms/candidate.html", context, status=422 if refused else 200)


def _origin_url(request: SignedInRequest, shown: Candidate) -> str:
    """The page of what it came from, where its reader may open it."""
    kind = subject_kinds.get(shown.subject_kind) if shown.subject_id else None
    origin = kind.find(shown.subject_id, request.user) if kind and shown.subject_id else None
    return kind.url(origin) if kind and origin is not None else ""
