"""Telling people: once, within the change, and nobody who may not know."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import Membership, User
from raiportal.notifications import actions
from raiportal.notifications.actions.telling import DELIVER
from raiportal.notifications.enums import Channel, DeliveryState
from raiportal.notifications.models import Delivery, Event, Notification
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db

KIND = "systems.emergency_to_review"


def tell(system: AISystem, recipients: Any, **changes: Any) -> list[Notification]:
    given = {"subject": system, "title": "Look at it", "url": f"/systems/{system.pk}/", "key": "1", "actor": User.system(), **changes}
    return actions.notify(KIND, recipients=recipients, **given)


def told(person: User) -> list[str]:
    return [row.title for row in Notification.objects.filter(recipient=person).select_related("event")]


def test_telling_reaches_the_portal_and_the_address_of_each(queued: list[str], django_capture_on_commit_callbacks: Any) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    viewer = make_user(Role.VIEWER, scope=system.scope)

    with django_capture_on_commit_callbacks(execute=True):
        made = tell(system, [system.owner, viewer.pk, viewer])

    assert {row.recipient for row in made} == {system.owner, viewer}
    assert [row.notification.recipient for row in Delivery.objects.filter(channel=Channel.EMAIL)] == [system.owner]
    assert queued == [DELIVER]


def test_event_told_twice_is_told_once(queued: list[str]) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    viewer = make_user(Role.VIEWER, scope=system.scope)
    tell(system, [system.owner])

    again = tell(system, [system.owner], title="Other words")
    late = tell(system, [system.owner, viewer])

    assert again == []
    assert [row.recipient for row in late] == [viewer]
    assert told(system.owner) == ["Look at it"]
    assert Event.objects.count() == 1
    assert Delivery.objects.count() == 1
    assert len(tell(system, [system.owner], key="2")) == 1


def test_nobody_is_told_of_what_they_did_or_may_not_see() -> None:
    system, other = make_system(), make_system()
    labeller, out = make_user(Role.LABELLER, scope=system.scope), make_user(Role.VIEWER, scope=system.scope, is_active=False)
    auditor = make_user(Role.AUDITOR)

    made = tell(system, [system.owner, other.owner, labeller, out, auditor, User.system()], actor=system.owner)

    assert [row.recipient for row in made] == [auditor]


def test_always_reaches_those_who_may_not_open_the_system() -> None:
    system, outsider = make_system(), make_user(email="outside@example.test")

    made = tell(system, [outsider, make_user(is_active=False)], always=True)

    assert [row.recipient for row in made] == [outsider]
    assert Notification.objects.visible_to(outsider).count() == 1


def test_role_lost_in_the_same_request_is_asked_anew() -> None:
    system = make_system()
    viewer = make_user(Role.VIEWER, scope=system.scope)
    roles.of(viewer)
    Membership.objects.filter(user=viewer).delete()

    assert tell(system, [viewer]) == []


def test_notification_of_a_system_that_one_may_no_longer_know_of_is_hidden() -> None:
    system = make_system()
    viewer = make_user(Role.VIEWER, scope=system.scope)
    tell(system, [viewer, system.owner])
    Membership.objects.filter(user=viewer).delete()

    assert not Notification.objects.visible_to(User.objects.get(pk=viewer.pk)).exists()
    assert Notification.objects.visible_to(system.owner).count() == 1


def test_token_for_other_systems_reads_nothing_of_this_one() -> None:
    system, other = make_system(), make_system()
    tell(system, [system.owner])
    tell(system, [system.owner], subject=None, key="organisation")
    narrowed = User.objects.get(pk=system.owner.pk)
    roles.narrow(narrowed, [other.pk])

    assert not Notification.objects.visible_to(narrowed).exists()
    roles.forget(narrowed)
    roles.narrow(narrowed, [system.pk])
    assert Notification.objects.visible_to(narrowed).count() == 1


def test_telling_is_rolled_back_with_its_change() -> None:
    system = make_system()

    def change() -> None:
        with transaction.atomic():
            tell(system, [system.owner])
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        change()

    assert not Event.objects.exists()


def test_service_accounts_are_told_in_the_portal_alone() -> None:
    system = make_system()
    service = make_user(Role.VIEWER, scope=system.scope, email="bot@example.test", kind=UserKind.SERVICE)

    assert len(tell(system, [service])) == 1
    assert not Delivery.objects.exists()


def test_title_is_one_line_of_bounded_length() -> None:
    system = make_system()

    (row,) = tell(system, [system.owner], title="Look\r\nBcc: all@example.test " + "x" * 300)

    assert "\n" not in row.title
    assert len(row.title) == 200


@pytest.mark.parametrize("url", ["https://elsewhere.example.test/", "//elsewhere.example.test/", "javascript:alert(1)", ""])
def test_notification_leads_to_the_portal_alone(url: str) -> None:
    system = make_system()

    with pytest.raises(ValueError, match="portal"):
        tell(system, [system.owner], url=url)


def test_address_of_the_portal_itself_is_cut_down_to_its_path(settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example.test"
    system = make_system()

    (row,) = tell(system, [system.owner], url="https://portal.example.test/systems/1/")

    assert row.url == "/systems/1/"


def test_unknown_kind_is_an_error_of_the_program() -> None:
    system = make_system()

    with pytest.raises(KeyError):
        actions.notify("systems.nothing", recipients=[], subject=system, title="x", url="/", key="1", actor=User.system())


def test_webhooks_get_an_event_once_whoever_is_told() -> None:
    system, other = make_system(), make_system()
    administrator = make_user(Role.ADMINISTRATOR)

    def hook(scope: Any, kinds: Any = ()) -> Any:
        return actions.add_webhook(name="Hook", url="https://hooks.example.test/a", kinds=kinds, scope=scope, actor=administrator)[0]

    everything, of_system, _of_other = hook(None), hook(system.scope), hook(other.scope)
    of_kind, _of_other_kind, off = hook(None, [KIND]), hook(None, ["measurements.run_paused"]), hook(None)
    actions.end_webhook(webhook_id=off.pk, reason="Not now.", actor=administrator)

    tell(system, [system.owner])
    tell(system, [system.owner, make_user(Role.AUDITOR)])

    rows = Delivery.objects.filter(channel=Channel.WEBHOOK)
    assert sorted(row.webhook_id for row in rows) == sorted([everything.pk, of_system.pk, of_kind.pk])
    assert {row.state for row in rows} == {DeliveryState.WAITING}


def test_webhook_whose_secret_cannot_be_read_holds_up_no_change(settings: Any) -> None:
    from django.db import connection

    system = make_system()
    webhook, _ = actions.add_webhook(name="Hook", url="https://hooks.example.test/a", kinds=[], scope=None, actor=make_user(Role.ADMINISTRATOR))
    with connection.cursor() as cursor:
        cursor.execute("update notification_webhook set secret = 'no token' where id = %s", [webhook.pk])

    tell(system, [system.owner])

    assert Delivery.objects.get(webhook=webhook).state == DeliveryState.WAITING


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_the_same_at_once_make_one_event(queued: list[str]) -> None:
    system = make_system()
    barrier = threading.Barrier(2, timeout=10)

    def one() -> int:
        try:
            with transaction.atomic():
                barrier.wait()
                return len(tell(system, [system.owner]))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        counts = sorted(work.result() for work in [threads.submit(one), threads.submit(one)])

    assert counts == [0, 1]
    assert (Event.objects.count(), Notification.objects.count()) == (1, 1)


def test_reading_marks_only_ones_own() -> None:
    system = make_system()
    viewer = make_user(Role.VIEWER, scope=system.scope)
    mine, theirs = sorted(tell(system, [viewer, system.owner]), key=lambda row: row.recipient_id != viewer.pk)
    tell(system, [viewer], key="2")

    assert actions.mark_read(notification_ids=[mine.pk, theirs.pk], actor=viewer) == 1
    assert actions.mark_read(notification_ids=[mine.pk], actor=viewer) == 0
    assert actions.mark_all_read(actor=viewer) == 1
    theirs.refresh_from_db()
    assert theirs.read_at is None
