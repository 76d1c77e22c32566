from __future__ import annotations

from django.core.paginator import Paginator
from django.test import RequestFactory

from raiportal.look import paging


def test_a_new_filter_starts_at_the_first_page() -> None:
    request = RequestFactory().get("/sets/?q=dose&page=4&cursor=abc")

    assert paging.changed_query(request, sort="-cases") == "?q=dose&sort=-cases"


def test_a_filter_is_dropped_by_none() -> None:
    request = RequestFactory().get("/sets/?q=dose&state=open")

    assert paging.changed_query(request, state=None) == "?q=dose"


def test_one_of_several_values_is_removed() -> None:
    request = RequestFactory().get("/sets/?origin=model&origin=scenario&page=2")

    assert paging.without_value(request, "origin", "model") == "?origin=scenario"


def test_pager_says_which_rows_are_shown() -> None:
    request = RequestFactory().get("/sets/?q=dose&page=2")

    pager = paging.pager_of(Paginator(range(2_400), 50).page(2), request)

    assert pager == paging.Pager("51 to 100 of 2,400", "?q=dose&page=1", "?q=dose&page=3")


def test_pager_has_no_way_past_the_ends() -> None:
    pager = paging.pager_of(Paginator(range(3), 50).page(1), RequestFactory().get("/sets/"))

    assert (pager.previous_url, pager.next_url) == ("", "")


def test_cursor_pager_keeps_the_filters() -> None:
    request = RequestFactory().get("/outputs/?severity=4&cursor=now")

    pager = paging.cursor_pager(request, shown=50, previous=None, following="later", total=1_200)

    assert pager == paging.Pager("50 of 1,200 shown", "", "?severity=4&cursor=later")
