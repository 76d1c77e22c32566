"""Going everywhere that a person can get to from the portfolio, and everywhere that the table of access knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve, reverse

from tests.project.access import DOORS
from tests.project.door import Door, Who
from tests.project.knocking import text_of
from tests.project.world import World

LEADS_ON = {"href", "action", "hx-get", "src"}
MOST_OF_A_KIND = 12  # addresses of one view: objects of the world are fewer, while entries of reference data, orders and filters multiply without end
NOT_FOLLOWED = ("/account/logout/", "/static/")


@dataclass(frozen=True)
class Visited:
    """One answer: where, what it was, and all its bytes with those of its headers in front."""

    address: str
    status: int
    kind: str
    body: bytes
    headers: dict[str, str]

    @property
    def everything(self) -> bytes:
        return "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode() + b"\n" + self.body

    @property
    def is_page(self) -> bool:
        return self.kind.startswith("text/html")


@dataclass
class Links(HTMLParser):
    """The addresses that a page leads to; forms that send by GET count, those that change don't."""

    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form" and named.get("method", "get").lower() != "get":
            return
        self.found.extend(value for name, value in named.items() if name in LEADS_ON)


def visit(client: Client, address: str, **options: Any) -> Visited:
    response = client.get(address, **options)
    return Visited(address, response.status_code, response.get("Content-Type", ""), text_of(response), dict(response.headers))


def crawl(client: Client, start: str = "/") -> Iterator[Visited]:
    """Every page within reach of `start`, each address once, and the first addresses of each view."""
    waiting, seen = [start], {start}
    of_kind: Counter[str] = Counter()
    while waiting:
        visited = visit(client, waiting.pop(0))
        yield visited
        onward = [visited.headers["Location"]] if "Location" in visited.headers else []
        if visited.is_page:
            links = Links()
            links.feed(visited.body.decode())
            onward += links.found
        for target in onward:
            address = urldefrag(urljoin(visited.address, target)).url
            if _is_ours(address) and address not in seen and of_kind[_kind_of(address)] < MOST_OF_A_KIND:
                seen.add(address)
                of_kind[_kind_of(address)] += 1
                waiting.append(address)


def _kind_of(address: str) -> str:
    """The view that answers, or the path where none does."""
    path = urlsplit(address).path
    try:
        return resolve(path).view_name
    except Resolver404:
        return path


def _is_ours(address: str) -> bool:
    parts = urlsplit(address)
    return not parts.netloc and parts.scheme == "" and parts.path.startswith("/") and not parts.path.startswith(NOT_FOLLOWED)


def reading_doors() -> list[Door]:
    return [door for door in DOORS if door.is_reading]


def visit_doors(world: World, who: Who, *, as_fragment: bool = False) -> Iterator[Visited]:
    """Every address of the table that is read, on the objects of S1."""
    for door in reading_doors():
        yield visit_door(world, who, door, as_fragment=as_fragment)


def visit_door(world: World, who: Who, door: Door, *, as_fragment: bool = False) -> Visited:
    client = (world.program if door.is_api else world.browser)(who, raise_request_exception=False)
    headers = {"HX-Request": "true"} if as_fragment else {}
    return visit(client, reverse(door.name, kwargs=dict(door.at(world))), query_params=dict(door.asked(world)), headers=headers)
