"""The pages “My work” and “Search”."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from raiportal import clocks
from raiportal.accounts.requests import SignedInRequest
from raiportal.look.paging import pager_of
from raiportal.work import selectors
from raiportal.work.sources import search_sources
from raiportal.work.text import LONGEST_QUERY, words_of

ITEMS_A_PAGE = 50
URGENCIES = (("overdue", "Overdue"), ("soon", "Due within a week"), ("waiting", "Waiting"))


@require_safe
def work(request: SignedInRequest) -> HttpResponse:
    mine = selectors.my_work(request.user, clocks.now())
    kind, urgency, system = (request.GET.get(name, "") for name in ("kind", "urgency", "system"))
    fitting = [entry for entry in mine.items if kind in ("", entry.source.slug) and urgency in ("", entry.urgency) and system in ("", entry.item.system or "-")]
    page = Paginator(fitting, ITEMS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "work",
        "mine": mine,
        "page": page,
        "pager": pager_of(page, request),
        "urgencies": [(slug, label, mine.count(slug)) for slug, label in URGENCIES if mine.count(slug)],
        "kinds": sorted({(entry.source.slug, entry.source.label) for entry in mine.items}, key=lambda pair: pair[1]),
        "systems": sorted({entry.item.system for entry in mine.items if entry.item.system}),
        "chosen": {"kind": kind, "urgency": urgency, "system": system},
        "is_filtered": bool(kind or urgency or system),
    }
    return render(request, "work/work.html", context)


@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    words = words_of(request.GET.get("q", ""))
    kind = request.GET.get("kind", "")
    kind = kind if search_sources.get(kind) else ""
    groups = selectors.search(request.user, words, kind=kind) if words.typed else []
    kinds = [source.label.lower() for source in sorted(search_sources, key=lambda entry: entry.order)]
    context = {
        "section": "search",
        "words": words,
        "groups": groups,
        "kind": search_sources.get(kind),
        "kinds": kinds,
        "longest": LONGEST_QUERY,
        "shown": sum(len(group.found.hits) for group in groups),
        "has_more": any(group.found.has_more for group in groups),
    }
    return render(request, "work/search.html", context)
