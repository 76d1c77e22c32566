"""The API of the harm register."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from harms.models import Harm, HarmUse
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from systems.models import AISystem, IntendedUse
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.systems.test_api import HERE, Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def owner(system: AISystem) -> Caller:
    return Caller(system.owner)


def given(system: AISystem, **changes: Any) -> dict[str, Any]:
    return {"system": system.pk, "title": "Invented dose", "category": "confabulation", "origin": "model", **changes}


def test_harm_is_proposed_and_assessed(owner: Caller, system: AISystem) -> None:
    proposed = owner.post("/harms/", given(system, owner=system.owner_id))
    assessed = owner.post(f"/harms/{proposed.json()['id']}/assess/", {"severity": 4, "frequency": 3, "rationale": "Seen in the pilot."})

    assert (proposed.status_code, proposed.json()["state"], proposed.json()["category"]) == (201, "proposed", "confabulation")
    assert (assessed.status_code, assessed.json()["score"], assessed.json()["kind"]) == (201, 12, "inherent")
    shown = owner.get(f"/harms/{proposed.json()['id']}/").json()
    assert (shown["priority"], shown["inherent_score"], shown["state"]) == (12, 12, "assessed")
    assert [point["score"] for point in owner.get(f"/harms/{shown['id']}/risk-points/").json()] == [12]


@pytest.mark.parametrize(("field", "value"), [("category", "nothing"), ("origin", "elsewhere"), ("owner", 999_999), ("title", " ")])
def test_refused_harm_names_the_field(owner: Caller, system: AISystem, field: str, value: Any) -> None:
    answer = owner.post("/harms/", given(system, **{field: value}))

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_scores_and_states_cannot_be_set(owner: Caller, system: AISystem) -> None:
    harm = make_harm(system)

    for field, value in {"priority": 25, "inherent_score": 25, "state": "assessed", "created_by": 1, "system": make_system().pk}.items():
        assert owner.patch(f"/harms/{harm.pk}/", {field: value}).status_code == 400
    assert Harm.objects.get(pk=harm.pk).priority == 0


def test_harm_of_a_foreign_system_is_not_there(owner: Caller) -> None:
    foreign = make_harm(make_system())
    body = {"severity": 1, "frequency": 1, "rationale": "x"}

    answers = [owner.post(f"/harms/{pk}/assess/", body) for pk in (foreign.pk, 999_999)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert owner.post("/harms/", given(foreign.system)).status_code == 422


def test_viewer_reads_and_changes_nothing(system: AISystem) -> None:
    harm = make_harm(system)
    viewer = Caller(make_user(Role.VIEWER, scope=system.scope))

    assert viewer.get(f"/harms/{harm.pk}/").status_code == 200
    assert viewer.patch(f"/harms/{harm.pk}/", {"title": "x"}).status_code == 403
    assert viewer.post("/harms/", given(system)).status_code == 403


def test_list_is_worst_first_and_filters(owner: Caller, system: AISystem) -> None:
    low, high, proposed = make_harm(system, assessed=(2, 2)), make_harm(system, assessed=(5, 5), origin="scenario"), make_harm(system, title="Leaked note")

    def ids(**query: Any) -> list[int]:
        return [row["id"] for row in owner.get("/harms/", **query).json()["results"]]

    assert ids() == [high.pk, low.pk, proposed.pk]
    assert ids(sort="id") == [low.pk, high.pk, proposed.pk]
    assert ids(origin="scenario") == [high.pk]
    assert ids(level="5") == ids(level="high") == [high.pk]
    assert ids(state="proposed") == [proposed.pk]
    assert ids(q="LEAKED") == ids(q=proposed.code) == [proposed.pk]
    assert ids(system=make_system().pk) == []
    assert ids(owner="none") == [high.pk, low.pk, proposed.pk]
    assert ids(severity=2, frequency=2) == [low.pk]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"owner__password": "x"}, 400),
        ({"sort": "title"}, 422),
        ({"level": "9"}, 422),
        ({"category": "nothing"}, 422),
        ({"cursor": "AAAA"}, 422),
        ({"system": "x"}, 422),
    ],
)
def test_list_refuses_what_it_does_not_know(owner: Caller, query: dict[str, str], status: int) -> None:
    assert owner.get("/harms/", **query).status_code == status


def test_pages_hold_every_harm_once(owner: Caller, system: AISystem) -> None:
    wanted = {make_harm(system, assessed=(severity, 2)).pk for severity in (1, 2, 2, 2, 3)}

    found: list[int] = []
    path, query = "/harms/", {"page_size": "2"}
    while path:
        answer = owner.get(path, **query).json()
        found += [row["id"] for row in answer["results"]]
        path, query = (answer["next"] or "").removeprefix("http://testserver/api/v1"), {}

    assert (set(found), len(found)) == (wanted, len(wanted))


def test_list_costs_the_same_for_three_and_thirty_rows(
    owner: Caller, system: AISystem, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        make_harm(system)
    owner.get("/harms/")
    with django_assert_max_num_queries(8) as few:
        owner.get("/harms/")
    for _ in range(27):
        make_harm(system)

    with django_assert_num_queries(len(few)):
        answer = owner.get("/harms/")

    assert len(answer.json()["results"]) == 30


# --- Uses ---
def use_of(system: AISystem, number: int = 1) -> IntendedUse:
    return IntendedUse.objects.create(system=system, number=number, title=f"Use {number}", created_by=system.owner)


def test_harm_is_placed_in_uses_and_scored_in_each(owner: Caller, system: AISystem) -> None:
    first, second = use_of(system, 1), use_of(system, 2)
    path = f"/harms/{owner.post('/harms/', given(system, uses=[first.pk])).json()['id']}/"

    both = owner.patch(path, {"uses": [second.pk, first.pk, first.pk]}).json()
    stated = owner.post(f"{path}assess/", {"severity": 5, "frequency": 4, "rationale": "Seen there.", "intended_use": second.pk})
    shown = owner.get(path).json()

    assert [use["intended_use"] for use in both["uses"]] == [first.pk, second.pk]
    assert (stated.status_code, stated.json()["intended_use"], stated.json()["score"]) == (201, second.pk, 20)
    assert [(use["intended_use"], use["priority"], use["inherent_score"]) for use in shown["uses"]] == [(first.pk, 0, None), (second.pk, 20, 20)]
    assert shown["priority"] == 20
    assert [point["intended_use"] for point in owner.get(f"{path}risk-points/").json()] == [second.pk]
    assert owner.patch(path, {"uses": []}).json()["uses"] == []


def test_use_of_another_system_an_archived_one_and_none_at_all_are_refused(owner: Caller, system: AISystem) -> None:
    harm = make_harm(system)
    second_of_owner = make_system(owner=system.owner)
    archived = use_of(system, 2)
    IntendedUse.objects.filter(pk=archived.pk).update(archived_at=timezone.now())
    stated = {"severity": 5, "frequency": 4, "rationale": "Seen there."}

    for use_id in (use_of(make_system()).pk, use_of(second_of_owner).pk, archived.pk, 999_999):
        placed = owner.patch(f"/harms/{harm.pk}/", {"uses": [use_id]})
        assessed = owner.post(f"/harms/{harm.pk}/assess/", {**stated, "intended_use": use_id})
        assert (placed.status_code, list(placed.json()["errors"])) == (422, ["uses"])
        assert (assessed.status_code, list(assessed.json()["errors"])) == (422, ["intended_use"])
    assert not HarmUse.objects.exists()


# --- Import ---
ROWS = b"""title,category,origin,inherent_severity,inherent_frequency,colour
Invented dose,confabulation,model,4,4,red
Leaked NOTE,bias,model,,,
A,nothing,model,,,
"""


def send(caller: Caller, into: AISystem, content: bytes = ROWS, name: str = "harms.csv", key: str = "", **fields: Any) -> Any:
    """One upload, as a program makes it."""
    extra = {"headers": {"Idempotency-Key": key}} if key else {}
    return caller.client.post(f"{HERE}/harms/import/", {"system": into.pk, "file": SimpleUploadedFile(name, content), **fields}, **extra)


def test_import_looks_first_and_then_stores(owner: Caller, system: AISystem) -> None:
    make_harm(system, title="Leaked note")

    looked = send(owner, system, dry_run="true")
    assert (looked.status_code, Harm.objects.count()) == (200, 1)
    assert not Entry.objects.filter(action__startswith="harms.", action__contains="import").exists()
    stored = send(owner, system)

    assert stored.json() == looked.json()
    report = stored.json()
    assert (report["accepted"], report["duplicates"], report["rejected_count"], report["ignored_columns"]) == (1, 1, 1, ["colour"])
    assert report["duplicate_rows"] == [{"row": 3, "title": "Leaked NOTE"}]
    assert report["rejected"][0]["row"] == 4
    assert "nothing" in report["rejected"][0]["reason"]
    brought = Harm.objects.get(title="Invented dose")
    assert (brought.system, brought.priority, brought.created_by) == (system, 16, system.owner)
    again = send(owner, system).json()
    assert (again["accepted"], again["duplicates"], Harm.objects.count()) == (0, 2, 2)


def test_import_with_a_key_happens_once(owner: Caller, system: AISystem) -> None:
    first, repeated = send(owner, system, key="nightly-1"), send(owner, system, key="nightly-1")

    assert (repeated.json(), repeated.json()["accepted"], Harm.objects.count()) == (first.json(), 2, 2)
    assert send(owner, system, ROWS + b"More,bias,model,,,\n", key="nightly-1").status_code == 409


@pytest.mark.parametrize(
    ("content", "fields", "field"),
    [
        (b"", {}, "file"),
        (b"title,category,origin\n", {}, "file"),
        (b"{", {"format": "json"}, "file"),
        (ROWS, {"format": "spreadsheet"}, "format"),
        (ROWS, {"dry_run": "maybe"}, "dry_run"),
        (ROWS, {"system": "x"}, "system"),
    ],
)
def test_import_refuses_and_names_the_field(owner: Caller, system: AISystem, content: bytes, fields: dict[str, str], field: str) -> None:
    answer = send(owner, system, content, **fields)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Harm.objects.exists()


def test_import_knows_no_other_fields(owner: Caller, system: AISystem) -> None:
    assert send(owner, system, owner="1").status_code == 400


def test_import_into_a_foreign_system_says_what_an_unknown_one_does(owner: Caller) -> None:
    foreign, unknown = make_system(), AISystem(pk=999_999)

    answers = [send(owner, system, dry_run=looks) for system in (foreign, unknown) for looks in ("true", "false")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(422, answers[0].content)}
    assert not Harm.objects.exists()


def test_import_is_for_those_who_act_in_the_system_by_a_token_that_may_write(system: AISystem) -> None:
    refused = [Caller(make_user(Role.VIEWER, scope=system.scope)), Caller(make_user(Role.AUDITOR)), Caller(system.owner, ability="read")]

    assert [send(caller, system, dry_run=looks).status_code for caller in refused for looks in ("true", "false")] == [403] * 6
    assert send(Caller(system.owner, ability="register"), system).json()["accepted"] == 2
