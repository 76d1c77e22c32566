"""Stand-ins: the page on which people name and end them, and SEC-19: a stand-in after their time signs nothing."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import PolicyDenied
from raiportal.signoffs import actions, telling
from raiportal.signoffs.models import SignOff, StandIn
from tests.factories.accounts import make_user
from tests.factories.systems import make_system
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def _sent(person: User, **given: Any) -> dict[str, Any]:
    today = clocks.now().date()
    return {"person": person.username, "from_on": str(today), "until_on": str(today + 5 * DAY), "reason": "On holiday.", **given}


def _named(person: User, for_person: User, *, days: int = 3, **given: Any) -> StandIn:
    now = clocks.now()
    span = {"from_at": now, "until_at": now + days * DAY, "reason": "Away.", "actor": for_person, **given}
    return actions.name_stand_in(person=person, for_person=for_person, **span)


def test_somebody_names_who_signs_for_them_to_the_end_of_the_last_day(client: Client, scene: Scene, helper: User) -> None:
    client.force_login(scene.lawyer)

    answer = client.post(reverse("stand-in-add"), _sent(helper, system=scene.system.scope.pk))

    named = StandIn.objects.get()
    assert answer.status_code == 302
    assert (named.person, named.for_person, named.scope) == (helper, scene.lawyer, scene.system.scope)
    assert named.until_at == datetime.datetime.combine(clocks.now().date() + 6 * DAY, datetime.time(), datetime.UTC)
    assert scene.sign(helper, "reviewer:legal", stand_in_for=scene.lawyer).stand_in_for == scene.lawyer


@pytest.mark.parametrize(
    "given", [{"reason": ""}, {"until_on": "2020-01-01"}, {"until_on": str(datetime.datetime.now(datetime.UTC).date() + 95 * DAY)}, {"person": "nobody"}]
)
def test_what_is_wrong_is_said_on_the_form(client: Client, scene: Scene, helper: User, given: dict[str, str]) -> None:
    client.force_login(scene.lawyer)

    answer = client.post(reverse("stand-in-add"), _sent(helper) | given)

    assert answer.status_code == 422
    assert not StandIn.objects.exists()


def test_nobody_but_an_administrator_names_a_stand_in_for_somebody_else(client: Client, scene: Scene, helper: User) -> None:
    client.force_login(scene.owner)
    client.post(reverse("stand-in-add"), _sent(helper, for_person=scene.lawyer.username))
    client.force_login(make_user(Role.ADMINISTRATOR))
    client.post(reverse("stand-in-add"), _sent(helper, for_person=scene.lawyer.username))

    assert list(StandIn.objects.order_by("pk").values_list("for_person", flat=True)) == [scene.owner.pk, scene.lawyer.pk]


def test_a_stand_in_is_ended_with_a_reason_that_the_ledger_keeps(client: Client, scene: Scene, helper: User) -> None:
    named = _named(helper, scene.lawyer)
    client.force_login(scene.lawyer)

    without = client.post(reverse("stand-in-end", args=[named.pk]), {"reason": " "})
    client.post(reverse("stand-in-end", args=[named.pk]), {"reason": "I am back."})

    entry = Entry.objects.select_related("payload").get(action="signoffs.stand_in_ended")
    assert without.status_code == 422
    assert StandIn.objects.get().ended_at is not None
    assert "I am back." in json.dumps(entry.payload.body)


def test_the_list_shows_ones_own_and_overseers_all(client: Client, scene: Scene, helper: User) -> None:
    _named(helper, scene.lawyer)
    _named(scene.owner, scene.manager, from_at=clocks.now() + DAY)

    def shown(person: User, **query: str) -> list[str]:
        client.force_login(person)
        return [row.for_person.username for row, _, _ in client.get(reverse("stand-in-list"), query).context["rows"]]

    everything = [scene.manager.username, scene.lawyer.username]
    assert shown(helper) == [scene.lawyer.username]
    assert shown(make_user()) == []
    assert [shown(make_user(role)) for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.RISK_MANAGER)] == [everything] * 3
    assert shown(scene.manager, time="now") == [scene.lawyer.username]
    assert shown(scene.manager, time="later") == [scene.manager.username]
    assert client.get(reverse("stand-in-list"), {"time": "unheard-of"}).status_code == 422
    rows = json.loads(b"".join(client.get(reverse("stand-in-export", args=["json"])).streaming_content))  # type: ignore[arg-type]
    assert [(row["person"], row["time"]) for row in rows] == [(scene.owner.username, "later"), (helper.username, "now")]


@pytest.mark.parametrize("over", ["ended", "run out", "of another system", "not yet"])
def test_a_stand_in_out_of_time_or_place_signs_nothing(scene: Scene, helper: User, over: str) -> None:
    """SEC-19: after the delegation's end, before its start, and in another system than it was given for."""
    now = clocks.now()
    elsewhere = make_system(owner=make_user()).scope.pk
    given = {"of another system": {"scope_id": elsewhere}, "not yet": {"from_at": now + DAY}}.get(over, {})
    named = _named(helper, scene.lawyer, **given)
    if over == "ended":
        actions.end_stand_in(stand_in_id=named.pk, reason="Back.", actor=scene.lawyer)
    elif over == "run out":
        actions.end_stand_in(stand_in_id=named.pk, reason="Another one.", actor=scene.lawyer)
        StandIn.objects.create(person=helper, for_person=scene.manager, from_at=now - 2 * DAY, until_at=now - DAY, reason="Away.", created_by=scene.manager)
    holder, role = (scene.manager, "risk_manager") if over == "run out" else (scene.lawyer, "reviewer:legal")

    with pytest.raises(PolicyDenied):
        scene.sign(helper, role, stand_in_for=holder)

    assert not SignOff.objects.exists()
    asked = telling.signers_of(scene.request)
    assert holder.pk in asked
    assert helper.pk not in asked, "is asked for what they may not sign"
