"""Search finds what this person may see, by words, parts of words and codes, and quotes nothing harmful."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from harms.models import SEARCHED_TEXT, Harm
from raiportal.accounts.enums import Role
from raiportal.work import selectors
from raiportal.work.rows import parts_of
from raiportal.work.sources import search_sources
from raiportal.work.text import words_of
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db


def titles(user, typed, kind=""):
    return [hit.title for group in selectors.search(user, words_of(typed), kind=kind) for hit in group.found.hits]


@pytest.mark.parametrize(
    "typed",
    [
        "hallucinated dosage",
        "hallucinate",
        "dosa",
        '"hallucinated dosage"',
        "dosage -weather",
        "weather or dosage",
        "children",
        "HALLUCINATED DOSAGE",
        "h'dosage or dosage",
    ],
)
def test_search_finds_words_their_forms_and_their_beginnings(typed):
    system = make_system()
    make_harm(system, title="Hallucinated dosage", description="The answer names a dose that is dangerous for children.")
    make_harm(system, title="Unkind tone")

    assert titles(system.owner, typed, "harms") == ["Hallucinated dosage"]


@pytest.mark.parametrize("typed", ["", "   ", "'", '"', "-", "!!", "a\0b", "& | !", "zzzz", "x" * 5_000, "<->", "':*"])
def test_search_takes_anything_and_finds_nothing(typed):
    system = make_system()
    make_harm(system, title="Unkind tone")

    assert titles(system.owner, typed, "harms") == []


def test_search_finds_reference_data_for_everybody():
    assert "GOVERN 1.6" in titles(make_user(), "GOVERN 1.6", "catalogue-entries")


def test_search_goes_to_a_code():
    system = make_system()
    harm = make_harm(system, title="Unkind tone")

    assert titles(system.owner, f"H-{harm.pk:04d}") == ["Unkind tone"]
    assert titles(system.owner, f"h{harm.pk}") == ["Unkind tone"]


def test_search_shows_nothing_of_a_system_that_its_reader_may_not_open():
    system, other = make_system(name="Canary house", purpose="canary purpose"), make_system()
    harm = make_harm(system, title="canary title", description="canary words")
    make_deployment(system, name="canary endpoint")

    assert len(titles(system.owner, "canary")) == 3
    assert titles(other.owner, "canary") == []
    assert titles(other.owner, harm.code) == []


def test_search_shows_an_executive_systems_alone():
    system = make_system(name="Canary house")
    make_harm(system, title="canary title")

    assert titles(make_user(Role.EXECUTIVE), "canary") == ["Canary house"]
    assert titles(make_user(Role.LABELLER, scope=system.scope), "canary") == ["Canary house"]


def test_search_names_people_only_to_those_who_may_read_the_people_page():
    system = make_system()
    make_user(name="Canary Person")

    assert titles(make_user(Role.AUDITOR), "canary") == ["Canary Person"]
    assert titles(system.owner, "canary") == []


def test_search_marks_the_words_and_escapes_the_rest():
    system = make_system()
    make_harm(system, title="Markup", description="before <script>alert(1)</script> dosage after")
    client = Client()
    client.force_login(system.owner)

    page = client.get("/search/", {"q": "dosage"}).content.decode()

    assert "<mark>dosage</mark>" in page
    assert "<script>alert(1)" not in page
    assert "alert(1)" in page


def test_excerpt_is_cut_at_its_marks():
    assert parts_of("a \x02b\x03 c \x02d\x03") == [("a ", False), ("b", True), (" c ", False), ("d", True)]
    assert parts_of("nothing marked") == []


def test_search_costs_the_same_number_of_queries_for_three_hits_and_for_thirty():
    system = make_system()
    titles(system.owner, "unkind")  # reads the roles
    for _ in range(3):
        make_harm(system, title="Unkind tone")
    with connection.execute_wrapper(counter := Counter()):
        titles(system.owner, "unkind")
    few, counter.count = counter.count, 0
    for _ in range(27):
        make_harm(system, title="Unkind tone")
    with connection.execute_wrapper(counter):
        titles(system.owner, "unkind")

    assert counter.count == few <= 2 * len(search_sources) + 3


class Counter:
    def __init__(self):
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


def test_search_for_harms_uses_its_index():
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    plan = Harm.objects.annotate(document=SEARCHED_TEXT).filter(document=words_of("dosage").query).order_by().explain()

    assert "harm_search" in plan


def test_api_answers_with_the_same_hits():
    system = make_system()
    harm = make_harm(system, title="Hallucinated dosage", description="A dose that is dangerous.")

    answer = Client(headers=headers(system.owner)).get("/api/v1/search/", {"q": "dangerous", "kind": "harms"}).json()

    assert answer == {
        "results": [
            {
                "kind": "harms",
                "title": "Hallucinated dosage",
                "code": harm.code,
                "url": f"/harms/{harm.pk}/",
                "system": system.name,
                "excerpt": "A dose that is dangerous.",
            }
        ],
        "kinds_with_more": [],
    }


@pytest.mark.parametrize(("query", "status"), [({}, 422), ({"q": " "}, 422), ({"q": "a", "kind": "cases"}, 422), ({"q": "a", "owner__password": "x"}, 400)])
def test_api_refuses_a_query_that_it_can_not_read(query, status):
    assert Client(headers=headers(make_user())).get("/api/v1/search", query).status_code == status
