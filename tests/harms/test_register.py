"""The register over systems, views of one's own, changes of many harms, the library."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from harms import actions, selectors
from harms.models import Harm, HarmCategory, HarmUse
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, Invalid, PolicyDenied
from systems.models import AISystem, IntendedUse
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system(name="Note summariser")


@pytest.fixture
def owner(system: AISystem) -> Client:
    client = Client()
    client.force_login(system.owner)
    return client


def titles(client: Client, **query: Any) -> list[str]:
    return [row.harm.title for row in client.get(reverse("harm-register"), query).context["rows"]]


def test_register_over_systems_shows_what_its_reader_may_see(owner: Client, system: AISystem) -> None:
    second = make_system(name="Second", owner=system.owner)
    make_harm(system, title="Mine", assessed=(2, 2))
    make_harm(second, title="Worse", assessed=(5, 5))
    make_harm(make_system(), title="Foreign", assessed=(5, 5))
    manager = Client()
    manager.force_login(make_user(Role.RISK_MANAGER))

    assert titles(owner) == ["Worse", "Mine"]
    assert titles(owner, system=system.pk) == ["Mine"]
    assert titles(owner, sort="system") == ["Mine", "Worse"]
    assert set(titles(manager)) == {"Mine", "Worse", "Foreign"}
    assert [row["title"] for row in json.loads(b"".join(owner.get(reverse("harm-register-export", args=["json"]))))] == ["Worse", "Mine"]
    assert owner.get(reverse("harm-register"), {"system": Harm.objects.get(title="Foreign").system_id}).status_code == 422


def test_pages_of_several_systems_hold_every_harm_once(owner: Client, system: AISystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harms.views.register.HARMS_A_PAGE", 2)
    second = make_system(owner=system.owner)
    wanted = {make_harm(where, assessed=(level, 3)).pk for where in (system, second) for level in (1, 3, 3, 5)}

    for order in selectors.SORTS:
        found: list[int] = []
        query = f"?sort=-{order}"
        while query:
            answer = owner.get(reverse("harm-register") + query)
            found += [row.harm.pk for row in answer.context["rows"]]
            query = answer.context["pager"].next_url
        assert (order, set(found), len(found)) == (order, wanted, len(wanted))


def test_words_are_found_in_titles_and_descriptions(owner: Client, system: AISystem) -> None:
    make_harm(system, title="Ärger", description="Sends the wrong DOSE to a ward.")
    make_harm(system, title="100% sure_thing")

    assert titles(owner, q="wrong dose") == titles(owner, q="ärg") == titles(owner, q="är") == ["Ärger"]
    assert titles(owner, q="100%") == titles(owner, q="sure_") == ["100% sure_thing"]
    assert titles(owner, q="%_%") == []


def test_heat_map_counts_the_filtered_list_and_each_risk_point(owner: Client, system: AISystem) -> None:
    make_harm(system, assessed=(4, 3), origin="scenario")
    harm = make_harm(system, assessed=(5, 5))
    actions.record_risk_point(harm_id=harm.pk, kind="measured", severity=4, frequency=3, rationale="R-1", actor=system.owner)

    def counts(**query: Any) -> dict[str, int]:
        heat = owner.get(reverse("harm-register"), query).context["heat"]
        return {cell.words.partition(" ")[2]: cell.count for row in heat.rows for cell in row.cells if cell.count}

    assert set(counts().values()) == {2}
    assert set(counts(origin="scenario").values()) == {1}
    assert sorted(counts(point="inherent").values()) == [1, 1]
    assert len(titles(owner, point="inherent", severity=5, frequency=5)) == 1
    assert len(titles(owner, severity=4, frequency=3)) == 2


def test_register_costs_no_more_than_eight_queries_at_any_size(owner: Client, system: AISystem, django_assert_max_num_queries: Any) -> None:
    second = make_system(owner=system.owner)
    make_harm(system, assessed=(3, 3))
    owner.get(reverse("harm-register"))
    with django_assert_max_num_queries(8) as few:
        owner.get(reverse("harm-register"))
    for _ in range(30):
        make_harm(second, assessed=(3, 3), owner=make_user())

    with django_assert_max_num_queries(len(few)):
        owner.get(reverse("harm-register"))


def test_many_harms_are_changed_together_and_each_has_its_row(owner: Client, system: AISystem) -> None:
    use = IntendedUse.objects.create(system=system, number=1, title="Discharge", created_by=system.owner)
    harms = [make_harm(system, assessed=(4, 4)) for _ in range(3)]
    make_harm(system, assessed=(1, 1))
    bias = HarmCategory.objects.get(slug="bias")

    asked = owner.post(reverse("harm-bulk"), {"chosen": "all", "query": "level=high", "system": system.pk})
    assert "Change 3 harms" in asked.content.decode()
    body = {"apply": "yes", "harm": [harm.pk for harm in harms], "owner": system.owner_id, "category": bias.pk, "add_uses": use.pk, "reason": "Sorted out."}
    answer = owner.post(reverse("harm-bulk"), {**body, "system": system.pk}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["3 harms changed, 0 harms of those chosen were as asked for already."]
    assert Harm.objects.filter(owner=system.owner, category=bias, uses__intended_use=use).count() == 3
    assert Entry.objects.filter(action="harms.harm_changed", payload__body__reason="Sorted out.").count() == 3
    assert HarmUse.objects.count() == 3


@pytest.mark.parametrize("named", ["9" * 5_000, "9" * 18, "-1", "²", "all"])
def test_bulk_change_never_takes_an_unreadable_system_for_every_system(owner: Client, system: AISystem, named: str) -> None:
    harm = make_harm(system, title="A", owner=system.owner)
    body = {"chosen": "all", "query": "", "apply": "1", "owner": "nobody", "system": named}

    answer = owner.post(reverse("harm-bulk"), body)

    harm.refresh_from_db()
    assert answer.status_code == 404
    assert harm.owner == system.owner


def test_change_of_many_is_all_or_nothing(system: AISystem) -> None:
    mine, foreign = make_harm(system), make_harm(make_system())
    bias = HarmCategory.objects.get(slug="bias")

    with pytest.raises(PolicyDenied):
        actions.edit_harms(harm_ids=[mine.pk, foreign.pk], category=bias, actor=system.owner)
    with pytest.raises(Invalid, match="Choose what"):
        actions.edit_harms(harm_ids=[mine.pk], actor=system.owner)
    with pytest.raises(Invalid, match="at most 500"):
        actions.edit_harms(harm_ids=range(501), category=bias, actor=system.owner)

    assert not Harm.objects.filter(category=bias).exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_take_an_entry_of_the_library_at_once_get_one_harm(system: AISystem) -> None:
    begin = Barrier(2)

    def take(_: int) -> str:
        with closing(connections["default"]):
            begin.wait(10)
            try:
                actions.propose_from_library(system=system, slug="sycophancy", actor=system.owner)
            except Conflict:
                return "Conflict"
            return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(take, range(2))) == ["Conflict", "done"]
    assert Harm.objects.count() == 1


def test_library_offers_and_proposes(owner: Client, system: AISystem) -> None:
    AISystem.objects.filter(pk=system.pk).update(domain="Health care")

    page = owner.get(reverse("harm-library", args=[system.pk]))
    offers = page.context["offers"]
    assert len(offers) >= 60
    assert "health" in offers[0].fits
    found = owner.get(reverse("harm-library", args=[system.pk]), {"q": "sycophancy agrees"}).context["offers"]
    assert len(owner.get(reverse("harm-library", args=[system.pk]), {"capability": "speech", "domain": "finance"}).context["offers"]) > 0
    assert found == []

    owner.post(reverse("harm-library-propose", args=[system.pk, "sycophancy"]))

    harm = Harm.objects.get()
    assert (harm.library_entry, harm.origin, harm.state) == ("sycophancy", "model", "proposed")
    assert owner.post(reverse("harm-library-propose", args=[system.pk, "sycophancy"])).status_code == 409
    assert owner.post(reverse("harm-library-propose", args=[system.pk, "no-such-entry"])).status_code == 422


def test_register_over_all_is_empty_for_somebody_without_a_system() -> None:
    make_harm(make_system())
    client = Client()
    client.force_login(make_user())

    page = client.get(reverse("harm-register"))

    assert page.status_code == 200
    assert list(page.context["rows"]) == []
