"""The ledger's page, and the history of one object."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from raiportal import keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.filters import EntryFilter
from raiportal.audit import policies, selectors
from raiportal.audit.subjects import subject_kinds
from raiportal.look.paging import cursor_pager

ENTRIES_A_PAGE = 50
HISTORY_MOST = 200
NEWEST_FIRST = keyset.Sort("pk", descending=True)


@require_safe
def entry_list(request: SignedInRequest) -> HttpResponse:
    policies.may_read_ledger(request.user).require()
    filters = EntryFilter(request.GET, queryset=selectors.entries(request.user))
    page = keyset.page(filters.qs, NEWEST_FIRST, request.GET.get("cursor"), ENTRIES_A_PAGE)
    context = {
        "lines": selectors.lines(page.rows),
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "section": "ledger",
    }
    return render(request, "administration/entry_list.html", context)


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
