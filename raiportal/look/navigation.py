"""The rail's entries. Apps register what they offer, so that the kernel shows pages of apps which it does not import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse

from raiportal.registry import Registry

Stage = Literal["everywhere", "overview", "identify", "measure", "mitigate", "launch", "operate"]
STAGES: tuple[tuple[Stage, str], ...] = (
    ("overview", "Overview"),
    ("identify", "Identify"),
    ("measure", "Measure"),
    ("mitigate", "Mitigate"),
    ("launch", "Launch"),
    ("operate", "Operate"),
)


def _always(user: Any, system: Any) -> bool:
    return True


@dataclass(frozen=True)
class NavigationItem:
    """One page of the rail.

    `stage` "everywhere" stands above the systems and its address takes no argument; any other stage belongs to one
    system and its address takes what the system switcher's `arguments` gives. `count` may cost one query and returns
    None where no figure is shown. Views of pages further down name their entry in the context key `section`.
    """

    slug: str
    label: str
    stage: Stage
    url_name: str
    icon: str = ""  # entries of a stage have none: the stage has it
    order: int = 0
    may_see: Callable[[Any, Any], bool] = _always  # (user, system or None)
    is_overview: bool = False  # of a system, also for those who may read no more of it than its overview
    count: Callable[[Any, Any], int | None] | None = None  # (user, system or None)


@dataclass(frozen=True)
class SwitcherEntry:
    """One system in the switcher."""

    key: int
    name: str
    url: str


@dataclass(frozen=True)
class SystemSwitcher:
    """How the rail learns about systems: the first so many that a person may open, and how addresses name one."""

    slug: str
    entries: Callable[[Any, int], Sequence[SwitcherEntry]]  # (user, how many at most), a fixed number of queries
    all_url_name: str
    arguments: Callable[[Any], Sequence[Any]]  # a system's part of an address, for `reverse`
    may_read: Callable[[Any, Any], bool] = _always  # (user, system): whether they may open more than its overview


navigation = Registry(NavigationItem)
system_switchers = Registry(SystemSwitcher)


@dataclass(frozen=True)
class Link:
    """An entry as the rail draws it; `current` is "page", "true" or ""."""

    label: str
    icon: str
    url: str
    current: str
    count: int | None = None


@dataclass(frozen=True)
class StageLink:
    """A stage: its link opens its first page; its pages are listed while one of them is open."""

    link: Link
    pages: tuple[Link, ...]


def everywhere(request: HttpRequest, section: str = "") -> list[Link]:
    """Entries above the systems that this person may see, in order."""
    return _links(_visible("everywhere", request.user, None), (), request, None, section)


def stages(request: HttpRequest, system: Any, section: str = "") -> list[StageLink]:
    """Stages of one system with at least one page that this person may see."""
    listed = []
    arguments = system_arguments(system)
    for slug, label in STAGES:
        entries = _visible(slug, request.user, system)
        if entries:
            pages = _links(entries, arguments, request, system, section)
            listed.append(_stage(slug, label, pages))
    return listed


def switcher() -> SystemSwitcher | None:
    return next(iter(system_switchers), None)


def system_arguments(system: Any) -> Sequence[Any]:
    registered = switcher()
    return registered.arguments(system) if registered else (system.pk,)


def _visible(stage: str, user: Any, system: Any) -> list[NavigationItem]:
    registered = switcher()
    may_read = system is None or registered is None or registered.may_read(user, system)
    entries = [item for item in navigation if item.stage == stage and (may_read or item.is_overview) and item.may_see(user, system)]
    return sorted(entries, key=lambda item: (item.order, item.label))


def _links(entries: Sequence[NavigationItem], arguments: Sequence[Any], request: HttpRequest, system: Any, section: str) -> list[Link]:
    """One link for each entry; they are counted only where the counts are drawn: above the systems, in a stage of one page, in the open stage."""
    urls = [reverse(item.url_name, args=arguments) for item in entries]
    current = ["page" if request.path == url else "true" if item.slug == section else "" for item, url in zip(entries, urls, strict=True)]
    are_counted = system is None or len(entries) == 1 or any(current)
    return [
        Link(item.label, item.icon, url, here, item.count(request.user, system) if item.count and are_counted else None)
        for item, url, here in zip(entries, urls, current, strict=True)
    ]


def _stage(slug: str, label: str, pages: list[Link]) -> StageLink:
    """A stage with one page is that page; with more, its link is marked as the way to the open one."""
    here = any(page.current for page in pages)
    if len(pages) == 1:
        return StageLink(Link(label, slug, pages[0].url, pages[0].current, pages[0].count), ())
    return StageLink(Link(label, slug, pages[0].url, "true" if here else ""), tuple(pages) if here else ())
