"""Where a list is cut: what the pager under a table needs, for numbered pages and for cursors alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest

from raiportal.look.formats import number

PAGE_PARAMETERS = ("page", "cursor")  # dropped from the address when a filter or an order changes


@dataclass(frozen=True)
class Pager:
    """What is shown, in words, and the addresses of the pages beside it ("" where there is none)."""

    words: str
    previous_url: str
    next_url: str


def changed_query(request: HttpRequest, **changes: str | None) -> str:
    """The address's query with some parameters set, or dropped for None; a new filter or order starts at the first page."""
    query = request.GET.copy()
    for name in PAGE_PARAMETERS:
        if name not in changes:
            query.pop(name, None)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return "?" + query.urlencode()


def without_value(request: HttpRequest, name: str, value: str) -> str:
    """The address's query without one of the values of a parameter."""
    query = request.GET.copy()
    rest = [given for given in query.getlist(name) if given != value]
    query.setlist(name, rest)
    for parameter in PAGE_PARAMETERS:
        query.pop(parameter, None)
    return "?" + query.urlencode()


def pager_of(page: Page[Any], request: HttpRequest) -> Pager:
    """The pager of one of Django's numbered pages: `51 to 100 of 2,400`."""
    return Pager(
        words=f"{number(page.start_index())} to {number(page.end_index())} of {number(page.paginator.count)}",
        previous_url=changed_query(request, page=str(page.previous_page_number())) if page.has_previous() else "",
        next_url=changed_query(request, page=str(page.next_page_number())) if page.has_next() else "",
    )


def cursor_pager(request: HttpRequest, *, shown: int, previous: str | None, following: str | None, total: int | None = None) -> Pager:
    """The pager of a page cut by cursors: `50 of 2,400 shown`, or `50 shown` where counting all would be dear."""
    return Pager(
        words=f"{number(shown)} shown" if total is None else f"{number(shown)} of {number(total)} shown",
        previous_url=changed_query(request, cursor=previous) if previous else "",
        next_url=changed_query(request, cursor=following) if following else "",
    )
