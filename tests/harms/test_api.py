"""The API of the harm register."""

from __future__ import annotations

from typing import Any

import pytest

from harms.models import Harm
from raiportal.accounts.enums import Role
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.systems.test_api import Caller

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
