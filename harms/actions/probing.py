"""Probe sessions: starting them, sending turns, noting what came of them, ending them. The call itself is made by `probe_calls`."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum

from harms import policies
from harms.enums import CampaignState, SessionKind, SessionResult, SessionState, TestedLayer, TurnOutcome, TurnProgress, Verdict
from harms.errors import ExposureLimit, Spent
from harms.models import LONGEST_PROMPT, Campaign, CampaignHarm, Harm, Objective, ProbeSession, Tester, Turn
from harms.selectors.exposed import exposure_of, limits_of
from harms.transcripts import read
from harms.workflow import CAMPAIGN, SESSION
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.catalogues import selectors as catalogues
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid, WrongState
from systems import selectors as system_selectors
from systems.models import Configuration
from systems.providers import storable

STRATEGIES = "attack-strategies"
MOST_STRATEGIES = 8  # of one turn
MOST_TURNS = 200
LONGEST_KEY = 64
LONGEST_NOTE = 2_000
NOT_RUNNING = "This campaign isn't running, so nothing is sent."
CHANGED = "The deployment leads elsewhere now than when this configuration was made. Choose a new configuration for the campaign."
WAIT = "The last message is still being answered."
ENDED = "The session ended before this was sent."


@transaction.atomic
def start_session(
    *, campaign_id: int, harm: Harm, layer: str, objective: Objective | None = None, language: str = "", goal: str = "", actor: User
) -> ProbeSession:
    """Begin a conversation with the campaign's configuration, aimed at one harm in scope. Raises PolicyDenied, WrongState, ExposureLimit or Invalid."""
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_probe(actor, campaign, _tester(campaign, actor)).require()
    CAMPAIGN.require_state(campaign, CampaignState.RUNNING)
    _require_aim(campaign, harm, layer, objective)
    _require_not_exposed(campaign, actor, clocks.now())
    session = ProbeSession(
        campaign=campaign,
        tester=actor,
        configuration=campaign.configuration,
        harm=harm,
        layer=layer,
        objective=objective,
        language=language.strip(),
        goal=goal.strip(),
        created_by=actor,
    )
    require_clean(session)
    session.save(force_insert=True)
    _record_started(session, actor)
    return session


def _record_started(session: ProbeSession, actor: User) -> None:
    ledger.record(
        "harms.session_started",
        subject=session,
        actor=actor,
        campaign=session.campaign_id,
        kind=session.kind,
        harm=session.harm_id,
        layer=session.layer,
        configuration=session.configuration_id,
    )


def _tester(campaign: Campaign, person: User) -> Tester | None:
    """Locked, so that an opt-out comes before or after what is about to be done, never in between."""
    return Tester.objects.select_for_update(of=("self",), no_key=True).filter(campaign=campaign, person=person).first()


def _require_aim(campaign: Campaign, harm: Harm, layer: str, objective: Objective | None) -> None:
    if not CampaignHarm.objects.filter(campaign=campaign, harm=harm).exists():
        raise Invalid("Choose a harm in the campaign's scope.", field="harm")
    if layer not in TestedLayer.values or layer not in campaign.layers:
        raise Invalid("Choose a layer that the charter names.", field="layer")
    if objective is not None and (objective.campaign_id, objective.harm_id) != (campaign.pk, harm.pk):
        raise Invalid("Choose an objective of this campaign, for this harm.", field="objective")


def _require_not_exposed(campaign: Campaign, person: User, now: datetime.datetime) -> None:
    if refusal := exposure_of(person, campaign, now).refusal(limits_of(campaign)):
        raise ExposureLimit(refusal)


@transaction.atomic
def send_turn(*, session_id: int, text: str, key: str, strategies: Collection[str] = (), note: str = "", actor: User) -> Turn:
    """Keep a message that is to be sent. The same `key` again is the same turn, so a double click sends once.

    Raises PolicyDenied, WrongState, Conflict while one is under way, ExposureLimit, Spent or Invalid.
    """
    session = _session(session_id)
    policies.may_send(actor, session).require()
    known = Turn.objects.filter(session=session, key=key).first()
    if known is not None:
        return known
    campaign = session.campaign
    policies.may_probe(actor, campaign, _tester(campaign, actor)).require()
    _require_sendable(campaign, session)
    _require_not_exposed(campaign, actor, clocks.now())
    if session.configuration is None or not system_selectors.endpoint_still_matches(session.configuration):
        raise Conflict(CHANGED)
    turn = Turn(
        session=session, number=_next_number(session), key=_key(key), text=_prompt(text), note=_note(note), strategies=_known(strategies), created_by=actor
    )
    require_clean(turn)
    turn.save(force_insert=True)
    ledger.record("harms.probe_sent", subject=session, actor=actor, turn=turn.number, strategies=turn.strategies)
    return turn


def _session(session_id: int) -> ProbeSession:
    """The session under a lock, after its campaign: the order in which everybody locks."""
    named = ProbeSession.objects.filter(pk=session_id).values_list("campaign_id", flat=True).first()
    campaign: Campaign = Campaign.objects.lock(named or 0)
    session: ProbeSession = ProbeSession.objects.select_related("configuration__deployment").lock(session_id)
    session.campaign = campaign
    return session


def _require_sendable(campaign: Campaign, session: ProbeSession) -> None:
    if session.kind != SessionKind.LIVE or session.state != SessionState.OPEN:
        raise WrongState("This session takes no more messages. Start another.")
    if campaign.state != CampaignState.RUNNING:
        raise WrongState(NOT_RUNNING)
    if session.turns.filter(progress__in=(TurnProgress.WAITING, TurnProgress.SENDING)).exists():
        raise Conflict(WAIT)
    spent = Turn.objects.filter(session__campaign=campaign).exclude(session__kind=SessionKind.TRANSCRIPT)
    sums = spent.aggregate(count=Count("pk"), prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"))
    if campaign.most_probes is not None and sums["count"] >= campaign.most_probes:
        raise Spent(f"This campaign has sent {sums['count']:,} probes, as many as its charter allows.")
    tokens = (sums["prompt"] or 0) + (sums["completion"] or 0)
    if campaign.budget_tokens is not None and tokens >= campaign.budget_tokens:
        raise Spent(f"This campaign has used {tokens:,} tokens; its charter allows {campaign.budget_tokens:,}.")


def _next_number(session: ProbeSession) -> int:
    number = session.turns.count() + 1
    if number > MOST_TURNS:
        raise Conflict(f"A session takes at most {MOST_TURNS} turns. Start another.")
    return number


def _key(key: str) -> str:
    if not 8 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(f"The key is of 8 to {LONGEST_KEY} printable ASCII characters.", field="key")
    return key


def _prompt(text: str) -> str:
    said = require_text(text.replace("\r\n", "\n"), field="text", sentence="Write a message to send.")
    if len(said) > LONGEST_PROMPT:
        raise Invalid(f"A message has at most {LONGEST_PROMPT:,} characters.", field="text")
    return storable(said)


def _note(note: str) -> str:
    return storable(note.strip())[:LONGEST_NOTE]


def _known(strategies: Collection[str]) -> list[str]:
    """The strategies, each once. Raises Invalid for one that the catalogue doesn't have."""
    given = list(dict.fromkeys(strategies))
    if len(given) > MOST_STRATEGIES:
        raise Invalid(f"Name at most {MOST_STRATEGIES} strategies.", field="strategies")
    known = catalogues.titles(STRATEGIES) if given else {}
    for slug in given:
        if slug not in known:
            raise Invalid(f"The catalogue has no strategy “{slug[:40]}”.", field="strategies")
    return given


@transaction.atomic
def send_again(*, turn_id: int, actor: User) -> Turn:
    """Let a turn without an answer wait once more. Raises PolicyDenied, WrongState or Conflict."""
    named = Turn.objects.filter(pk=turn_id).values_list("session_id", flat=True).first()
    session = _session(named or 0)
    policies.may_send(actor, session).require()
    if session.kind == SessionKind.LIVE:
        policies.may_probe(actor, session.campaign, _tester(session.campaign, actor)).require()
        if session.campaign.state != CampaignState.RUNNING:
            raise WrongState(NOT_RUNNING)
    if session.state != SessionState.OPEN:
        raise WrongState("This session has ended.")
    turn: Turn = Turn.objects.lock(turn_id)
    if turn.progress != TurnProgress.LOST or session.turns.filter(number__gt=turn.number).exists():
        raise Conflict("Only the last message, when it was lost, can be sent again.")
    Turn.objects.filter(pk=turn.pk).update(progress=TurnProgress.WAITING, reason="", detail="", gives_up_at=None, ended_at=None)
    ledger.record("harms.probe_sent_again", subject=session, actor=actor, turn=turn.number)
    return Turn.objects.get(pk=turn.pk)


@transaction.atomic
def mark_turn(*, turn_id: int, verdict: str, strategies: Collection[str] | None = None, note: str | None = None, actor: User) -> Turn:
    """Say what came of one attempt ("" takes it back), what it tried, and a note. Raises PolicyDenied or Invalid."""
    named = Turn.objects.filter(pk=turn_id).values_list("session_id", flat=True).first()
    session = _session(named or 0)
    policies.may_end_session(actor, session).require()
    if session.campaign.state == CampaignState.CLOSED:
        raise WrongState("This campaign is closed.")
    turn: Turn = Turn.objects.lock(turn_id)
    if verdict and (verdict not in Verdict.values or turn.progress != TurnProgress.DONE or turn.outcome == TurnOutcome.FAILED):
        raise Invalid("A verdict is given on a message that was answered, blocked or refused.", field="verdict")
    given: dict[str, Any] = {"verdict": verdict}
    if strategies is not None:
        given["strategies"] = _known(strategies)
    if note is not None:
        given["note"] = _note(note)
    before = turn.verdict
    Turn.objects.filter(pk=turn.pk).update(**given)
    ledger.record("harms.probe_marked", subject=session, actor=actor, turn=turn.number, changes={"verdict": [before, verdict]})
    return Turn.objects.get(pk=turn.pk)


@transaction.atomic
def end_session(*, session_id: int, result: str, actor: User) -> ProbeSession:
    """Close a conversation and say whether something was found: "nothing found" counts as much for coverage as a finding."""
    session = _session(session_id)
    policies.may_end_session(actor, session).require()
    if result not in SessionResult.values:
        raise Invalid(f"The result is one of {', '.join(SessionResult.values)}.", field="result")
    if session.turns.filter(progress__in=(TurnProgress.WAITING, TurnProgress.SENDING)).exists():
        raise Conflict(WAIT)
    if result == SessionResult.NOTHING_FOUND and not session.turns.filter(progress=TurnProgress.DONE).exclude(outcome=TurnOutcome.FAILED).exists():
        raise Conflict("Nothing was answered in this session, so it can't say that nothing was found. End it as broken off.")
    if result == SessionResult.NOTHING_FOUND and session.findings.exists():
        raise Conflict("A finding was reported from this session.")
    ended: ProbeSession = SESSION.advance(session, "end", actor=actor, result=result, ended_at=clocks.now())
    return ended


def end_open_sessions(campaign: Campaign, actor: User) -> None:
    """Within the caller's transaction: break off what is open when a campaign closes."""
    for session in ProbeSession.objects.filter(campaign=campaign, state=SessionState.OPEN).exclude(kind=SessionKind.REPLAY).order_by("pk"):
        _break_off(session, actor)


def end_sessions_of(tester: Tester, actor: User) -> None:
    """Within the caller's transaction: break off a tester's sessions; a message that waits is not sent any more."""
    held = ProbeSession.objects.filter(campaign=tester.campaign_id, tester=tester.person_id, state=SessionState.OPEN, kind=SessionKind.LIVE)
    for session in held.order_by("pk"):
        _break_off(session, actor)


def _break_off(session: ProbeSession, actor: User) -> None:
    locked: ProbeSession = ProbeSession.objects.lock(session.pk)
    Turn.objects.filter(session=locked, progress=TurnProgress.WAITING).update(progress=TurnProgress.LOST, detail=ENDED, ended_at=clocks.now())
    found = locked.findings.exists()
    SESSION.advance(locked, "end", actor=actor, result=SessionResult.FOUND if found else SessionResult.BROKEN_OFF, ended_at=clocks.now())


@transaction.atomic
def add_transcript(
    *,
    campaign_id: int,
    text: str,
    source: str,
    harm: Harm,
    layer: str,
    objective: Objective | None = None,
    configuration: Configuration | None = None,
    strategies: Collection[str] = (),
    language: str = "",
    result: str = SessionResult.NOTHING_FOUND,
    actor: User,
) -> ProbeSession:
    """Keep a conversation that was held elsewhere; `source` names where. Every exchange becomes a turn with these strategies.

    Raises PolicyDenied, WrongState, or Invalid, which names the lines that can't be read.
    """
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_report_finding(actor, campaign).require()
    CAMPAIGN.require_state(campaign, CampaignState.RUNNING, CampaignState.PAUSED)
    _require_aim(campaign, harm, layer, objective)
    if configuration is not None and configuration.system_id not in (None, campaign.system_id):
        raise Invalid("Choose a configuration of this system.", field="configuration")
    if result not in SessionResult.values:
        raise Invalid(f"The result is one of {', '.join(SessionResult.values)}.", field="result")
    transcript = read(text)
    if transcript.problems:
        raise Invalid(" ".join(f"Line {line}: {sentence}" for line, sentence in transcript.problems), field="text")
    now, tried = clocks.now(), _known(strategies)
    session = ProbeSession(
        campaign=campaign,
        kind=SessionKind.TRANSCRIPT,
        state=SessionState.ENDED,
        tester=actor,
        configuration=configuration,
        harm=harm,
        objective=objective,
        layer=layer,
        language=language.strip(),
        result=result,
        ended_at=now,
        created_by=actor,
        source=require_text(source, field="source", sentence="Name the tool or the place that it comes from."),
    )
    require_clean(session)
    session.save(force_insert=True)
    instructions = f"Instructions in the transcript: {transcript.instructions}"[:LONGEST_NOTE] if transcript.instructions else ""
    for number, exchange in enumerate(transcript.exchanges, start=1):
        ending = (
            {"outcome": TurnOutcome.ANSWERED, "answer": exchange.answer} if exchange.answer is not None else {"outcome": TurnOutcome.FAILED, "reason": "empty"}
        )
        turn = Turn(session=session, number=number, key=f"transcript-{number}", text=exchange.text, strategies=tried, progress=TurnProgress.DONE, **ending)
        turn.note, turn.created_by, turn.ended_at = instructions if number == 1 else "", actor, now
        require_clean(turn)
        turn.save(force_insert=True)
    _record_started(session, actor)
    return session


@transaction.atomic
def open_session(*, session_id: int, part: str, actor: User) -> ProbeSession:
    """Record that somebody asked to read what was sent and answered; `part` is "all" or a turn's number."""
    session = ProbeSession.objects.select_related("campaign__system__scope").filter(pk=session_id).first()
    if session is None:
        raise WrongState("This session isn't there any more.")
    policies.may_read_probes(actor, session.campaign).require()
    ledger.record("harms.probes_read", subject=session, actor=actor, part=part)
    return session
