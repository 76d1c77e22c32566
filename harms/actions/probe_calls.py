"""The call behind a turn: claimed once, made without a transaction, stored as the endpoint gave it. What becomes of turns whose process died."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.db import transaction

from harms import policies
from harms.enums import CampaignState, SessionKind, SessionState, TurnOutcome, TurnProgress
from harms.extensions import CallEnd, Slot, call_gates
from harms.models import Campaign, ProbeSession, Tester, Turn
from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid, Unavailable
from systems import providers, snapshots
from systems import selectors as system_selectors
from systems.models import Configuration
from systems.providers import Call, CallError, Reply, Retryable, TargetKind

log = structlog.get_logger(__name__)

SEND = "harms.tasks.send_turn"
REPLAY = "harms.tasks.play_replay"
LONGEST_CALL_SECONDS = 120.0  # a person is waiting; runs may wait longer
GRACE_SECONDS = 40.0  # for a slot and for storing, beyond the call
PICKED_UP_SECONDS = 30.0  # after which a turn that waits is given to a worker
REPLAYED_FOR_HOURS = 24  # after which nobody goes on with a replay that stands still

STOPPED = "It was not sent: the session or the campaign had stopped, or its tester had."
CHANGED = "The deployment leads elsewhere now than when this configuration was made."
LOST = "Whoever sent this stopped before an answer was stored. It may have reached the endpoint."
NOT_SENT = "The call came too late to go out."
BROKEN = "The portal could not make this call."


def deliver_turn(*, turn_id: int, actor: User) -> Turn:
    """Send a turn that waits and store what comes back; does nothing to one that somebody else is sending or that is done.

    Safe to call twice. Holds no transaction during the call. A call that brings no answer leaves a lost turn, which can be sent again.
    """
    claimed = _claim(turn_id, actor)
    if claimed is None:
        return Turn.objects.get(pk=turn_id)
    configuration = claimed.session.configuration
    if configuration is None:
        raise Unavailable(CHANGED)
    try:
        reply = _called(configuration, _call(configuration, claimed))
    except (CallError, Invalid, Unavailable) as refusal:
        return _lose(claimed, refusal)
    except Exception:  # the edge: whatever breaks here must not leave a turn that seems to be under way
        log.exception("probe_failed_unexpectedly", turn_id=turn_id)
        return _lose(claimed, Unavailable(BROKEN))
    return _store(claimed, reply)


@transaction.atomic
def _claim(turn_id: int, actor: User) -> Turn | None:
    """The turn, if it is this caller's to send. One that nobody may send any more is lost."""
    where = Turn.objects.filter(pk=turn_id).values_list("session__campaign_id", "session_id", "session__kind", "session__tester_id").first()
    if where is None:
        return None
    campaign: Campaign = Campaign.objects.lock(where[0])
    tester = Tester.objects.select_for_update(of=("self",), no_key=True).filter(campaign=campaign, person=where[3]).first()
    session: ProbeSession = ProbeSession.objects.select_related("configuration__deployment", "configuration__metaprompt", "tester").lock(where[1])
    session.campaign = campaign
    turn: Turn = Turn.objects.lock(turn_id)
    if turn.progress != TurnProgress.WAITING:
        return None
    policies.may_deliver(actor, session).require()
    now = clocks.now()
    if not _is_still_wanted(campaign, session, tester):
        _write(turn, progress=TurnProgress.LOST, detail=STOPPED, ended_at=now)
        return None
    lasts = GRACE_SECONDS + _deadline(session.configuration)
    ending = {"gives_up_at": now + datetime.timedelta(seconds=lasts), "sent_at": now, "attempt_count": turn.attempt_count + 1}
    _write(turn, progress=TurnProgress.SENDING, reason="", detail="", **ending)
    turn.session = session
    return turn


def _is_still_wanted(campaign: Campaign, session: ProbeSession, tester: Tester | None) -> bool:
    if session.state != SessionState.OPEN or session.configuration is None:
        return False
    if session.kind == SessionKind.REPLAY:
        return bool(policies.may_report_finding(session.tester, campaign))
    return campaign.state == CampaignState.RUNNING and bool(policies.may_probe(session.tester, campaign, tester))


def _deadline(configuration: Configuration | None) -> float:
    return min(LONGEST_CALL_SECONDS, float(configuration.deployment.timeout_seconds)) if configuration else 0.0


def _call(configuration: Configuration, turn: Turn) -> Call:
    """The configuration's metaprompt, the conversation so far as far as it was answered, and this message."""
    if not system_selectors.endpoint_still_matches(configuration):
        raise Unavailable(CHANGED)
    is_model = configuration.deployment.target == TargetKind.MODEL
    head = [{"role": "system", "content": configuration.metaprompt.text}] if is_model and configuration.metaprompt else []
    before = Turn.objects.filter(session=turn.session_id, number__lt=turn.number, progress=TurnProgress.DONE).order_by("number")
    said = [message for earlier in before if earlier.said_back for message in _messages(earlier)]
    return Call([*head, *said, {"role": "user", "content": turn.text}], configuration.parameters if is_model else {})


def _messages(turn: Turn) -> Sequence[Mapping[str, str]]:
    return ({"role": "user", "content": turn.text}, {"role": "assistant", "content": turn.said_back})


def _called(configuration: Configuration, call: Call) -> Reply:
    """One call, in a slot of the deployment's. Raises CallError, Invalid or Unavailable."""
    providers.load()
    deadline, end = _deadline(configuration), CallEnd()
    gate = next(iter(call_gates), None)
    slot: Slot | None = gate.take(configuration.deployment_id, deadline) if gate else None
    try:
        reply = asyncio.run(_reply(configuration, call, deadline, slot.send_before if slot else float("inf")))
        end = CallEnd((reply.prompt_tokens or 0) + (reply.completion_tokens or 0), has_answered=True)
    except Retryable as error:
        end = CallEnd(retry_after=error.retry_after)
        raise
    finally:
        if gate is not None and slot is not None:
            gate.give_back(slot, end)
    return reply


async def _reply(configuration: Configuration, call: Call, deadline: float, send_before: float) -> Reply:
    client = providers.open_client(snapshots.target_of(configuration.snapshot), configuration.deployment.api_key, 1)
    try:
        return await client.complete(call, deadline_seconds=deadline, send_before=send_before)
    finally:
        await client.aclose()


def _store(claimed: Turn, reply: Reply) -> Turn:
    """Keep the answer; a late one too, unless the turn was sent again meanwhile."""
    return _end(
        claimed,
        progress=TurnProgress.DONE,
        outcome=TurnOutcome(reply.outcome.value),
        answer=reply.text,
        refusal=reply.refusal,
        reason=reply.reason.value if reply.reason else "",
        detail=reply.detail,
        finish_reason=reply.finish_reason[:300],
        filters=reply.filters,
        model_reported=reply.model_reported[:300],
        fingerprint=reply.fingerprint[:300],
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        latency_ms=reply.latency_ms,
        http_status=reply.status,
        body=_body(reply.body),
    )


def _body(body: str) -> Any:
    """The provider's answer; as its text where Python's reader gives up on it."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body


def _lose(claimed: Turn, refusal: CallError | Invalid | Unavailable) -> Turn:
    named = refusal.kind.value if isinstance(refusal, Retryable) else "not_called"
    return _end(claimed, progress=TurnProgress.LOST, reason=named, detail=refusal.detail or NOT_SENT, http_status=getattr(refusal, "status", None))


@transaction.atomic
def _end(claimed: Turn, **fields: Any) -> Turn:
    turn: Turn = Turn.objects.lock(claimed.pk)
    is_open = turn.progress in (TurnProgress.SENDING, TurnProgress.LOST)
    if not is_open or turn.attempt_count != claimed.attempt_count:
        log.warning("late_probe_answer_dropped", turn_id=turn.pk)
        return turn
    _write(turn, ended_at=clocks.now(), **fields)
    return turn


def _write(turn: Turn, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(turn, name, value)
    turn.save(update_fields=list(fields))


def sweep_probes(*, actor: User) -> int:
    """Say of turns whose process died that they are lost, and give what waits to a worker. Returns how many were lost."""
    policies.may_sweep_probes(actor).require()
    now = clocks.now()
    stale = Turn.objects.filter(progress=TurnProgress.SENDING, gives_up_at__lt=now).order_by("pk")
    lost = sum(_mark_lost(turn_id, now, actor) for turn_id in stale.values_list("pk", flat=True))
    waiting = Turn.objects.filter(
        progress=TurnProgress.WAITING, created_at__lt=now - datetime.timedelta(seconds=PICKED_UP_SECONDS), session__kind=SessionKind.LIVE
    )
    for turn_id in waiting.order_by("pk").values_list("pk", flat=True)[:100]:
        queue.send(SEND, turn_id=turn_id, expires=PICKED_UP_SECONDS)
    recent = now - datetime.timedelta(hours=REPLAYED_FOR_HOURS)
    standing = ProbeSession.objects.filter(kind=SessionKind.REPLAY, state=SessionState.OPEN, started_at__gt=recent)
    for session_id in standing.exclude(turns__progress__in=(TurnProgress.SENDING, TurnProgress.LOST)).order_by("pk").values_list("pk", flat=True)[:100]:
        queue.send(REPLAY, session_id=session_id, expires=PICKED_UP_SECONDS)
    return lost


@transaction.atomic
def _mark_lost(turn_id: int, now: datetime.datetime, actor: User) -> bool:
    turn: Turn = Turn.objects.lock(turn_id)
    if turn.progress != TurnProgress.SENDING or turn.gives_up_at is None or turn.gives_up_at >= now:
        return False
    _write(turn, progress=TurnProgress.LOST, detail=LOST, ended_at=now)
    ledger.record("harms.probe_lost", subject=turn.session, actor=actor, turn=turn.number)
    return True
