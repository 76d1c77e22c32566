"""Stand-ins over the API: named, listed and ended as on their page, and told to both sides."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.notifications.models import Notification
from raiportal.signoffs.models import StandIn
from tests.factories.accounts import headers, make_user
from tests.factories.systems import make_system
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
ADDRESS = "/api/v1/stand-ins/"


def _post(person: User, sent: dict[str, Any], address: str = ADDRESS) -> Any:
    return Client().post(address, sent, content_type="application/json", headers=headers(person))


def _sent(person: User, **given: Any) -> dict[str, Any]:
    today = clocks.now().astimezone(datetime.UTC).date()
    return {"person": person.username, "from_on": str(today), "until_on": str(today + 5 * DAY), "reason": "On holiday.", **given}


def test_a_program_names_lists_and_ends_a_stand_in(scene: Scene, helper: User) -> None:
    made = _post(scene.lawyer, _sent(helper, system=scene.system.pk))
    row = StandIn.objects.get()
    listed = Client().get(ADDRESS, headers=headers(helper)).json()["results"]
    ended = _post(helper, {"reason": "Back already."}, f"{ADDRESS}{row.pk}/end/")

    assert made.status_code == 201, made.content
    assert (row.person, row.for_person, row.scope_id) == (helper, scene.lawyer, scene.system.pk)
    assert [(one["id"], one["time"], one["system"]) for one in listed] == [(row.pk, "now", scene.system.pk)]
    assert (ended.status_code, ended.json()["time"]) == (200, "over")


def test_both_sides_hear_of_it_but_not_whoever_did_it(scene: Scene, helper: User) -> None:
    _post(scene.lawyer, _sent(helper))
    told = list(Notification.objects.filter(event__kind="signoffs.stand_in_named").values_list("recipient__name", "event__title"))
    _post(helper, {"reason": "I can't."}, f"{ADDRESS}{StandIn.objects.get().pk}/end/")

    assert [name for name, _ in told] == ["Hanna Helper"]
    assert told[0][1].startswith(f"Hanna Helper signs for {scene.lawyer.name} until ")
    assert list(Notification.objects.filter(event__kind="signoffs.stand_in_ended").values_list("recipient", flat=True)) == [scene.lawyer.pk]


WRONG = [
    ({"person": "nobody"}, "person"),
    ({"for_person": "owner-of-elsewhere"}, "for_person"),
    ({"system": 987654}, "system"),
    ({"until_on": "2020-01-01"}, "until_at"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_what_makes_no_sense_is_refused_by_field(scene: Scene, helper: User, wrong: dict[str, Any], field: str) -> None:
    answer = _post(scene.lawyer, {**_sent(helper), **wrong})

    assert answer.status_code in {400, 422}
    assert field in answer.json()["errors"]
    assert not StandIn.objects.exists()


def test_nobody_names_themselves_or_for_others_or_elsewhere(scene: Scene, helper: User) -> None:
    elsewhere = make_system()

    assert _post(helper, _sent(helper, for_person=scene.lawyer.username)).status_code in {403, 422}
    assert _post(scene.lawyer, _sent(helper, for_person=scene.manager.username)).status_code == 403
    assert _post(scene.lawyer, _sent(helper, system=elsewhere.pk)).status_code in {400, 422}
    assert not StandIn.objects.exists()


def test_strangers_see_and_end_nothing(scene: Scene, helper: User) -> None:
    _post(scene.lawyer, _sent(helper))
    row, stranger = StandIn.objects.get(), make_user()

    assert Client().get(ADDRESS, headers=headers(stranger)).json()["results"] == []
    assert _post(stranger, {"reason": "No."}, f"{ADDRESS}{row.pk}/end/").status_code == 404


def test_a_token_limited_to_a_system_names_and_sees_stand_ins_there_alone(scene: Scene, helper: User) -> None:
    elsewhere = make_system(owner=scene.lawyer)
    narrow = headers(scene.lawyer, scopes=[scene.system.scope])
    _post(scene.lawyer, _sent(helper))
    everywhere = StandIn.objects.get()

    def send(**given: Any) -> int:
        return int(Client().post(ADDRESS, _sent(helper, **given), content_type="application/json", headers=narrow).status_code)

    assert Client().get(f"{ADDRESS}{everywhere.pk}/", headers=narrow).status_code == 404
    assert send() == 403
    assert send(system=elsewhere.pk) in {400, 422}
    assert send(system=scene.system.pk) == 201
    assert [row["system"] for row in Client().get(ADDRESS, headers=narrow).json()["results"]] == [scene.system.pk]
