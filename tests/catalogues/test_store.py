"""Reference data: what is shipped is loaded once and whole, what is edited here stays, and every version is kept."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from raiportal.accounts.enums import Role
from raiportal.accounts.models import ReviewKind, User
from raiportal.audit.models import Entry
from raiportal.catalogues import actions, files, selectors
from raiportal.catalogues.enums import Origin
from raiportal.catalogues.kinds import CatalogueKind, Field, catalogues
from raiportal.catalogues.models import CatalogueEntry, EntryVersion
from raiportal.errors import Conflict, Invalid, PolicyDenied
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

KIND = CatalogueKind("clocks", "Clocks", "For tests", Path("clocks.yaml"), (Field("gist", "In short", is_required=True), Field("hours", "Hours", "number")))
HEAD = "source: A book\nversion: '1'\nvalid_from: 2026-01-01\nentries:\n"
FIRST, SECOND = "  - {slug: first, title: First, gist: One}\n", "  - {slug: second, title: Second, gist: Two, hours: 2}\n"


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogues._entries, KIND.slug, KIND)


def load(*entries: str) -> int:
    return actions.load_catalogue(kind=KIND, text=HEAD + "".join(entries), actor=User.system())


def entry(slug: str = "first") -> CatalogueEntry:
    return CatalogueEntry.objects.get(catalogue="clocks", slug=slug)


def content(found: CatalogueEntry, **changes: Any) -> dict[str, Any]:
    return {**{name: getattr(found, name) for name in files.CONTENT}, **changes}


def edit(slug: str = "first", gist: str = "Ours", **options: Any) -> CatalogueEntry:
    found = entry(slug)
    changed = content(found, body={**found.body, "gist": gist})
    return actions.edit_entry(
        **{"entry_id": found.pk, "content": changed, "reason": "We say it so.", "seen": found.number, "actor": administrator(), **options}
    )


def administrator() -> User:
    return make_user(Role.ADMINISTRATOR)


# --- What is shipped ---
def test_every_reference_of_the_shipped_data_leads_somewhere() -> None:
    assert selectors.unresolved_references() == []


def test_shipped_data_is_loaded_whole_and_costs_one_query_a_catalogue_when_it_is_there() -> None:
    shipped = [kind for kind in catalogues if kind is not KIND]
    expected = {kind.slug: len(files.read(kind, kind.file.read_text())) for kind in shipped}

    loader = User.system()

    with CaptureQueriesContext(connection) as queries:
        changes = [actions.load_catalogue(kind=kind, text=kind.file.read_text(), actor=loader) for kind in shipped]

    assert {slug: len(selectors.entries(slug, ended=True)) for slug in expected} == expected
    assert set(changes) == {0}
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == len(shipped)


def test_harm_library_has_what_the_practice_asks() -> None:
    library = selectors.entries("harm-library")
    capabilities = {name for found in library for name in found.body["capabilities"]}
    domains = {name for found in library for name in found.body["domains"]}

    assert len(library) >= 60
    assert {"agents-tools", "image-generation", "retrieval", "companionship-roleplay", "persuasion"} <= capabilities
    assert {"health", "finance", "employment", "education", "children", "public-services"} <= domains
    assert sum("persuasion" in found.body["capabilities"] for found in library) >= 3
    assert sum("companionship-roleplay" in found.body["capabilities"] for found in library) >= 3


def test_numbers_of_the_standards_are_complete() -> None:
    counts = {slug: len(selectors.entries(slug)) for slug in ("ms-rai-goals", "hax-guidelines", "nist-gai-risks", "ux-interventions", "review-kinds")}

    assert counts == {"ms-rai-goals": 17, "hax-guidelines": 18, "nist-gai-risks": 12, "ux-interventions": 11, "review-kinds": 6}
    assert [found.slug for found in selectors.entries("regulatory-clocks") if found.body.get("is_active")] == [
        *("ai-act-73-2", "ai-act-73-3", "ai-act-73-4", "ai-act-73-5", "ai-act-73-6", "ai-act-73-8", "ai-act-73-9", "ai-act-26-5", "ai-act-55-1"),
    ]
    assert {found.slug: found.body.get("hours") for found in selectors.entries("regulatory-clocks")}["ai-act-73-4"] == 240


def test_kinds_of_review_are_rows_that_roles_refer_to() -> None:
    assert set(ReviewKind.objects.values_list("slug", flat=True)) == {"legal", "privacy", "security", "accessibility", "responsible-ai", "business"}


# --- Loading ---
def test_loading_again_changes_nothing_and_another_order_only_the_order() -> None:
    assert load(FIRST, SECOND) == 2
    assert load(FIRST, SECOND) == 0
    assert load(SECOND, FIRST) == 0
    assert [found.slug for found in selectors.entries("clocks")] == ["second", "first"]


def test_changed_shipped_text_is_a_new_version() -> None:
    load(FIRST, SECOND)

    assert load(FIRST.replace("One", "Uno"), SECOND) == 1

    assert entry().body["gist"] == "Uno"
    assert [version.content["body"]["gist"] for version in selectors.versions_of(entry())] == ["Uno", "One"]


def test_what_was_edited_here_stays_and_the_page_can_say_that_the_shipped_text_changed() -> None:
    load(FIRST, SECOND)
    edit()

    load(FIRST.replace("One", "Uno"), SECOND)
    kept = entry()
    actions.take_over_shipped(entry_id=kept.pk, reason="Theirs is better.", actor=administrator())

    assert (kept.body["gist"], kept.origin, kept.is_behind) == ("Ours", Origin.EDITED, True)
    assert (entry().body["gist"], entry().origin, entry().is_behind) == ("Uno", Origin.SHIPPED, False)
    assert [version.number for version in selectors.versions_of(entry())] == [4, 3, 2, 1]


def test_what_is_no_longer_shipped_is_ended_not_removed_and_comes_back() -> None:
    load(FIRST, SECOND)

    assert load(SECOND) == 1
    ended = entry()
    load(FIRST, SECOND)

    assert ended.valid_to is not None
    assert entry().valid_to is None


def test_what_was_added_or_edited_here_outlives_the_file() -> None:
    load(FIRST, SECOND)
    edit()
    body = {"title": "Third", "body": {"gist": "Three"}, "source": "us"}
    actions.add_entry(catalogue="clocks", slug="third", content=body, reason="We need it.", actor=administrator())

    load(SECOND)

    assert {found.slug for found in selectors.entries("clocks")} == {"first", "second", "third"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("entries: [", "no YAML"),
        ("just text", "needs a source"),
        (HEAD + "  - {title: No slug, gist: x}\n", "entry 1 has no slug"),
        (HEAD + "  - {slug: 'not a slug!', title: x, gist: x}\n", "letters, digits and hyphens"),
        (HEAD + "  - {slug: a, title: '', gist: x}\n", "needs a title"),
        (HEAD + "  - {slug: a, title: x}\n", "In short"),
        (HEAD + "  - {slug: a, title: x, gist: x, hours: soon}\n", "takes a number"),
        (HEAD + "  - {slug: a, title: x, gist: x, colour: red}\n", "no field “colour”"),
        (HEAD + "  - {slug: a, title: x, gist: x, valid_from: yesterday}\n", "a date is written"),
        (HEAD + FIRST + FIRST, "twice"),
    ],
)
def test_wrong_file_is_told_by_name_and_place_and_nothing_of_it_is_taken(text: str, words: str) -> None:
    load(SECOND)
    before = list(CatalogueEntry.objects.order_by("pk").values())

    with pytest.raises(files.BadFile, match=words) as refusal:
        actions.load_catalogue(kind=KIND, text=text, actor=User.system())

    assert "clocks.yaml" in refusal.value.detail
    assert list(CatalogueEntry.objects.order_by("pk").values()) == before


# --- Changing it here ---
def test_edit_makes_a_version_with_its_reason_and_one_entry_in_the_ledger() -> None:
    load(FIRST)
    before = Entry.objects.count()

    edited = edit()

    newest = selectors.versions_of(edited)[0]
    assert (newest.reason, newest.origin, newest.number) == ("We say it so.", Origin.EDITED, 2)
    assert Entry.objects.count() == before + 1


def test_edit_is_refused_over_somebody_else_s_change() -> None:
    load(FIRST)
    edit()

    with pytest.raises(Conflict, match="meanwhile"):
        edit(gist="Another", seen=1)


@pytest.mark.django_db(transaction=True)
def test_edits_of_two_entries_wait_for_each_other_since_applying_reads_both() -> None:
    load(FIRST, SECOND)

    with transaction.atomic(), ThreadPoolExecutor(1) as other:
        edit("first")
        with pytest.raises(OperationalError, match="lock timeout"):
            other.submit(_edit_impatiently, "second").result()


def _edit_impatiently(slug: str) -> None:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("set local lock_timeout = '200ms'")
            edit(slug)
    finally:
        connections.close_all()


@pytest.mark.parametrize(("options", "error"), [({"reason": " "}, Invalid), ({"gist": "One"}, Invalid), ({"gist": ""}, Invalid)])
def test_edit_needs_a_reason_a_change_and_what_is_required(options: dict[str, Any], error: type[Exception]) -> None:
    load(FIRST)

    with pytest.raises(error):
        edit(**options)


@pytest.mark.parametrize("role", [Role.RISK_MANAGER, Role.AUDITOR, Role.EXECUTIVE])
def test_reference_data_is_changed_by_administrators_alone(role: Role) -> None:
    load(FIRST)

    with pytest.raises(PolicyDenied):
        edit(actor=make_user(role))


def test_ended_entry_is_offered_no_more_and_can_be_restored() -> None:
    load(FIRST, SECOND)
    today = datetime.datetime.now(datetime.UTC).date()

    actions.end_entry(entry_id=entry().pk, on=today - datetime.timedelta(days=1), reason="Repealed.", actor=administrator())
    ended = selectors.choices("clocks")
    actions.restore_entry(entry_id=entry().pk, reason="Not yet.", actor=administrator())

    assert ended == [("second", "Second")]
    assert selectors.choices("clocks") == [("first", "First"), ("second", "Second")]


def test_version_can_t_be_changed_afterwards() -> None:
    load(FIRST)

    with pytest.raises(DatabaseError), transaction.atomic():
        EntryVersion.objects.update(reason="Never said.")


def test_kind_of_review_that_ends_is_given_up_on_its_day() -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    legal = CatalogueEntry.objects.get(catalogue="review-kinds", slug="legal")
    actions.end_entry(entry_id=legal.pk, on=today + datetime.timedelta(days=1), reason="Merged.", actor=administrator())
    offered = ReviewKind.objects.get(slug="legal").is_active
    CatalogueEntry.objects.filter(pk=legal.pk).update(valid_to=today)  # a day later

    actions.apply_all(User.system())

    assert offered
    assert not ReviewKind.objects.get(slug="legal").is_active
