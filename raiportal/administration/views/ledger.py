"""The ledger's pages, its files, erasing from it, and the history of one object."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.filters import query_of
from raiportal.administration.ledger_filters import EntryFilter
from raiportal.administration.people_named import people_offered
from raiportal.audit import policies, selectors, written
from raiportal.audit.actions import erasure, exporting
from raiportal.audit.standalone import verify_ledger
from raiportal.audit.subjects import subject_kinds
from raiportal.errors import Invalid
from raiportal.listing import order_of
from raiportal.look.forms import ReasonForm
from raiportal.look.paging import cursor_pager

ENTRIES_A_PAGE = 50
HISTORY_MOST = 200
SORTS = {"written": keyset.Sort("pk")}
NEWEST_FIRST = "-written"
NEEDS_REASON = "Say why, without personal data: the reason stays."


@require_safe
def entry_list(request: SignedInRequest) -> HttpResponse:
    policies.may_read_ledger(request.user).require()
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, NEWEST_FIRST)
    page = keyset.page(filters.qs if status == 200 else selectors.no_entries(), sort, request.GET.get("cursor"), ENTRIES_A_PAGE)
    context = {
        "lines": selectors.lines(page.rows),
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "people": people_offered(),
        "sort": name,
        "export_query": query_of(request),
        "sealing": selectors.sealing_status(),
        "verification": selectors.last_verification(),
    }
    return render(request, "administration/entry_list.html", context, status=status)


@require_safe
def entry(request: SignedInRequest, entry_id: int) -> HttpResponse:
    """One entry with everything that it says, and the segment that seals it."""
    policies.may_read_ledger(request.user).require()
    found = get_object_or_404(selectors.entries(request.user), pk=entry_id)
    context = {
        "entry": found,
        "record": selectors.record_of(found, request.user),
        "segment": selectors.segment_of(found),
        "may_erase": policies.may_erase(request.user),
    }
    return render(request, "administration/entry.html", context)


@require_POST
def entry_export(request: SignedInRequest) -> StreamingHttpResponse:
    """The filtered entries as a table for people; the whole ledger for verifying is `ledger_file`."""
    policies.may_read_ledger(request.user).require()
    format = request.POST.get("format", "")
    if format not in exports.FORMATS:
        raise Invalid("Exports are CSV or JSON.", field="format")
    rows = _filters(request).required().order_by(*order_of(request, SORTS, NEWEST_FIRST))
    exporting.note_export(format=format, filters={name: str(value) for name, value in request.GET.items() if value}, actor=request.user)
    return exports.download("ledger", format, selectors.EXPORTED, selectors.exported(rows))


@require_POST
def ledger_file(request: SignedInRequest) -> StreamingHttpResponse:
    """The whole ledger as JSON lines, for the stand-alone verifier."""
    exporting.note_export(format="jsonl", filters={}, actor=request.user)
    headers = {"Content-Disposition": 'attachment; filename="ledger.jsonl"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse((line.encode() for line in written.export()), content_type="application/jsonl; charset=utf-8", headers=headers)


@require_safe
def ledger_verifier(request: SignedInRequest) -> HttpResponse:
    """The stand-alone verifier itself."""
    policies.may_read_ledger(request.user).require()
    file = Path(verify_ledger.__file__)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(file.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)


@require_safe
def ledger_proof(request: SignedInRequest) -> HttpResponse:
    """How far the ledger is sealed and what verifying found; the files and keys by which anybody can verify it."""
    policies.may_read_ledger(request.user).require()
    context = {
        "sealing": selectors.sealing_status(),
        "verification": selectors.last_verification(),
        "segments": selectors.newest_segments(),
        "keys": selectors.public_keys_as_text(),
    }
    return render(request, "administration/ledger_proof.html", context)


@require_POST
def entry_erase(request: SignedInRequest, entry_id: int) -> HttpResponse:
    erasure.erase_payload(entry_id=entry_id, reason=_reason(request), actor=request.user)
    messages.success(request, "What this entry said in detail is erased. That it was written, when and by whom, stays.")
    return redirect("ledger-entry", entry_id)


@require_POST
def person_erase(request: SignedInRequest, user_id: int) -> HttpResponse:
    person = erasure.erase_person(user_id=user_id, reason=_reason(request), actor=request.user)
    messages.success(request, f"Name and addresses are erased. What was done stays on record as done by {person.name}.")
    return redirect("person", user_id)


@require_safe
def history(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    registered = subject_kinds.get(kind)
    subject = registered.find(pk, request.user) if registered else None
    if registered is None or subject is None:
        raise Http404
    lines = selectors.history(kind, pk, most=HISTORY_MOST)
    return render(
        request, "administration/history.html", {"kind": registered, "subject": subject, "url": registered.url(subject), "lines": lines, "most": HISTORY_MOST}
    )


def _filters(request: SignedInRequest) -> EntryFilter:
    return EntryFilter(request.GET, queryset=selectors.entries(request.user), request=request)


def _reason(request: SignedInRequest) -> str:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid(NEEDS_REASON, field="reason")
    return str(form.cleaned_data["reason"])
