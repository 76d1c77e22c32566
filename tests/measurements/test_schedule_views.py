"""The pages of schedules: list, form with its preview, history, switching."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measurements.actions import schedules
from measurements.actions.due_times import start_due_runs
from measurements.enums import DueOutcome
from measurements.models import DueTime, Run, Schedule
from measurements.views import schedule_parts
from raiportal import clocks, queue
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems import actions as system_actions
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.measurements import make_owner
from tests.factories.schedules import due_ago, make_schedule, parts
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
MINUTE, DAY = datetime.timedelta(minutes=1), datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "send", lambda *_, **__: True)


def owner_client(system: AISystem) -> Client:
    client = Client()
    client.force_login(make_owner(system))
    return client


def filled(system: AISystem, **said: Any) -> dict[str, Any]:
    """A form that adds a schedule."""
    given = parts(system)
    return {
        "name": "Nightly",
        "configuration": given["configuration"].pk,
        "measurement_set": given["measurement_set"].pk,
        "metrics": [metric.pk for metric in given["metrics"]],
        "repeats": 1,
        "rhythm": "daily",
        "at_time": "02:30",
        "time_zone": "Europe/Berlin",
        **said,
    }


def settled(schedule: Schedule, count: int, outcome: str = DueOutcome.MISSED) -> None:
    start = clocks.now() - (count + 1) * DAY
    DueTime.objects.bulk_create(DueTime(schedule=schedule, due_at=start + number * DAY, outcome=outcome, detail=f"reason {number}") for number in range(count))


# --- List ---
def test_list_shows_the_next_due_time_in_both_clocks_and_the_last_outcomes() -> None:
    schedule = due_ago(make_schedule(), MINUTE)
    start_due_runs(actor=User.system())
    schedule.refresh_from_db()
    assert schedule.next_due_at is not None

    page = owner_client(schedule.system).get(reverse("schedule-list", args=[schedule.system_id])).text

    assert schedule.name in page
    assert schedule_parts.moment_of(schedule.timing, schedule.next_due_at).local in page
    assert "Run started" in page
    assert f'href="{reverse("run", args=[Run.objects.get().pk])}"' in page


def test_list_filters_by_name_and_state() -> None:
    on, off = make_schedule(name="Nightly"), None
    off = make_schedule(on.system, name="Weekly check")
    schedules.switch_off_schedule(schedule_id=off.pk, reason="no money", actor=make_owner(on.system))
    client, address = owner_client(on.system), reverse("schedule-list", args=[on.system_id])

    for query, shown, hidden in (({"is_active": "true"}, on, off), ({"is_active": "false"}, off, on), ({"q": "night"}, on, off)):
        page = client.get(address, query).text
        assert shown.name in page
        assert hidden.name not in page
    assert "No schedule fits" in client.get(address, {"q": "hourly"}).text


def test_list_says_what_to_do_while_there_is_none() -> None:
    system = make_system()

    assert reverse("schedule-add", args=[system.pk]) in owner_client(system).get(reverse("schedule-list", args=[system.pk])).text


def test_list_costs_the_same_for_three_schedules_and_for_thirty() -> None:
    def count(system: AISystem, client: Client) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("schedule-list", args=[system.pk])).status_code == 200
        return len(queries)

    first = make_schedule()
    given = {**parts(first.system), "actor": make_owner(first.system), "system": first.system}
    client = owner_client(first.system)
    for number in range(30):
        schedule = schedules.add_schedule(**{**given, "name": f"number {number}"})
        settled(schedule, 3)
        if number == 2:
            count(first.system, client)  # the first visit of a session notes where it comes from
            before = count(first.system, client)

    assert count(first.system, client) == before


# --- One schedule ---
def test_page_costs_the_same_for_three_due_times_and_for_thirty() -> None:
    def count(schedule: Schedule, client: Client) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("schedule", args=[schedule.pk])).status_code == 200
        return len(queries)

    few, many = make_schedule(), make_schedule()
    settled(few, 3)
    settled(many, 30)

    assert count(few, owner_client(few.system)) == count(many, owner_client(many.system))


def test_history_is_paged_newest_first_and_filtered_by_outcome() -> None:
    schedule = make_schedule()
    settled(schedule, 60)
    DueTime.objects.create(schedule=schedule, due_at=clocks.now(), outcome=DueOutcome.REFUSED, detail="The system is retired.")
    client, address = owner_client(schedule.system), reverse("schedule", args=[schedule.pk])

    first = client.get(address).text
    following = re.search(r'href="(\?cursor=[^"]+)"', first)

    assert "The system is retired." in first
    assert "reason 30<" in first
    assert "reason 5<" not in first
    assert following
    assert "reason 5<" in client.get(address + following[1]).text
    refused = client.get(address, {"outcome": "refused"}).text
    assert "The system is retired." in refused
    assert "reason 30<" not in refused
    assert "No due time fits" in client.get(address, {"outcome": "started"}).text


def test_history_goes_into_a_file() -> None:
    schedule = make_schedule()
    settled(schedule, 2)

    answer = owner_client(schedule.system).get(reverse("schedule", args=[schedule.pk]), {"export": "json"})

    rows = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert rows.count(b'"outcome": "missed"') == 2
    assert owner_client(schedule.system).get(reverse("schedule", args=[schedule.pk]), {"export": "xml"}).status_code == 422


def test_page_says_that_it_cannot_start_and_that_it_is_off() -> None:
    schedule = due_ago(make_schedule(), MINUTE)
    owner = make_owner(schedule.system)
    system_actions.switch_off_deployment(deployment_id=schedule.configuration.deployment_id, reason="moved", actor=owner)
    client, address = owner_client(schedule.system), reverse("schedule", args=[schedule.pk])

    start_due_runs(actor=User.system())
    page = client.get(address).text
    assert "1 due time in a row could not start" in page
    assert "The deployment of this configuration is switched off." in page

    schedules.switch_off_schedule(schedule_id=schedule.pk, reason="until the endpoint is back", actor=owner)
    page = client.get(address).text
    assert "This schedule is off" in page
    assert "until the endpoint is back" in page
    assert "Nothing starts while it is off" in page


def test_page_states_the_rule_about_missed_times() -> None:
    schedule = make_schedule()

    page = owner_client(schedule.system).get(reverse("schedule", args=[schedule.pk])).text

    assert "caught up once if it is at most 6 hours late" in page


def test_reader_without_the_right_sees_why_there_is_no_button() -> None:
    schedule = make_schedule()
    client = Client()
    client.force_login(make_user(Role.VIEWER, scope=schedule.system.scope))

    page = client.get(reverse("schedule", args=[schedule.pk])).text

    assert reverse("schedule-edit", args=[schedule.pk]) not in page
    assert 'popovertarget="switch"' not in page
    assert "Only the system&#x27;s owner" in page


# --- Forms ---
def test_form_adds_a_schedule_and_says_when_it_is_due() -> None:
    system = make_system()
    client = owner_client(system)

    answer = client.post(reverse("schedule-add", args=[system.pk]), filled(system, rhythm="monthly", month_day=31, weekday=2, budget_tokens=900), follow=True)

    schedule = Schedule.objects.get()
    assert (schedule.rhythm, schedule.month_day, schedule.weekday, schedule.at_time, schedule.budget_tokens) == ("monthly", 31, None, datetime.time(2, 30), 900)
    assert answer.redirect_chain == [(reverse("schedule", args=[schedule.pk]), 302)]
    assert "Its next run starts" in answer.text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"rhythm": "weekly"}, "Choose the weekday."),
        ({"rhythm": "monthly"}, "Say which day of the month."),
        ({"rhythm": "monthly", "month_day": 40}, "less than or equal to 31"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
        ({"metrics": []}, "Choose at least one metric."),
        ({"name": " "}, "Fill in “Name”."),
        ({"budget_cost": "0"}, "A budget is more than nothing."),
    ],
)
def test_form_says_what_is_wrong(said: dict[str, Any], words: str) -> None:
    system = make_system()

    answer = owner_client(system).post(reverse("schedule-add", args=[system.pk]), filled(system, **said))

    assert answer.status_code == 422
    assert words in answer.text
    assert not Schedule.objects.exists()


def test_form_refuses_a_name_that_is_taken() -> None:
    schedule = make_schedule()

    answer = owner_client(schedule.system).post(reverse("schedule-add", args=[schedule.system_id]), filled(schedule.system, name=schedule.name))

    assert answer.status_code == 422
    assert "There is a schedule of this name already." in answer.text


def test_preview_shows_the_next_five_times_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: datetime.datetime(2027, 3, 27, 12, tzinfo=datetime.UTC))
    system = make_system()
    client, address = owner_client(system), reverse("schedule-add", args=[system.pk])
    sent = filled(system, preview="1")

    fragment, page = client.post(address, sent, headers=HTMX).text, client.post(address, sent).text

    assert fragment.startswith('<section class="panel" id="schedule-preview"')
    for shown in (fragment, page):
        assert shown.count('<th scope="row"') == schedule_parts.PREVIEWED
        assert "Sun 28 Mar 2027 03:00 CEST" in shown
        assert "28 Mar 01:00 UTC" in shown
        assert "02:30 doesn&#x27;t exist on this day" in shown
    assert fragment.strip() in page, "the page includes the very fragment"
    assert not Schedule.objects.exists()


def test_fresh_form_has_usual_answers_and_their_times() -> None:
    system = make_system()
    parts(system)

    page = owner_client(system).get(reverse("schedule-add", args=[system.pk])).text

    assert 'value="03:00"' in page
    assert "Every day at 03:00, UTC" in page
    assert 'class="error"' not in page


def test_form_says_what_the_system_lacks() -> None:
    system = make_system()

    page = owner_client(system).get(reverse("schedule-add", args=[system.pk])).text

    for lack in ("No deployment that can be called", "No set with cases", "No metric"):
        assert lack in page


def test_form_changes_a_schedule() -> None:
    schedule = make_schedule()
    client, address = owner_client(schedule.system), reverse("schedule-edit", args=[schedule.pk])

    answer = client.post(address, filled(schedule.system, name="Weekly", rhythm="weekly", weekday=4))

    schedule.refresh_from_db()
    assert answer.status_code == 302
    assert (schedule.name, schedule.rhythm, schedule.weekday) == ("Weekly", "weekly", 4)


def test_form_keeps_a_configuration_that_can_not_be_called_now() -> None:
    """Opening the form and saving it never swaps one configuration for another by itself."""
    schedule = make_schedule()
    owner = make_owner(schedule.system)
    system_actions.switch_off_deployment(deployment_id=schedule.configuration.deployment_id, reason="moved", actor=owner)
    parts(schedule.system)
    client, address = owner_client(schedule.system), reverse("schedule-edit", args=[schedule.pk])

    page = client.get(address).text

    assert re.search(rf'<option value="{schedule.configuration_id}" selected>[^<]*deployment switched off', page)
    sent = filled(schedule.system, configuration=schedule.configuration_id)
    assert client.post(address, sent).status_code == 302


# --- Off and on ---
def test_switching_asks_for_a_reason_and_tells_what_holds() -> None:
    schedule = make_schedule()
    client = owner_client(schedule.system)

    assert client.post(reverse("schedule-switch-off", args=[schedule.pk])).status_code == 422
    off = client.post(reverse("schedule-switch-off", args=[schedule.pk]), {"reason": "no money"}, follow=True).text
    on = client.post(reverse("schedule-switch-on", args=[schedule.pk]), {"reason": "money again"}, follow=True).text

    assert "is off. Runs under way go on." in off
    assert "is on. Its next run starts" in on


# --- Elsewhere ---
def test_overview_of_the_system_shows_what_is_due_next() -> None:
    schedule = make_schedule()
    off = make_schedule(schedule.system)
    schedules.switch_off_schedule(schedule_id=off.pk, reason="no money", actor=make_owner(schedule.system))

    page = owner_client(schedule.system).get(reverse("system", args=[schedule.system_id])).text

    assert f'href="{reverse("schedule", args=[schedule.pk])}"' in page
    assert f'href="{reverse("schedule", args=[off.pk])}"' not in page


def test_history_of_a_schedule_is_the_ledger_s() -> None:
    schedule = make_schedule()

    page = owner_client(schedule.system).get(reverse("history", args=["measurements.schedule", schedule.pk])).text

    assert "Schedule added" in page


def test_run_names_the_schedule_that_started_it() -> None:
    schedule = due_ago(make_schedule(name="Nightly, production"), MINUTE)
    [started] = start_due_runs(actor=User.system())

    page = owner_client(schedule.system).get(reverse("run", args=[started])).text

    assert f'By schedule <a href="{reverse("schedule", args=[schedule.pk])}">Nightly, production</a>' in page
