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
    entries = [item for item in navigation if item.stage == stage and item.may_see(user, system)]
    return sorted(entries, key=lambda item: (item.order, item.label))


def _links(entries: Sequence[NavigationItem], arguments: Sequence[Any], request: HttpRequest, system: Any, section: str) -> list[Link]:
    return [_link(item, reverse(item.url_name, args=arguments), request, system, section) for item in entries]


def _link(item: NavigationItem, url: str, request: HttpRequest, system: Any, section: str) -> Link:
    current = "page" if request.path == url else "true" if item.slug == section else ""
    return Link(item.label, item.icon, url, current, item.count(request.user, system) if item.count else None)


def _stage(slug: str, label: str, pages: list[Link]) -> StageLink:
    """A stage with one page is that page; with more, its link is marked as the way to the open one."""
    here = any(page.current for page in pages)
    if len(pages) == 1:
        return StageLink(Link(label, slug, pages[0].url, pages[0].current, pages[0].count), ())
    return StageLink(Link(label, slug, pages[0].url, "true" if here else ""), tuple(pages) if here else ())
