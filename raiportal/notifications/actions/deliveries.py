"""Sending what waits: claimed for a while, sent with no transaction open, then noted. At least once; the message's id tells a receiver a repetition."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Unavailable, WrongState
from raiportal.notifications import outgoing, policies
from raiportal.notifications.actions.telling import DELIVER
from raiportal.notifications.actions.webhooks import end_gone_webhook
from raiportal.notifications.enums import DeliveryState, Outcome
from raiportal.notifications.kinds import notification_kinds
from raiportal.notifications.models import Delivery, DeliveryAttempt, Webhook
from raiportal.notifications.outgoing import Result

log = structlog.get_logger(__name__)

AT_ONCE = 8  # deliveries on their way at the same time
ROUNDS = 10  # of one task; the next one goes on
LEASE = datetime.timedelta(seconds=120)  # after which a delivery that was claimed by a process that ended is tried again
WAITS_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)  # between attempts: together a little over three days
JITTER = 0.2  # a wait is longer by up to this share, so that what failed together does not come back together


def deliver_due(*, actor: User) -> int:
    """Send what is due, some at a time, until nothing is or this has gone on long enough. Returns how many attempts were made."""
    made = 0
    for _ in range(ROUNDS):
        claimed = _claim()
        if not claimed:
            break
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="deliver") as threads:
            results = list(threads.map(lambda send: send(), [_sending(delivery) for delivery in claimed]))
        for delivery, result in zip(claimed, results, strict=True):
            _note(delivery, result)
            if result.is_gone and delivery.webhook_id is not None:
                end_gone_webhook(webhook_id=delivery.webhook_id, actor=actor)
        made += len(claimed)
    return made


@transaction.atomic
def send_again(*, delivery_id: int, actor: User) -> Delivery:
    """Try a delivery that was given up once more, from the start of the schedule. Raises WrongState for one that waits or went out."""
    delivery = Delivery.objects.select_for_update(of=("self",), no_key=True).get(pk=delivery_id)
    policies.may_send_again(actor, delivery).require()
    if delivery.state not in (DeliveryState.DEAD, DeliveryState.DISABLED):
        raise WrongState(f"This message is {delivery.get_state_display().lower()}, so it isn't sent again.")
    if delivery.webhook is not None and not delivery.webhook.is_active:
        raise Conflict("The webhook is switched off. Switch it on first.")
    again: dict[str, Any] = {"state": DeliveryState.WAITING, "next_at": clocks.now(), "attempt_count": 0}
    ledger.apply_changes(delivery, actor=actor, action="notifications.delivery_sent_again", **again)
    queue.on_commit(DELIVER)
    return delivery


@transaction.atomic
def _claim() -> list[Delivery]:
    """Some that are due, the longest waiting first, kept from others for the length of a lease."""
    now = clocks.now()
    free = Delivery.objects.due(now).select_for_update(of=("self",), skip_locked=True, no_key=True)
    pks = list(free.order_by("next_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
    Delivery.objects.filter(pk__in=pks).update(next_at=now + LEASE, attempt_count=F("attempt_count") + 1)
    parts = Delivery.objects.select_related("event__scope", "webhook", "notification__recipient").defer("webhook__secret")
    return list(parts.filter(pk__in=pks).order_by("pk"))


def _sending(delivery: Delivery) -> Callable[[], Result]:
    """What sends this delivery, with all that it needs read before."""
    if delivery.webhook is not None:
        return _posting(delivery, delivery.webhook)
    assert delivery.notification is not None  # a constraint of the table
    person = delivery.notification.recipient
    if not person.is_active or not person.email:
        return lambda: Result(Outcome.REFUSED, error="This person has no account or no address any more.")
    subject, text = written(delivery)
    return lambda: outgoing.mail(person.email, subject, text)


def _posting(delivery: Delivery, webhook: Webhook) -> Callable[[], Result]:
    try:
        secret = webhook.secret
    except Unavailable:
        return lambda: Result(Outcome.FAILED, error="The webhook's secret can't be read with this installation's RAIPORTAL_FIELD_KEYS. Make a new one.")
    named, body, moment = message_id(delivery), payload(delivery), int(clocks.now().timestamp())
    return lambda: outgoing.post(webhook.url, secret, named, body, allowlist=settings.ENDPOINT_ALLOWLIST, sent_at=moment)


def message_id(delivery: Delivery) -> str:
    return f"msg_{delivery.event.message_id.hex}"


def payload(delivery: Delivery) -> bytes:
    """What a webhook is sent: what happened, to what, when, and where to look. No prompts, no answers, no names of people."""
    event = delivery.event
    data = {
        "title": event.title,
        "url": settings.PUBLIC_URL + event.url,
        "system": {"id": event.scope_id, "name": event.scope.name} if event.scope else None,
        "subject": {"kind": event.subject_kind, "id": event.subject_id} if event.subject_kind else None,
    }
    return json.dumps({"type": event.kind, "timestamp": event.at.isoformat(), "data": data}, ensure_ascii=False).encode()


def written(delivery: Delivery) -> tuple[str, str]:
    """Subject and text of a mail: title and link, and why this person gets it."""
    event = delivery.event
    kind = notification_kinds.get(event.kind)
    where = f"System: {event.scope.name}\n" if event.scope else ""
    why = f"\nYou are told this because: {kind.words}\n" if kind else "\n"
    urgent = "Urgent: " if kind and kind.is_urgent else ""
    return f"[raiportal] {urgent}{event.title}", f"{event.title}\n{where}\n{settings.PUBLIC_URL}{event.url}\n{why}"


@transaction.atomic
def _note(delivery: Delivery, result: Result) -> None:
    """Write down what came of an attempt, and when the next one is. One that was switched off or sent meanwhile keeps its state."""
    now = clocks.now()
    DeliveryAttempt.objects.create(
        delivery=delivery, at=now, outcome=result.outcome, status=result.status, error=result.error[:300], seconds=round(result.seconds, 3)
    )
    locked = Delivery.objects.select_for_update(of=("self",), no_key=True).get(pk=delivery.pk)
    if locked.state != DeliveryState.WAITING and result.outcome != Outcome.SENT:
        return
    locked.state, locked.next_at, locked.last_error, locked.sent_at = _next(locked, result, now)
    locked.save(update_fields=["state", "next_at", "last_error", "sent_at"])
    log.info("delivery_tried", delivery_id=delivery.pk, channel=delivery.channel, outcome=result.outcome.value, status=result.status)


def _next(delivery: Delivery, result: Result, now: datetime.datetime) -> tuple[str, datetime.datetime | None, str, datetime.datetime | None]:
    """State, next attempt, error and moment of sending after an attempt."""
    if result.outcome == Outcome.SENT:
        return DeliveryState.SENT, None, "", now
    error = result.error[:300]
    if result.outcome == Outcome.REFUSED or delivery.attempt_count > len(WAITS_SECONDS):
        return DeliveryState.DEAD, None, error, None
    return DeliveryState.WAITING, now + wait_after(delivery.attempt_count), error, None


def wait_after(attempt_count: int, waits: Sequence[int] = WAITS_SECONDS) -> datetime.timedelta:
    """How long until the next attempt after this many, from 1 on."""
    wait = waits[min(max(attempt_count, 1), len(waits)) - 1]
    return datetime.timedelta(seconds=wait * (1 + random.uniform(0, JITTER)))  # noqa: S311  (spreads load, hides nothing)
