"""The harm register in the browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from harms.models import Harm, HarmCategory
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems import selectors as system_selectors
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def system() -> AISystem:
    return make_system(name="Note summariser")


@pytest.fixture
def owner(system: AISystem) -> Client:
    return signed_in(system.owner)


def listed(client: Client, system: AISystem, **query: Any) -> list[int]:
    return [row.harm.pk for row in client.get(reverse("harm-list", args=[system.pk]), query).context["rows"]]


def test_empty_register_says_what_to_do(owner: Client, system: AISystem) -> None:
    assert "Propose a harm" in owner.get(reverse("harm-list", args=[system.pk])).content.decode()


def test_register_ranks_filters_and_sorts(owner: Client, system: AISystem) -> None:
    low = make_harm(system, assessed=(2, 2), owner=system.owner)
    high = make_harm(system, assessed=(5, 5), origin="scenario", category=HarmCategory.objects.get(slug="bias"))
    proposed = make_harm(system, title="Leaked note")

    assert listed(owner, system) == [high.pk, low.pk, proposed.pk]
    assert listed(owner, system, sort="priority") == [proposed.pk, low.pk, high.pk]
    assert listed(owner, system, sort="-measured") == [proposed.pk, high.pk, low.pk]
    assert listed(owner, system, q="leaked") == listed(owner, system, q=f"h{proposed.pk}") == [proposed.pk]
    assert listed(owner, system, origin="scenario") == listed(owner, system, category="bias") == listed(owner, system, level="high") == [high.pk]
    assert listed(owner, system, state="proposed") == [proposed.pk]
    assert listed(owner, system, owner="me") == listed(owner, system, owner=str(system.owner_id)) == [low.pk]
    assert listed(owner, system, severity="5", frequency="5") == [high.pk]


@pytest.mark.parametrize("query", [{"level": "9"}, {"state": "gone"}, {"category": "nothing"}, {"severity": "x"}])
def test_unreadable_filter_shows_nothing_and_says_so(owner: Client, system: AISystem, query: dict[str, str]) -> None:
    make_harm(system)

    answer = owner.get(reverse("harm-list", args=[system.pk]), query)

    assert (answer.status_code, answer.context["rows"]) == (422, [])
    assert "can't be read" in answer.content.decode()


def test_unknown_order_is_refused(owner: Client, system: AISystem) -> None:
    assert owner.get(reverse("harm-list", args=[system.pk]), {"sort": "owner__password"}).status_code == 422


def test_saved_views_count_their_harms(owner: Client, system: AISystem) -> None:
    make_harm(system, assessed=(5, 5), owner=system.owner)
    make_harm(system)

    views = owner.get(reverse("harm-list", args=[system.pk]), {"state": "proposed"}).context

    assert {view.slug: view.count for view in views["frame"].views} == {"all": 2, "high": 1, "proposed": 1, "unmeasured": 2, "unowned": 1, "mine": 1}
    assert views["open_view"] == "proposed"


def test_heat_map_counts_by_the_levels_that_rank(owner: Client, system: AISystem) -> None:
    for _ in range(2):
        make_harm(system, assessed=(4, 3))
    make_harm(system)

    page = owner.get(reverse("harm-list", args=[system.pk])).content.decode()

    assert 'aria-label="2 harms, severity 4 major, frequency 3 possible">2</a>' in page


def test_register_pages_by_cursor(owner: Client, system: AISystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harms.views.register.HARMS_A_PAGE", 2)
    wanted = [make_harm(system, assessed=(level, 1)).pk for level in (5, 4, 3)]

    first = owner.get(reverse("harm-list", args=[system.pk]))
    second = owner.get(reverse("harm-list", args=[system.pk]) + first.context["pager"].next_url)

    assert [row.harm.pk for answer in (first, second) for row in answer.context["rows"]] == wanted
    assert second.context["pager"].next_url == ""


def test_register_costs_the_same_for_three_and_thirty_harms(
    owner: Client, system: AISystem, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        make_harm(system, assessed=(3, 3), owner=system.owner)
    owner.get(reverse("harm-list", args=[system.pk]))
    with django_assert_max_num_queries(8) as few:
        owner.get(reverse("harm-list", args=[system.pk]))
    for _ in range(27):
        make_harm(system, assessed=(3, 3), owner=make_user())

    with django_assert_num_queries(len(few)):
        answer = owner.get(reverse("harm-list", args=[system.pk]))

    assert len(answer.context["rows"]) == 30


def test_export_is_the_filtered_list_in_its_order(owner: Client, system: AISystem) -> None:
    make_harm(system, title="=cmd()", assessed=(5, 5))
    make_harm(system, title="Second", assessed=(4, 5))
    make_harm(system, title="Low", assessed=(1, 1))

    table = b"".join(owner.get(reverse("harm-export", args=[system.pk, "csv"]), {"level": "high"})).decode()
    rows = json.loads(b"".join(owner.get(reverse("harm-export", args=[system.pk, "json"]), {"level": "high"})))

    assert [line.split(",")[0] for line in table.splitlines()[1:]] == ["'=cmd()", "Second"]
    assert [(row["title"], row["priority"]) for row in rows] == [("=cmd()", 25), ("Second", 20)]
    assert owner.get(reverse("harm-export", args=[system.pk, "csv"]), {"level": "9"}).status_code == 422


def test_harm_is_proposed_assessed_and_edited_by_form(owner: Client, system: AISystem) -> None:
    category = HarmCategory.objects.get(slug="confabulation")
    proposed = owner.post(reverse("harm-add", args=[system.pk]), {"title": "Invented dose", "category": category.pk, "origin": "model"}, follow=True)
    harm = Harm.objects.get()
    assert next(str(message) for message in proposed.context["messages"]).startswith(f"{harm.code} is on the register.")

    assessed = owner.post(reverse("harm-assess", args=[harm.pk]), {"severity": "4", "frequency": "4", "rationale": "Seen in the pilot."}, follow=True)
    page = assessed.content.decode()
    assert [str(message) for message in assessed.context["messages"]] == [f"{harm.code} has an inherent risk of 16, high: severity 4 × frequency 4."]
    assert "severity 4 × frequency 4" in page
    assert "per 1,000 outputs" in page
    assert "Seen in the pilot." in page

    owner.post(reverse("harm-edit", args=[harm.pk]), {"title": "Invented drug", "category": category.pk, "origin": "application"})
    harm.refresh_from_db()
    assert (harm.title, harm.origin, harm.priority) == ("Invented drug", "application", 16)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_refused_forms_name_their_fields(owner: Client, system: AISystem, headers: dict[str, str]) -> None:
    harm = make_harm(system)

    proposed = owner.post(reverse("harm-add", args=[system.pk]), {"title": "x"}, headers=headers)
    assessed = owner.post(reverse("harm-assess", args=[harm.pk]), {"severity": "6", "rationale": "x"}, headers=headers)

    assert (proposed.status_code, set(proposed.context["form"].errors)) == (422, {"category", "origin"})
    assert (assessed.status_code, set(assessed.context["form"].errors)) == (422, {"severity", "frequency"})


def test_line_of_a_harm_tells_each_thing_once(owner: Client, system: AISystem) -> None:
    harm = make_harm(system, assessed=(4, 4))

    line = owner.get(reverse("harm", args=[harm.pk])).context["line"]

    assert [(entry.title, entry.shift and entry.shift.after) for entry in line] == [("Inherent risk stated", 16), ("Harm proposed", None)]


def test_viewer_reads_and_sees_why_there_is_no_button(system: AISystem) -> None:
    harm = make_harm(system)
    viewer = signed_in(make_user(Role.VIEWER, scope=system.scope))

    page = viewer.get(reverse("harm", args=[harm.pk])).content.decode()

    assert reverse("harm-assess", args=[harm.pk]) not in page
    assert "Only the system&#x27;s owner" in page
    for name in ("harm-edit", "harm-assess"):
        assert viewer.get(reverse(name, args=[harm.pk])).status_code == 403
    assert viewer.get(reverse("harm-add", args=[system.pk])).status_code == 403


def test_foreign_harms_and_registers_are_not_there(owner: Client) -> None:
    foreign = make_harm(make_system())

    for name in ("harm", "harm-edit", "harm-assess"):
        assert [owner.get(reverse(name, args=[pk])).status_code for pk in (foreign.pk, 999_999)] == [404, 404]
    for address in (reverse("harm-list", args=[foreign.system_id]), reverse("harm-export", args=[foreign.system_id, "csv"])):
        assert owner.get(address).status_code == 404


def test_portfolio_and_overview_show_what_the_register_says(owner: Client, system: AISystem) -> None:
    make_harm(system, title="Invented dose", assessed=(5, 5))
    make_harm(system)

    (row,) = owner.get(reverse("portfolio")).context["rows"]
    overview = owner.get(reverse("system", args=[system.pk])).content.decode()

    assert dict(row.figures)["Open high risks"].value == 1
    assert "Runs under way" in dict(row.figures)
    stated = {standing.words for standing in system_selectors.standings([system], system.owner)[system.pk]["identify"]}
    assert {"1 harm is not assessed", "1 high risk has no owner"} <= stated
    assert "Invented dose" in overview


def test_hostile_text_is_shown_as_text(owner: Client, system: AISystem) -> None:
    harm = make_harm(system, title="<script>alert(1)</script>", description="<b onclick=x>\nline", assessed=(5, 5))

    for address in (reverse("harm", args=[harm.pk]), reverse("harm-list", args=[system.pk]), reverse("system", args=[system.pk])):
        page = owner.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b onclick" not in page
