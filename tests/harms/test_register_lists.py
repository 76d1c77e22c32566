"""Lists beside the register, of baselines and of dismissed known harms: filters, pages and orders kept in the address; and what search finds there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from harms import actions
from harms.enums import CandidateSource
from harms.models import LibraryDismissal
from harms.views import baselines, known_harms
from raiportal.accounts.enums import Role
from tests.factories.accounts import make_user
from tests.factories.systems import make_system
from tests.harms.deciding import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def browser(scene: Scene) -> Client:
    client = Client()
    client.force_login(scene.owner)
    return client


def make(scene: Scene, *titles: str) -> None:
    for title in titles:
        actions.make_baseline(system=scene.system, title=title, reason=f"Because of {title.lower()}.", actor=scene.owner)


def dismissed(scene: Scene, *reasons: str) -> None:
    rows = [
        LibraryDismissal(system=scene.system, entry="invented-facts", model_name=f"m{n}", reason=why, created_by=scene.owner) for n, why in enumerate(reasons)
    ]
    LibraryDismissal.objects.bulk_create(rows)


# --- Baselines ---
def test_baselines_are_filtered_sorted_and_paged(scene: Scene, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "BASELINES_A_PAGE", 2)
    make(scene, "Pilot", "Launch", "Second pilot")
    address = reverse("baseline-list", args=[scene.system.pk])

    def titles(url: str) -> list[str]:
        return [row.title for row in browser.get(url).context["baselines"]]

    assert titles(address) == ["Second pilot", "Launch"]
    following = browser.get(address).context["pager"].next_url
    assert titles(f"{address}{following}") == ["Pilot"]
    assert titles(f"{address}?q=pilot&sort=title") == ["Pilot", "Second pilot"]
    assert titles(f"{address}?until=2001-01-01") == []
    assert "No baseline fits" in browser.get(f"{address}?q=nothing-like-it").text
    assert browser.get(f"{address}?since=never").status_code == 422
    assert browser.get(f"{address}?sort=digest").status_code == 422


def test_baselines_take_as_many_queries_for_three_as_for_thirty(scene: Scene, browser: Client) -> None:
    address = reverse("baseline-list", args=[scene.system.pk])
    browser.get(address)  # what is read once and kept is no cost of the rows
    counts = []
    for number in (3, 27):
        make(scene, *(f"Baseline {n} of {number}" for n in range(number)))
        with CaptureQueriesContext(connection) as captured:
            browser.get(address)
        counts.append(len(captured))

    assert counts[0] == counts[1]


# --- Dismissed known harms ---
def test_dismissals_are_filtered_and_paged(scene: Scene, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_harms, "DISMISSALS_A_PAGE", 2)
    dismissed(scene, "It has no memory.", "It never names people.", "No memory either.")
    address = reverse("known-harm-list", args=[scene.system.pk])

    def reasons(url: str) -> list[str]:
        return [row.reason for row, _ in browser.get(url).context["dismissed"]]

    assert reasons(address) == ["No memory either.", "It never names people."]
    assert reasons(f"{address}{browser.get(address).context['pager'].next_url}") == ["It has no memory."]
    assert reasons(f"{address}?q=MEMORY") == ["No memory either.", "It has no memory."]
    assert reasons(f"{address}?q=m1") == ["It never names people."]
    assert "Nothing that was dismissed fits" in browser.get(f"{address}?q=nothing-like-it").text


def test_dismissals_are_found_by_the_title_in_the_library(scene: Scene, browser: Client) -> None:
    dismissed(scene, "It has no memory.")
    title = actions.words_of_entry("invented-facts")["title"]

    page = browser.get(reverse("known-harm-list", args=[scene.system.pk]), {"q": title.split()[0].upper()})

    assert [row.entry for row, _ in page.context["dismissed"]] == ["invented-facts"]


# --- Search ---
def test_search_finds_candidates_and_baselines_by_words_and_codes(scene: Scene, browser: Client) -> None:
    make(scene, "Before the rollout")
    candidate = actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="It named a heron", summary="In a greeting.", actor=scene.owner)

    def found(words: str) -> str:
        return browser.get(reverse("search"), {"q": words}).text

    assert reverse("candidate", args=[candidate.pk]) in found("heron")
    assert reverse("candidate", args=[candidate.pk]) in found("greeting")
    assert reverse("candidate", args=[candidate.pk]) in found(candidate.code)
    assert "Before the rollout" in found("rollouts")
    assert "Before the rollout" in found("B-1")


def test_search_finds_nothing_of_other_systems(scene: Scene) -> None:
    make(scene, "Before the rollout")
    actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="It named a heron", actor=scene.owner)
    stranger = Client()
    stranger.force_login(make_user(Role.OWNER, scope=make_system().scope))

    for words in ("heron", "rollout", "B-1"):
        page = stranger.get(reverse("search"), {"q": words}).text
        assert "It named a heron" not in page
        assert "Before the rollout" not in page
