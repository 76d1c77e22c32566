"""Schedules and their due times over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from measurements.actions.due_times import start_due_runs
from measurements.models import DueTime, Schedule
from raiportal import queue
from raiportal.accounts.models import User
from systems.models import AISystem
from tests.factories.accounts import headers
from tests.factories.measurements import make_owner
from tests.factories.schedules import due_ago, make_schedule, parts
from tests.factories.systems import make_system
from tests.measurements.test_schedule_views import DAY, MINUTE, settled

pytestmark = pytest.mark.django_db

SCHEDULES, DUE_TIMES = "/api/v1/schedules/", "/api/v1/due-times/"


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "send", lambda *_, **__: True)


def owner_client(system: AISystem) -> Client:
    return Client(headers=headers(make_owner(system)))


def body(owner_of_parts: AISystem, **said: Any) -> dict[str, Any]:
    given = parts(owner_of_parts)
    return {
        "system": owner_of_parts.pk,
        "name": "Nightly",
        "configuration": given["configuration"].pk,
        "measurement_set": given["measurement_set"].pk,
        "metrics": [metric.pk for metric in given["metrics"]],
        "rhythm": "weekly",
        "weekday": 0,
        "at_time": "04:30",
        "time_zone": "America/New_York",
        **said,
    }


def send(client: Client, method: str, address: str, sent: dict[str, Any], **extra: Any) -> Any:
    return getattr(client, method)(address, sent, content_type="application/json", **extra)


def test_schedule_is_added_and_read() -> None:
    system = make_system()
    client = owner_client(system)

    answer = send(client, "post", SCHEDULES, body(system, budget_tokens=1_000))

    assert answer.status_code == 201
    made = answer.json()
    assert (made["at_time"], made["weekday"], made["month_day"], made["is_active"], made["budget_tokens"]) == ("04:30", 0, None, True, 1_000)
    assert made["next_due_at"].endswith("Z")
    assert client.get(f"{SCHEDULES}{made['id']}").json() == made
    assert made["responsible"] == Schedule.objects.get().responsible_id


def test_same_idempotency_key_adds_one() -> None:
    system = make_system()
    client, sent = owner_client(system), body(system)

    first, second = (send(client, "post", SCHEDULES, sent, headers={"Idempotency-Key": "nightly-1"}) for _ in range(2))

    assert first.json() == second.json()
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"weekday": None}, "weekday"),
        ({"month_day": 3}, "month_day"),
        ({"at_time": "04:30:20"}, "at_time"),
        ({"budget_cost": "0"}, "budget_cost"),
        ({"rhythm": "hourly"}, "rhythm"),
        ({"repeats": 0}, "repeats"),
        ({"metrics": [987_654]}, "metrics"),
        ({"measurement_set": 987_654}, "measurement_set"),
        ({"configuration": 987_654}, "configuration"),
        ({"system": 987_654}, "system"),
    ],
)
def test_what_does_not_fit_is_refused_on_its_field(said: dict[str, Any], field: str) -> None:
    system = make_system()

    answer = send(owner_client(system), "post", SCHEDULES, body(system, **said))

    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert not Schedule.objects.exists()


def test_parts_of_a_foreign_system_are_refused_like_unknown_ones() -> None:
    system, foreign = make_system(), parts(make_system())

    for field, row in (("configuration", foreign["configuration"]), ("measurement_set", foreign["measurement_set"])):
        answer = send(owner_client(system), "post", SCHEDULES, body(system, **{field: row.pk}))
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_schedule_is_changed_in_part() -> None:
    schedule = make_schedule()
    client, address = owner_client(schedule.system), f"{SCHEDULES}{schedule.pk}/"

    changed = send(client, "patch", address, {"rhythm": "monthly", "month_day": 31, "at_time": "05:00"}).json()

    assert (changed["rhythm"], changed["month_day"], changed["weekday"], changed["at_time"]) == ("monthly", 31, None, "05:00")
    assert changed["name"] == schedule.name
    assert send(client, "patch", address, {"rhythm": "weekly"}).status_code == 422
    assert send(client, "patch", address, {"is_active": False}).status_code == 400, "switching has verbs of its own"


def test_schedule_is_switched_off_and_on_with_a_reason() -> None:
    schedule = make_schedule()
    client, address = owner_client(schedule.system), f"{SCHEDULES}{schedule.pk}/"

    assert send(client, "post", f"{address}switch-off/", {}).status_code == 422
    off = send(client, "post", f"{address}switch-off/", {"reason": "no money"}).json()
    on = send(client, "post", f"{address}switch-on/", {"reason": "money again"}).json()

    assert (off["is_active"], off["next_due_at"], off["off_reason"]) == (False, None, "no money")
    assert on["is_active"]
    assert on["next_due_at"]


def test_schedules_are_never_deleted() -> None:
    schedule = make_schedule()

    assert owner_client(schedule.system).delete(f"{SCHEDULES}{schedule.pk}/").status_code == 405


def test_lists_filter_and_show_only_what_the_caller_sees() -> None:
    schedule, foreign = due_ago(make_schedule(), MINUTE), due_ago(make_schedule(), MINUTE)
    start_due_runs(actor=User.system())
    client = owner_client(schedule.system)

    def ids(address: str, **asked: Any) -> list[int]:
        return [row["id"] for row in client.get(address, asked).json()["results"]]

    due = DueTime.objects.get(schedule=schedule)
    assert ids(SCHEDULES) == [schedule.pk]
    assert ids(SCHEDULES, is_active="false") == []
    assert ids(SCHEDULES, system=foreign.system_id) == []
    assert ids(DUE_TIMES) == [due.pk]
    assert ids(DUE_TIMES, schedule=schedule.pk, outcome="started", sort="-due_at") == [due.pk]
    assert ids(DUE_TIMES, outcome="missed") == []
    assert client.get(DUE_TIMES, {"state": "missed"}).status_code == 400
    row = client.get(f"{DUE_TIMES}{due.pk}/").json()
    assert (row["run"], row["outcome"], row["detail"]) == (due.run_id, "started", "")


def test_lists_cost_the_same_for_three_rows_and_for_thirty() -> None:
    def count(system: AISystem, address: str) -> int:
        client = owner_client(system)
        client.get(address)  # notes once that the token was used
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few, many = make_schedule(), make_schedule()
    settled(few, 3)
    settled(many, 30)
    for _ in range(9):
        make_schedule(many.system)

    assert count(few.system, SCHEDULES) == count(many.system, SCHEDULES)
    assert count(few.system, DUE_TIMES) == count(many.system, DUE_TIMES)
    assert DueTime.objects.earliest("due_at").due_at < DueTime.objects.latest("due_at").due_at - DAY
