"""Everything that people and models write is shown as text. SEC-20, SEC-22, SEC-23, SEC-27."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.urls import reverse

from tests.project.access import DOORS
from tests.project.door import Who
from tests.project.each import for_each
from tests.project.knocking import knock, text_of
from tests.project.world import Words, World
from tests.security.crawling import Visited, crawl, visit_doors
from tests.security.markup import HOSTILE, hostile, planted

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


@pytest.fixture(scope="module")
def words() -> Words:
    return hostile


def _faults(visited: list[Visited]) -> dict[str, list[str]]:
    return {page.address: found for page in visited if page.is_page and (found := planted(page.body))}


@pytest.mark.parametrize("who", [Who.OWNER, Who.ADMINISTRATOR])
def test_no_text_becomes_part_of_a_page(world: World, who: Who) -> None:
    visited = [*crawl(world.browser(who)), *visit_doors(world, who)]

    assert _faults(visited) == {}
    assert [page.address for page in visited if page.status >= 500 and page.address != reverse("readyz")] == []
    assert [page.address for page in visited if b"PLANTED" in page.body or (b"<b data-planted" in page.body and page.is_page)] == []


def test_no_text_becomes_part_of_a_fragment(world: World) -> None:
    visited = list(visit_doors(world, Who.OWNER, as_fragment=True))

    assert _faults(visited) == {}


@for_each("door", [door for door in DOORS if door.method == "POST" and not door.is_api and Who.OWNER in door.may])
@pytest.mark.parametrize("as_fragment", [False, True], ids=["page", "fragment"])
def test_refused_forms_and_revealed_texts_are_text(world: World, door: object, as_fragment: bool) -> None:
    """What was typed comes back in the form; what was asked for is shown."""
    sent = {name: f"{value} {HOSTILE[0]}" if isinstance(value, str) else value for name, value in door.sent(world).items()}  # type: ignore[attr-defined]

    answer = knock(world, door, Who.OWNER, sent=sent, **({"HX-Request": "true"} if as_fragment else {}))  # type: ignore[arg-type]

    assert answer.status_code < 500
    if answer.get("Content-Type", "").startswith("text/html"):
        assert planted(text_of(answer)) == []


def test_hostile_texts_are_really_on_the_pages(world: World) -> None:
    told = b"".join(page.body for page in crawl(world.browser(Who.OWNER))).decode()

    for field in ("system name", "harm title", "deployment name", "metric name", "set name", "metaprompt note"):
        assert f"{field} " in told
    assert told.count("data-planted") > 50


def test_check_finds_what_became_markup() -> None:
    for text in HOSTILE:
        if "data-planted" in text and "<" in text:
            assert planted(f'<p title="a">{text}</p>'.encode()) or planted(f'<p title="{text}"></p>'.encode()), text


def test_toasts_and_notices_escape_names(world: World) -> None:
    client = world.browser(Who.OWNER)
    address = reverse("deployment-switch-off", args=[world.s1.deployment.pk])

    page = client.post(address, {"reason": HOSTILE[0]}, follow=True)

    assert "deployment name" in page.text
    assert planted(page.content) == []


@pytest.mark.parametrize("formula", FORMULAS)
def test_exported_cells_are_no_formulas(world: World, formula: str) -> None:
    client = world.browser(Who.OWNER)
    client.post(reverse("harm-add", args=[world.s1.system.pk]), {"title": f"{formula} x", "category": world.s1.harm.category_id, "origin": "model"})

    rows = list(csv.reader(io.StringIO(text_of(client.get(reverse("harm-export", args=[world.s1.system.pk, "csv"]))).decode("utf-8-sig"))))

    assert len(rows) > 2
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t", "\r")) or (cell.startswith("-") and len(cell) > 1)] == []


def test_json_keeps_texts_as_they_are_and_is_never_html(world: World) -> None:
    client, address = world.program(Who.OWNER), reverse("api-harm-detail", args=[world.s1.harm.pk])

    answer, as_page = client.get(address), client.get(address, headers={"Accept": "text/html"})

    assert json.loads(answer.content)["title"] == world.s1.harm.title
    assert [found["Content-Type"] for found in (answer, as_page)] == ["application/json", "application/problem+json"]
    assert [found["X-Content-Type-Options"] for found in (answer, as_page)] == ["nosniff"] * 2
