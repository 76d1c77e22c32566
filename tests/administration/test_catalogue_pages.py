"""Catalogues under Settings and over the API: who reads and changes them, and what their pages and files say."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from raiportal.accounts.enums import Ability, Role
from raiportal.accounts.models import User
from raiportal.administration.catalogue_forms import EntryForm
from raiportal.catalogues import actions
from raiportal.catalogues.kinds import catalogues
from raiportal.catalogues.models import CatalogueEntry, EntryVersion
from tests.factories.accounts import headers, make_user

pytestmark = pytest.mark.django_db
ENTRIES = "/api/v1/catalogue-entries/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def entry_of(catalogue: str, slug: str = "") -> CatalogueEntry:
    found = CatalogueEntry.objects.filter(catalogue=catalogue).order_by("position")
    return found.get(slug=slug) if slug else found[0]


def typed(entry: CatalogueEntry, **changes: Any) -> dict[str, Any]:
    """What the form of an entry sends when nothing but `changes` is typed."""
    form = EntryForm(kind=catalogues[entry.catalogue], entry=entry)
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


def edited(entry: CatalogueEntry, administrator: User, **changes: Any) -> CatalogueEntry:
    own = ("title", "source", "source_version", "valid_from", "valid_to", "verified_on")
    content = {**{name: getattr(entry, name) for name in own}, "body": entry.body, **changes}
    return actions.edit_entry(entry_id=entry.pk, content=content, reason="Ours differs.", seen=entry.number, actor=administrator)


def test_everybody_signed_in_reads_all_of_it_and_only_administrators_are_offered_changes() -> None:
    reader, administrator = signed_in(make_user()), signed_in(make_user(Role.ADMINISTRATOR))
    entry = entry_of("review-kinds")
    addresses = [reverse("catalogue-list"), reverse("catalogue", args=["review-kinds"]), reverse("catalogue-entry", args=[entry.pk])]

    read, run = [reader.get(address) for address in addresses], [administrator.get(address) for address in addresses]

    assert [page.status_code for page in (*read, *run)] == [200] * 6
    changes = [reverse("catalogue-entry-add", args=["review-kinds"]), reverse("catalogue-entry-edit", args=[entry.pk])]
    assert [address in page.text for address, page in zip(changes, run[1:], strict=True)] == [True, True]
    assert [address in page.text for address, page in zip(changes, read[1:], strict=True)] == [False, False]
    assert "Only an administrator" in read[2].text
    assert "legal advice" in read[0].text


@pytest.mark.parametrize("kind", [kind.slug for kind in catalogues])
def test_every_entry_of_every_catalogue_can_be_shown_and_typed_as_it_is(kind: str) -> None:
    """What the form makes of an untouched entry is the entry."""
    for entry in CatalogueEntry.objects.filter(catalogue=kind):
        form = EntryForm(typed(entry, reason="As it is."), kind=catalogues[kind], entry=entry)

        assert form.is_valid(), (entry, form.errors)
        assert catalogues[kind].checked(form.content["body"]) == entry.body, entry


def test_edit_makes_a_version_that_the_page_compares_with_the_one_before() -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    entry = entry_of("nist-ai-rmf")

    answer = client.post(reverse("catalogue-entry-edit", args=[entry.pk]), typed(entry, gist="Said in our own way.", reason="Clearer for us."))
    page = client.get(answer["Location"]).text

    entry.refresh_from_db()
    assert (entry.number, entry.origin, entry.body["gist"]) == (2, "edited", "Said in our own way.")
    assert "Clearer for us." in page
    assert "<ins>" in page
    assert "Back to the shipped text" in page


def test_edit_without_a_reason_or_a_change_is_refused_on_the_form() -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    entry = entry_of("nist-ai-rmf")
    address = reverse("catalogue-entry-edit", args=[entry.pk])

    silent, same = client.post(address, typed(entry, gist="Another.")), client.post(address, typed(entry, reason="For nothing."))

    assert [silent.status_code, same.status_code] == [422, 422]
    assert "Nothing was changed." in same.text
    assert EntryVersion.objects.filter(entry=entry).count() == 1


def test_change_by_somebody_else_meanwhile_is_not_overwritten() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    entry = entry_of("nist-ai-rmf")
    sent = typed(entry, gist="Mine.", reason="Mine.")
    edited(entry, administrator, title="Theirs")

    answer = signed_in(administrator).post(reverse("catalogue-entry-edit", args=[entry.pk]), sent)

    assert answer.status_code == 422
    assert "meanwhile" in answer.text
    entry.refresh_from_db()
    assert entry.title == "Theirs"


def test_entry_is_added_ended_restored_and_taken_back_to_what_is_shipped() -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    sent = {"slug": "union", "title": "Works council", "description": "Whether staff agree.", "reason": "Our law asks for it."}

    client.post(reverse("catalogue-entry-add", args=["review-kinds"]), sent)
    twice = client.post(reverse("catalogue-entry-add", args=["review-kinds"]), sent)
    added = entry_of("review-kinds", "union")
    client.post(reverse("catalogue-entry-end", args=[added.pk]), {"on": "2026-11-22", "reason": "No longer."})
    added.refresh_from_db()
    ended_on = added.valid_to
    client.post(reverse("catalogue-entry-restore", args=[added.pk]), {"reason": "It is after all."})
    shipped = edited(entry_of("review-kinds", "legal"), make_user(Role.ADMINISTRATOR), title="Lawyers")
    client.post(reverse("catalogue-entry-take-over", args=[shipped.pk]), {"reason": "The usual word."})

    assert twice.status_code == 422
    assert "short name" in twice.text
    assert ended_on == datetime.date(2026, 11, 22)
    added.refresh_from_db()
    shipped.refresh_from_db()
    assert (added.valid_to, shipped.title, shipped.origin, shipped.is_behind) == (None, "Legal", "shipped", False)


def test_search_and_filters_narrow_the_list_and_its_files() -> None:
    client = signed_in(make_user())
    edited(entry_of("review-kinds", "legal"), make_user(Role.ADMINISTRATOR), title="Lawyers")
    address = reverse("catalogue", args=["review-kinds"])

    by_body, by_state = client.get(address, {"q": "telemetry"}).text, client.get(address, {"state": "edited"}).text
    name_of_a_field, unreadable = client.get(address, {"q": "description"}).text, client.get(address, {"state": "perhaps"})
    table = client.get(reverse("catalogue-export", args=["review-kinds", "csv"]), {"state": "edited"}).getvalue().decode("utf-8-sig")  # type: ignore[attr-defined]
    listed = json.loads(client.get(reverse("catalogue-export", args=["review-kinds", "json"])).getvalue())  # type: ignore[attr-defined]

    assert "Privacy" in by_body
    assert "Lawyers" not in by_body
    assert "Lawyers" in by_state
    assert "Privacy" not in by_state
    assert "No entry fits" in name_of_a_field
    assert unreadable.status_code == 422
    assert [row["title"] for row in csv.DictReader(io.StringIO(table))] == ["Lawyers"]
    assert len(listed) == CatalogueEntry.objects.filter(catalogue="review-kinds").count()


def test_pages_cost_the_same_queries_for_few_and_for_many_entries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    client = signed_in(make_user())
    client.get(reverse("catalogue-list"))

    for slug in ("review-kinds", "jurisdictions"):
        with django_assert_max_num_queries(8):
            assert client.get(reverse("catalogue", args=[slug])).status_code == 200
    with django_assert_max_num_queries(8):
        client.get(reverse("catalogue-list"))
    with django_assert_max_num_queries(10):
        client.get(reverse("catalogue-entry", args=[entry_of("ms-rai-goals").pk]))


def test_api_reads_for_everybody_and_writes_for_administrators() -> None:
    reader, administrator = headers(make_user()), headers(make_user(Role.ADMINISTRATOR))
    entry = entry_of("review-kinds", "legal")
    change = {"title": "Lawyers", "reason": "Our word.", "seen": 1}

    listed = Client().get(ENTRIES, {"catalogue": "review-kinds", "sort": "position"}, headers=reader).json()["results"]
    refused = Client().patch(f"{ENTRIES}{entry.pk}/", change, content_type="application/json", headers=reader)
    changed = Client().patch(f"{ENTRIES}{entry.pk}/", change, content_type="application/json", headers=administrator)
    late = Client().patch(f"{ENTRIES}{entry.pk}/", {**change, "title": "Later"}, content_type="application/json", headers=administrator)
    wrong = Client().post(
        ENTRIES,
        {"catalogue": "review-kinds", "slug": "union", "title": "Union", "body": {"colour": "red"}, "reason": "New."},
        content_type="application/json",
        headers=administrator,
    )

    assert listed[0]["reference"] == "review-kinds:legal"
    assert (refused.status_code, changed.status_code, late.status_code, wrong.status_code) == (403, 200, 409, 422)
    assert (changed.json()["title"], changed.json()["version"], changed.json()["body"]) == ("Lawyers", 2, entry.body)
    assert "colour" in wrong.json()["detail"]


@pytest.mark.parametrize("ability", [Ability.READ, Ability.REGISTER, Ability.MEASURE])
def test_limited_token_of_an_administrator_changes_no_reference_data(ability: Ability) -> None:
    key = headers(make_user(Role.ADMINISTRATOR), ability=ability)

    answer = Client().post(f"{ENTRIES}{entry_of('review-kinds').pk}/end/", {"on": "2026-11-22", "reason": "No."}, content_type="application/json", headers=key)

    assert answer.status_code == 403
