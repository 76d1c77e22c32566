from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from raiportal.look import navigation as rail
from raiportal.look.navigation import NavigationItem, SwitcherEntry, SystemSwitcher
from raiportal.registry import Registry

SYSTEM = SimpleNamespace(pk=7)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[NavigationItem]]:
    items = Registry(NavigationItem)
    switchers = Registry(SystemSwitcher)
    switchers.register(SystemSwitcher("systems", lambda user, most: [SwitcherEntry(7, "Summariser", "/systems/7/")], "portfolio", lambda system: (system.pk,)))
    monkeypatch.setattr(rail, "navigation", items)
    monkeypatch.setattr(rail, "system_switchers", switchers)
    with override_settings(ROOT_URLCONF="tests.look.urls"):
        yield items


def asked(path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = SimpleNamespace(name="Risk manager")  # type: ignore[assignment]
    return request


def test_everywhere_is_ordered_and_marks_the_open_page(registered: Registry[NavigationItem]) -> None:
    registered.register(NavigationItem("style", "Style", "everywhere", "style", order=2))
    registered.register(NavigationItem("portfolio", "Portfolio", "everywhere", "portfolio", order=1))

    links = rail.everywhere(asked("/portfolio/"))

    assert [(link.label, link.url, link.current) for link in links] == [("Portfolio", "/portfolio/", "page"), ("Style", "/style/", "")]


def test_entries_that_a_person_may_not_see_are_not_listed(registered: Registry[NavigationItem]) -> None:
    registered.register(NavigationItem("style", "Style", "everywhere", "style", may_see=lambda user, system: False))

    assert rail.everywhere(asked("/portfolio/")) == []


def test_stages_without_a_page_are_not_listed(registered: Registry[NavigationItem]) -> None:
    registered.register(NavigationItem("overview", "Overview", "overview", "system"))
    registered.register(NavigationItem("sets", "Sets", "measure", "sets"))

    assert [stage.link.label for stage in rail.stages(asked("/systems/7/"), SYSTEM)] == ["Overview", "Measure"]


def test_stage_lists_its_pages_only_while_one_is_open(registered: Registry[NavigationItem]) -> None:
    def thirty_one(user: Any, system: Any) -> int:
        return 31

    registered.register(NavigationItem("sets", "Sets", "measure", "sets", order=1))
    registered.register(NavigationItem("runs", "Runs", "measure", "runs", order=2, count=thirty_one))

    (closed,) = rail.stages(asked("/systems/7/"), SYSTEM)
    (opened,) = rail.stages(asked("/systems/7/runs/"), SYSTEM)

    assert (closed.pages, closed.link.current) == ((), "")
    assert [(page.label, page.current, page.count) for page in opened.pages] == [("Sets", "", None), ("Runs", "page", 31)]
    assert opened.link.current == "true"


def test_page_further_down_marks_the_entry_that_it_names(registered: Registry[NavigationItem]) -> None:
    registered.register(NavigationItem("sets", "Sets", "measure", "sets", order=1))
    registered.register(NavigationItem("runs", "Runs", "measure", "runs", order=2))

    (stage,) = rail.stages(asked("/runs/209/"), SYSTEM, "runs")

    assert [page.current for page in stage.pages] == ["", "true"]


def test_stage_with_one_page_is_that_page(registered: Registry[NavigationItem]) -> None:
    registered.register(NavigationItem("sets", "Sets", "measure", "sets"))

    (stage,) = rail.stages(asked("/systems/7/sets/"), SYSTEM)

    assert (stage.link.label, stage.link.url, stage.link.current, stage.pages) == ("Measure", "/systems/7/sets/", "page", ())
