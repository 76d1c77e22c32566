"""Pages and API of notifications: one's own, the same number of queries for many, marked as read where one is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.notifications import actions
from raiportal.notifications.enums import DeliveryState
from raiportal.notifications.models import Delivery, Notification
from systems.models import AISystem
from tests.factories.accounts import headers, make_user
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def tell(system: AISystem, count: int = 1, start: int = 0) -> list[Notification]:
    made: list[Notification] = []
    for number in range(start, start + count):
        words: dict[str, Any] = {"title": f"Event {number} <b>", "body": "More about it.", "url": f"/systems/{system.pk}/"}
        made += actions.notify("systems.emergency_asked", recipients=[system.owner], subject=system, key=str(number), actor=User.system(), **words)
    return made


@pytest.fixture
def system() -> AISystem:
    return make_system(owner=make_user(email="owner@example.test"))


@pytest.fixture
def browser(system: AISystem, client: Client) -> Client:
    client.force_login(system.owner)
    return client


def test_list_shows_ones_own_escaped_with_the_unread_count_in_rail_and_topbar(system: AISystem, browser: Client) -> None:
    tell(system, 3)
    tell(make_system(), 1)

    page = browser.get("/notifications/").content.decode()

    assert page.count("Event 0 &lt;b&gt;") == 2  # the title, and the button's words
    assert page.count('<span class="count">3</span>') == 3  # topbar, rail, tab
    assert page.count("Mark as read<") == 3


def test_lists_cost_the_same_for_many_rows(system: AISystem, browser: Client) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    actions.add_webhook(name="Hook", url="https://hooks.example.test/", kinds=[], scope=system.scope, actor=administrator)
    tell(system, 3)
    browser.get("/notifications/")  # a first visit notes that somebody was seen
    counts = {}
    for address in ("/notifications/", "/settings/messages/", "/settings/webhooks/", "/api/v1/notifications/", "/api/v1/deliveries/"):
        counts[address] = [_queries(browser, address)]
    tell(system, 30, start=3)

    for address, (few,) in counts.items():
        assert _queries(browser, address) == few, address


def _queries(browser: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


def test_opening_marks_as_read_and_leads_on(system: AISystem, browser: Client) -> None:
    first, second = tell(system, 2)

    opened = browser.post(f"/notifications/{first.pk}/open/")
    marked = browser.post(f"/notifications/{second.pk}/read/", {"back": "?state=unread"})

    assert (opened.status_code, opened["Location"]) == (302, f"/systems/{system.pk}/")
    assert marked["Location"] == "/notifications/?state=unread"
    assert not Notification.objects.unread().exists()
    assert browser.post(f"/notifications/{second.pk}/read/", {"back": "//elsewhere.example.test"})["Location"] == "/notifications/"


def test_list_is_filtered_by_state_kind_and_words_and_taken_away(system: AISystem, browser: Client) -> None:
    first, _ = tell(system, 2)
    actions.mark_read(notification_ids=[first.pk], actor=system.owner)

    unread = browser.get("/notifications/?state=unread&kind=systems.emergency_asked").content.decode()
    none = browser.get("/notifications/?kind=deadlines.due").content.decode()
    file = b"".join(browser.get("/notifications/notifications.csv?q=Event+0").streaming_content).decode()  # type: ignore[attr-defined]

    assert "Event 1" in unread
    assert "Event 0" not in unread
    assert "Nothing fits these filters" in none
    assert "Event 0" in file
    assert "Event 1" not in file
    assert browser.get("/notifications/?state=nonsense").status_code == 422
    assert browser.get("/notifications/?sort=title").status_code == 422


def test_webhook_is_added_on_the_page_and_its_secret_shown_once(system: AISystem, browser: Client) -> None:
    given = {"name": "Chat", "url": "https://chat.example.test/a?sig=1", "scope": system.pk, "kinds": ["systems.emergency_asked"]}
    made = browser.post("/settings/webhooks/add/", given)
    webhook = Delivery._meta.apps.get_model("notifications", "Webhook").objects.get()

    assert webhook.secret in made.content.decode()
    assert webhook.secret not in browser.get(f"/settings/webhooks/{webhook.pk}/").content.decode()
    assert webhook.secret not in browser.get(f"/settings/webhooks/{webhook.pk}/edit/").content.decode()
    assert browser.post("/settings/webhooks/add/", {**given, "scope": ""}).status_code == 422
    assert browser.post("/settings/webhooks/add/", {**given, "scope": make_system().pk}).status_code == 422
    refused = browser.post("/settings/webhooks/add/", {**given, "url": "https://169.254.169.254/"})
    assert refused.status_code == 422
    assert "169.254.169.254" in refused.content.decode()


def test_dead_letter_is_listed_and_sent_again(system: AISystem, browser: Client) -> None:
    webhook, _ = actions.add_webhook(name="Chat", url="https://chat.example.test/", kinds=[], scope=system.scope, actor=system.owner)
    tell(system)
    Delivery.objects.filter(webhook=webhook).update(state=DeliveryState.DEAD, next_at=None, last_error="The receiver answered 500.")
    delivery = Delivery.objects.get(webhook=webhook)

    listed = browser.get("/settings/messages/?state=dead").content.decode()
    shown = browser.get(f"/settings/messages/{delivery.pk}/").content.decode()
    browser.post(f"/settings/messages/{delivery.pk}/send-again/")

    assert "The receiver answered 500." in listed
    assert "owner@example.test" not in listed
    assert "Send again" in shown
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.WAITING
    assert Delivery.objects.visible_to(system.owner).count() == 1  # who was mailed is for administrators to see
    assert Delivery.objects.visible_to(make_user(Role.ADMINISTRATOR)).count() == 2


def test_api_lists_marks_and_manages(system: AISystem) -> None:
    (told,) = tell(system)
    program = Client(headers=headers(system.owner))

    listed = program.get("/api/v1/notifications/?state=unread").json()["results"]
    read = program.post(f"/api/v1/notifications/{told.pk}/read/", content_type="application/json").json()
    all_read = program.post("/api/v1/notifications/read-all/", content_type="application/json").json()
    body = {"name": "Chat", "url": "https://chat.example.test/", "system": system.pk}
    made = program.post("/api/v1/webhooks/", body, content_type="application/json")
    shown = program.get(f"/api/v1/webhooks/{made.json()['id']}/").json()

    assert [row["title"] for row in listed] == ["Event 0 <b>"]
    assert read["read_at"]
    assert all_read == {"count": 0}
    assert (made.status_code, made.json()["secret"].startswith("whsec_")) == (201, True)
    assert "secret" not in shown
    assert program.post("/api/v1/webhooks/", {**body, "system": None}, content_type="application/json").status_code == 403
    assert program.post("/api/v1/webhooks/", {**body, "system": make_system().pk}, content_type="application/json").status_code == 422


def test_page_of_kinds_names_every_kind(browser: Client) -> None:
    from raiportal.notifications.kinds import notification_kinds

    page = browser.get("/settings/told/").content.decode()

    assert all(kind.slug in page for kind in notification_kinds)
