"""Playing findings again: against the same configuration, each replay kept and judged by a person, so that k of n counts what really happened."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from harms import policies
from harms.actions.probe_calls import REPLAY, deliver_turn
from harms.enums import SessionKind, SessionState, TurnOutcome, TurnProgress
from harms.models import Finding, ProbeSession, Turn
from harms.workflow import SESSION
from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid

MOST_REPLAYS = 10  # asked for at once
MOST_REPLAYS_OF_ALL = 50
TEXTS_DELETED = "What was sent is deleted, as the charter says, so it can't be played again."


@transaction.atomic
def start_replays(*, finding_id: int, count: int, actor: User) -> Collection[ProbeSession]:
    """Ask the same configuration again, message by message up to the finding's last, `count` times over; workers make the calls.

    Raises PolicyDenied, Conflict or Invalid.
    """
    finding: Finding = Finding.objects.lock(finding_id)
    policies.may_replay(actor, finding).require()
    session = ProbeSession.objects.select_related("configuration__deployment").get(pk=finding.session_id)
    if session.configuration is None or not session.configuration.deployment.is_active:
        raise Conflict("It isn't known against what this was found, or that deployment is switched off. So it can't be played again.")
    if session.turns.filter(number__lte=finding.last_turn).exclude(texts_deleted_at=None).exists():
        raise Conflict(TEXTS_DELETED)
    if not 1 <= count <= MOST_REPLAYS:
        raise Invalid(f"Ask for 1 to {MOST_REPLAYS} replays at once.", field="count")
    if finding.replays.count() + count > MOST_REPLAYS_OF_ALL:
        raise Conflict(f"A finding is played at most {MOST_REPLAYS_OF_ALL} times.")
    kept = {"campaign": finding.campaign, "configuration": session.configuration, "harm": session.harm, "layer": session.layer, "finding": finding}
    made = [ProbeSession.objects.create(kind=SessionKind.REPLAY, tester=actor, created_by=actor, **kept) for _ in range(count)]
    for replay in made:
        _next_of_replay(replay, actor)
        queue.on_commit(REPLAY, session_id=replay.pk)
    ledger.record("harms.replays_started", subject=finding, actor=actor, count=count)
    return made


def play_replay(*, session_id: int, actor: User) -> ProbeSession:
    """Go on with a replay until it is played to its end, or until a message brings no answer. Safe to call twice."""
    while True:
        turn = _turn_to_play(session_id, actor)
        if turn is None or deliver_turn(turn_id=turn.pk, actor=actor).progress != TurnProgress.DONE:
            return ProbeSession.objects.get(pk=session_id)


@transaction.atomic
def _turn_to_play(session_id: int, actor: User) -> Turn | None:
    """The message that is to be sent next; None when the replay is over, stands still, or somebody else plays it."""
    session: ProbeSession = ProbeSession.objects.select_related("finding", "tester").lock(session_id)
    if session.kind != SessionKind.REPLAY or session.state != SessionState.OPEN:
        return None
    last = session.turns.order_by("-number").first()
    if last is not None and last.progress != TurnProgress.DONE:
        return last if last.progress == TurnProgress.WAITING else None
    following = _next_of_replay(session, session.tester)
    if following is None:
        SESSION.advance(session, "end", actor=actor, ended_at=clocks.now())
    return following


def _next_of_replay(replay: ProbeSession, actor: User) -> Turn | None:
    finding = replay.finding
    if finding is None:
        return None
    number = replay.turns.count() + 1
    said = Turn.objects.filter(session=finding.session_id, number__lte=finding.last_turn).order_by("number")[number - 1 : number].first()
    if said is None:
        return None
    return Turn.objects.create(session=replay, number=number, key=f"replay-{number}", text=said.text, strategies=said.strategies, created_by=actor)


@transaction.atomic
def judge_replay(*, session_id: int, is_reproduced: bool, actor: User) -> ProbeSession:
    """Say whether the finding came again. Only a replay that was played to its end counts. Raises PolicyDenied or Conflict."""
    replay: ProbeSession = ProbeSession.objects.select_related("campaign__system__scope", "finding").lock(session_id)
    if replay.finding is None:
        raise Conflict("This is no replay.")
    policies.may_replay(actor, replay.finding).require()
    answered = replay.turns.filter(progress=TurnProgress.DONE).exclude(outcome=TurnOutcome.FAILED).count()
    if replay.state != SessionState.ENDED or answered < replay.turns.count():
        raise Conflict("This replay was not answered to its end, so it says nothing.")
    ledger.apply_changes(replay, actor=actor, action="harms.replay_judged", is_reproduced=is_reproduced, judged_by=actor)
    return replay
