"""The ledger's pages: found by every filter, exported, proven, erased; and the panel on each object's page."""

from __future__ import annotations

import datetime
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.administration.people_named import MOST_OFFERED
from raiportal.audit import keys, ledger, selectors
from raiportal.audit.models import Entry
from raiportal.audit.standalone import verify_ledger
from raiportal.catalogues.models import CatalogueEntry
from systems.actions import add_intended_use
from tests.audit import ledgers
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor() -> User:
    return make_user(Role.AUDITOR)


@pytest.fixture
def page(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


def _shown(page: Client, **asked: object) -> list[int]:
    response = page.get(reverse("ledger"), asked)
    assert response.status_code == 200, response.content
    return [line.pk for line in response.context["lines"]]


def test_each_filter_finds_its_entries(page: Client, auditor: User) -> None:
    mine = ledger.record("accounts.noted", subject=auditor, actor=auditor, reason="x")
    (portals,) = ledgers.write()
    ledger.record_refusal(actor=auditor, what="POST /somewhere/", why="No.", at=clocks.now())
    refused = Entry.objects.get(action="refused")
    today = f"{clocks.now():%Y-%m-%d}"

    assert _shown(page)[:3] == [refused.pk, portals.pk, mine.pk]
    assert _shown(page, sort="written")[-3:] == [mine.pk, portals.pk, refused.pk]
    assert _shown(page, actor=auditor.pk, action="accounts.noted") == [mine.pk]
    assert _shown(page, only="refused") == [refused.pk]
    assert refused.pk not in _shown(page, only="done")
    assert _shown(page, q="/somewhere", since=today, until=today) == [refused.pk]
    assert _shown(page, since="2031-01-01") == []
    assert mine.pk in _shown(page, kind="accounts.user", subject=auditor.pk)
    assert _shown(page, request_id="nothing") == []
    assert page.get(reverse("ledger"), {"actor": "987654321"}).status_code == 422


def test_an_entry_shows_all_that_it_says_and_its_seal(page: Client, auditor: User) -> None:
    entry = ledger.record("accounts.noted", subject=auditor, actor=auditor, reason="<b>because</b>", number=41)
    segment = ledgers.seal()

    response = page.get(reverse("ledger-entry", args=[entry.pk]))

    text = response.content.decode()
    assert "&lt;b&gt;because&lt;/b&gt;" in text
    assert "&quot;number&quot;: 41" in text
    assert segment.digest in text
    assert page.get(reverse("ledger-entry", args=[987_654_321])).status_code == 404


def test_exports_are_recorded_and_the_file_verifies(page: Client, auditor: User) -> None:
    ledgers.sealed(2)

    table = page.post(f"{reverse('ledger-export')}?action=accounts.noted", {"format": "json"})
    rows = json.loads(b"".join(table.streaming_content))
    file = page.post(reverse("ledger-file"))
    lines = b"".join(file.streaming_content).decode().splitlines()

    assert {row["action"] for row in rows} == {"accounts.noted"}
    findings = verify_ledger.verify_export(lines, keys.public_keys())
    assert (findings.ok, findings.entries) == (True, Entry.objects.count())
    recorded = Entry.objects.filter(action="audit.ledger_exported", actor=auditor).order_by("pk")
    assert [entry.payload.body["details"] for entry in recorded] == [
        {"format": "json", "filters": {"action": "accounts.noted"}},
        {"format": "jsonl", "filters": {}},
    ]
    assert page.post(reverse("ledger-export"), {"format": "xml"}).status_code == 422
    assert b"def is_signed" in page.get(reverse("ledger-verifier")).content


def test_proof_gives_the_key_and_the_newest_seals(page: Client) -> None:
    segment = ledgers.seal() if ledgers.write() else None

    text = page.get(reverse("ledger-proof")).content.decode()

    assert segment is not None
    assert segment.key_id in text
    assert "--key " in text


def test_erasing_through_the_pages(client: Client, auditor: User) -> None:
    client.force_login(make_user(Role.ADMINISTRATOR))
    (entry,) = ledgers.write()

    assert client.post(reverse("ledger-entry-erase", args=[entry.pk]), {"reason": ""}).status_code == 422
    assert client.post(reverse("ledger-entry-erase", args=[entry.pk]), {"reason": "It named somebody."}).status_code == 302
    assert client.post(reverse("person-erase", args=[auditor.pk]), {"reason": "Asked for it."}).status_code == 302

    assert "taken out" in client.get(reverse("ledger-entry", args=[entry.pk])).content.decode()
    assert f"Erased person {auditor.pk}" in client.get(reverse("person", args=[auditor.pk])).content.decode()


def test_history_panel_shows_the_newest_and_the_way_to_all(client: Client) -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user()
    client.force_login(administrator)
    for number in range(7):
        ledger.record("accounts.noted", subject=person, actor=administrator, reason=f"reason {number}")

    text = client.get(reverse("person", args=[person.pk])).content.decode()

    assert "reason 6" in text
    assert "reason 1" not in text
    assert f'{reverse("history", args=["accounts.user", person.pk])}">Whole history' in text


def test_changes_are_told_by_fields_and_long_texts_line_by_line(client: Client) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    entry = CatalogueEntry.objects.get(catalogue="languages", slug="en")
    before = {"gist": "One\nTwo", "is_active": True, "columns": [{"name": "safe", "trimmed": "0"}], "same": "x", "gone": "There"}
    after = {"gist": "One\nThree", "is_active": False, "columns": [{"name": "low", "trimmed": "2"}], "same": "x", "uses": ["U-1", "U-2"]}
    changes = {"body": [before, after], "valid_to": [None, "2027-01-31"], "uses": [[], ["U-1"]]}
    ledger.record("catalogues.entry_changed", subject=entry, actor=administrator, changes=changes)
    client.force_login(administrator)

    (line,) = selectors.history("catalogues.catalogueentry", entry.pk, most=1)
    text = client.get(reverse("catalogue-entry", args=[entry.pk])).content.decode()

    told = {(change.field, change.before, change.after, change.is_long) for change in line.changes}
    assert told == {
        ("gist", "One\nTwo", "One\nThree", True),
        ("is active", "yes", "no", False),
        ("columns", "name safe, trimmed 0", "name low, trimmed 2", False),
        ("gone", "There", "nothing", False),
        ("uses", "nothing", "U-1, U-2", False),
        ("valid to", "nothing", "31 Jan 2027", False),
        ("uses", "nothing", "U-1", False),
    }
    assert "Gist changed</summary>" in text
    assert "{&#x27;" not in text


def test_history_names_rows_that_older_entries_hold_by_number() -> None:
    """Intended uses stood as row numbers in entries of earlier releases; the entries stay as they are, and the page says which uses they were."""
    system = make_system()
    harm, first = make_harm(system), add_intended_use(system=system, actor=system.owner, title="Drafting")
    second = add_intended_use(system=system, actor=system.owner, title="Advising")
    ledger.record("harms.harm_changed", subject=harm, actor=system.owner, changes={"intended_uses": [[first.pk, second.pk], [second.pk, 999_999]]})
    ledger.record("harms.harm_uses_changed", subject=harm, actor=system.owner, changes={"uses": [["U-1"], []], "title": ["1", "2"]})

    by_code, by_number = selectors.history("harms.harm", harm.pk, most=2)

    assert [(change.before, change.after) for change in by_number.changes] == [(f"{first.code}, {second.code}", f"{second.code}, no. 999999")]
    assert [(change.before, change.after) for change in by_code.changes] == [("U-1", "nothing"), ("1", "2")]


def test_history_gives_choices_and_days_in_words_and_leaves_what_only_looks_like_one() -> None:
    """A title may be anything, a date that there never was too."""
    system = make_system()
    harm = make_harm(system)
    title = harm.title
    ledger.apply_changes(harm, actor=system.owner, action="harms.harm_changed", state="in_treatment", review_on=datetime.date(2027, 1, 8), title="2026-99-99")
    changes = {change.field: (change.before, change.after) for change in selectors.history("harms.harm", harm.pk, most=1)[0].changes}
    assert changes == {"state": ("Proposed", "In treatment"), "review on": ("nothing", "8 Jan 2027"), "title": (title, "2026-99-99")}
    ledger.apply_changes(harm, actor=system.owner, action="harms.harm_changed", title="2026-13-45T99:99:99Z")
    assert selectors.history("harms.harm", harm.pk, most=1)[0].changes[0].after == "2026-13-45T99:99:99Z"


def test_history_of_many_entries_names_rows_with_one_query(django_assert_max_num_queries: Any) -> None:
    system = make_system()
    harm, use = make_harm(system), add_intended_use(system=system, actor=system.owner, title="Drafting")
    for _ in range(20):
        ledger.record("harms.harm_changed", subject=harm, actor=system.owner, changes={"intended_uses": [[use.pk], []]})

    with django_assert_max_num_queries(2):
        assert len(selectors.history("harms.harm", harm.pk, most=20)) == 20


@pytest.mark.django_db(transaction=True)
def test_refusals_at_one_moment_leave_one_entry() -> None:
    person, now, together = make_user(), clocks.now(), threading.Barrier(8)

    def refuse(_: int) -> None:
        try:
            together.wait(60)
            ledger.record_refusal(actor=person, what="POST /somewhere/", why="No.", at=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(refuse, range(8)))

    assert Entry.objects.filter(action="refused", actor=person).count() == 1


def test_a_person_is_filtered_by_name_or_number_without_reading_everybody(page: Client, auditor: User, django_assert_num_queries: Any) -> None:
    mine = ledger.record("accounts.noted", subject=auditor, actor=auditor, reason="x")
    page.get(reverse("ledger"))
    with CaptureQueriesContext(connection) as few:
        page.get(reverse("ledger"), {"actor": auditor.username})
    for number in range(MOST_OFFERED + 10):
        make_user(username=f"another-{number}")

    with django_assert_num_queries(len(few)):
        shown = page.get(reverse("ledger"), {"actor": auditor.username})

    assert mine.pk in [line.pk for line in shown.context["lines"]]
    assert mine.pk in _shown(page, actor=auditor.pk)
    assert len(shown.context["people"]) == MOST_OFFERED
    assert page.get(reverse("ledger"), {"actor": "nobody-at-all"}).status_code == 422
