"""Deliveries: sent, tried again by the schedule, given up, sent again; the change that they tell of never waits for them."""

from __future__ import annotations

import asyncio
import datetime
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, PolicyDenied, WrongState
from raiportal.notifications import actions, outgoing
from raiportal.notifications.actions import deliveries
from raiportal.notifications.actions.deliveries import JITTER, LEASE, WAITS_SECONDS, wait_after
from raiportal.notifications.enums import Channel, DeliveryState, Outcome
from raiportal.notifications.models import Delivery, DeliveryAttempt, Notification, Webhook
from raiportal.notifications.outgoing import Result
from raiportal.notifications.signatures import signature
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.systems import make_system
from tests.fakes.mail_server import MailServer
from tests.fakes.scripted_endpoint import ReceivedRequest, answer
from tests.measurements.workers import flush_broker, running_worker
from tests.notifications.conftest import Receiving
from tests.sandbox.process import eventually

pytestmark = pytest.mark.django_db

DAYS = datetime.timedelta(days=1)
SYSTEM_WIDE = "https://hooks.example.test/a"


def tell(system: AISystem, *recipients: User, key: str = "1") -> list[Notification]:
    return actions.notify(
        "systems.emergency_to_review",
        recipients=recipients,
        subject=system,
        title="Review the emergency",
        body="For the portal's pages alone.",
        url="/emergencies/1/",
        key=key,
        actor=User.system(),
    )


def hook(url: str = SYSTEM_WIDE, scope: Any = None) -> tuple[Webhook, str]:
    return actions.add_webhook(name="Hook", url=url, kinds=[], scope=scope, actor=make_user(Role.ADMINISTRATOR))


def run() -> int:
    return actions.deliver_due(actor=User.system())


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Callable[[Result], None]:
    """Lets every webhook and mail end in this way, without a network."""

    def set_to(result: Result) -> None:
        monkeypatch.setattr(outgoing, "post", lambda *_, **__: result)
        monkeypatch.setattr(outgoing, "mail", lambda *_: result)

    return set_to


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime.datetime], None]:
    def set_to(moment: datetime.datetime) -> None:
        monkeypatch.setattr(clocks, "now", lambda: moment)

    return set_to


def test_mail_holds_title_link_and_reason_and_no_body(mail_server: MailServer) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    tell(system, system.owner)

    assert run() == 1

    ((recipient, mail),) = mail_server.mails
    text = mail.get_content()
    assert (recipient, mail["Subject"]) == ("owner@example.test", "[raiportal] Review the emergency")
    assert "/emergencies/1/" in text
    assert text.count("http://") == 1
    assert "You are told this because" in text
    assert "pages alone" not in text
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.next_at, delivery.last_error) == (DeliveryState.SENT, None, "")
    assert [attempt.outcome for attempt in delivery.attempts.all()] == [Outcome.SENT]
    assert run() == 0


def test_webhook_gets_type_title_link_and_system(receiving: Receiving) -> None:
    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b""))

    system = make_system()
    with receiving(script) as target:
        _, secret = hook(f"http://127.0.0.1:{target.port}/")
        tell(system, system.owner)
        run()

    (request,) = target.requests
    delivery = Delivery.objects.select_related("event").get()
    message = json.loads(request.body)
    assert message["type"] == "systems.emergency_to_review"
    assert message["data"]["system"] == {"id": system.pk, "name": system.name}
    assert message["data"]["subject"] == {"kind": "systems.aisystem", "id": system.pk}
    assert message["data"]["url"].endswith("/emergencies/1/")
    assert "body" not in message["data"]
    assert request.headers["webhook-id"] == f"msg_{delivery.event.message_id.hex}"
    timestamp = int(request.headers["webhook-timestamp"])
    assert request.headers["webhook-signature"] == signature(secret, request.headers["webhook-id"], timestamp, request.body)
    assert abs(timestamp - clocks.now().timestamp()) < 60


def test_failing_receiver_is_tried_for_three_days_and_then_given_up(outcome: Any, clock: Any) -> None:
    system = make_system()
    hook()
    tell(system, system.owner)
    outcome(Result(Outcome.FAILED, 500, "The receiver answered 500."))
    began = now = clocks.now()
    waits = []
    while (delivery := Delivery.objects.get()).state == DeliveryState.WAITING:
        assert delivery.next_at is not None
        waits.append(delivery.next_at - now)
        now = max(now, delivery.next_at)
        clock(now)
        assert run() == 1

    lasted = now - began
    assert DAYS * 3 < lasted < DAYS * 3 * (1 + JITTER) + datetime.timedelta(hours=4)
    assert delivery.state == DeliveryState.DEAD
    assert delivery.last_error == "The receiver answered 500."
    assert DeliveryAttempt.objects.filter(delivery=delivery).count() == len(WAITS_SECONDS) + 1
    for wait, planned in zip(waits[1:], WAITS_SECONDS, strict=True):
        assert planned <= wait.total_seconds() <= planned * (1 + JITTER)
    assert Webhook.objects.get().is_active


def test_waits_differ_so_that_failures_do_not_come_back_together() -> None:
    assert len({wait_after(4) for _ in range(20)}) == 20


def test_dead_letter_is_sent_again_with_the_same_id(outcome: Any, queued: list[str], django_capture_on_commit_callbacks: Any) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    tell(system, system.owner)
    outcome(Result(Outcome.REFUSED, 550, "The mail server refused the address (550)."))
    run()
    delivery, administrator = Delivery.objects.get(), make_user(Role.ADMINISTRATOR)
    assert (delivery.state, delivery.attempt_count) == (DeliveryState.DEAD, 1)
    with pytest.raises(PolicyDenied):
        actions.send_again(delivery_id=delivery.pk, actor=system.owner)

    with django_capture_on_commit_callbacks(execute=True):
        actions.send_again(delivery_id=delivery.pk, actor=administrator)
    assert queued == [deliveries.DELIVER]
    with pytest.raises(WrongState):
        actions.send_again(delivery_id=delivery.pk, actor=administrator)
    outcome(Result(Outcome.SENT))
    run()

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SENT
    assert [attempt.outcome for attempt in delivery.attempts.order_by("pk")] == [Outcome.REFUSED, Outcome.SENT]
    assert Entry.objects.filter(action="notifications.delivery_sent_again", actor=administrator).count() == 1


def test_gone_receiver_is_switched_off_and_its_keepers_are_told(receiving: Receiving) -> None:
    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", status="410 Gone"))

    system, administrator = make_system(), make_user(Role.ADMINISTRATOR)
    with receiving(script) as target:
        address = f"http://127.0.0.1:{target.port}/"
        webhook, _ = actions.add_webhook(name="Chat", url=address, kinds=["systems.emergency_to_review"], scope=system.scope, actor=administrator)
        tell(system, system.owner)
        run()
        tell(system, system.owner, key="2")
        run()

    webhook.refresh_from_db()
    assert (webhook.is_active, "410" in webhook.ended_reason, len(target.requests)) == (False, True, 1)
    told = Notification.objects.filter(kind="notifications.webhook_gone")
    assert {row.recipient for row in told} == {system.owner, administrator}
    assert [row.state for row in Delivery.objects.filter(webhook=webhook)] == [DeliveryState.DEAD]


def test_switched_off_webhook_gets_nothing_that_waits() -> None:
    system, administrator = make_system(), make_user(Role.ADMINISTRATOR)
    webhook, _ = hook()
    tell(system, system.owner)
    actions.end_webhook(webhook_id=webhook.pk, reason="Replaced.", actor=administrator)

    assert run() == 0
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.next_at) == (DeliveryState.DISABLED, None)
    with pytest.raises(Conflict):
        actions.send_again(delivery_id=delivery.pk, actor=administrator)
    actions.resume_webhook(webhook_id=webhook.pk, actor=administrator)
    assert actions.send_again(delivery_id=delivery.pk, actor=administrator).state == DeliveryState.WAITING


def test_one_slow_or_failing_delivery_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    hook()
    tell(system, system.owner)
    started = threading.Event()

    def post(*_: Any, **__: Any) -> Result:
        assert started.wait(10)  # the mail is on its way at the same time
        return Result(Outcome.FAILED, error="Slow.")

    def mail(*_: Any) -> Result:
        started.set()
        return Result(Outcome.SENT)

    monkeypatch.setattr(outgoing, "post", post)
    monkeypatch.setattr(outgoing, "mail", mail)

    assert run() == 2
    assert dict(Delivery.objects.values_list("channel", "state")) == {Channel.EMAIL: DeliveryState.SENT, Channel.WEBHOOK: DeliveryState.WAITING}


def test_claimed_delivery_is_tried_again_after_the_lease_of_a_process_that_ended(outcome: Any, clock: Any) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    tell(system, system.owner)
    (claimed,) = deliveries._claim()
    outcome(Result(Outcome.SENT))

    assert run() == 0
    assert claimed.next_at is not None
    clock(clocks.now() + LEASE + datetime.timedelta(seconds=1))
    assert run() == 1
    assert Delivery.objects.get().state == DeliveryState.SENT


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_delivery(queued: list[str]) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    for number in range(10):
        tell(system, system.owner, key=str(number))
    barrier, claimed = threading.Barrier(2, timeout=10), []

    def claim() -> None:
        try:
            barrier.wait()
            claimed.extend(delivery.pk for delivery in deliveries._claim())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= set(Delivery.objects.values_list("pk", flat=True))
    assert len(claimed) >= deliveries.AT_ONCE


def test_person_who_left_gets_no_mail(mail_server: MailServer) -> None:
    system = make_system(owner=make_user(email="owner@example.test"))
    tell(system, system.owner)
    User.objects.filter(pk=system.owner.pk).update(is_active=False)

    run()

    assert mail_server.mails == []
    assert Delivery.objects.get().state == DeliveryState.DEAD


def test_secret_that_cannot_be_read_fails_that_delivery_alone(mail_server: MailServer) -> None:
    from django.db import connection

    system = make_system(owner=make_user(email="owner@example.test"))
    hook()
    with connection.cursor() as cursor:
        cursor.execute("update notification_webhook set secret = 'no token'")
    tell(system, system.owner)

    assert run() == 2
    assert len(mail_server.mails) == 1
    assert "RAIPORTAL_FIELD_KEYS" in Delivery.objects.get(channel=Channel.WEBHOOK).last_error


def test_mail_server_that_is_away_keeps_the_change_and_the_mail(settings: Any) -> None:
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
    system = make_system(owner=make_user(email="owner@example.test"))
    tell(system, system.owner)

    run()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempt_count) == (DeliveryState.WAITING, 1)
    assert delivery.next_at is not None
    assert delivery.next_at > clocks.now()
    assert Notification.objects.visible_to(system.owner).count() == 1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_worker_sends_what_a_change_told(receiving: Receiving, tmp_path: Path) -> None:
    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b""))

    flush_broker()
    system = make_system()
    with receiving(script) as target:
        hook(f"http://127.0.0.1:{target.port}/")
        with running_worker(tmp_path, ENDPOINT_ALLOWLIST=f"127.0.0.1:{target.port}"):
            tell(system, system.owner)
            assert eventually(lambda: Delivery.objects.get().state == DeliveryState.SENT, seconds=20)

    assert len(target.requests) == 1
    assert [attempt.outcome for attempt in DeliveryAttempt.objects.all()] == [Outcome.SENT]
