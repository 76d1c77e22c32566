"""What red teaming has in the world: a draft, a running and a paused campaign, sessions, and findings in the states that doors need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harms import actions
from harms.enums import SessionState, TestedLayer, TurnOutcome, TurnProgress
from harms.models import Campaign, Finding, Harm, ProbeSession, Turn
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem, Configuration
from tests.factories.accounts import make_user
from tests.project.wording import Words


@dataclass(frozen=True)
class Probed:
    """`finder` reported every finding, so that the owner may triage; the owner is a tester of the running campaign."""

    finder: User
    draft: Campaign  # whole, ready to start
    campaign: Campaign  # running
    paused: Campaign
    transcript: ProbeSession
    turn: Turn  # of the transcript
    session: ProbeSession  # the owner's, open, nothing sent
    lost: Turn  # the owner's, without an answer
    open_finding: Finding
    agreed_finding: Finding  # somebody else than the owner agreed
    second_finding: Finding
    dismissed_finding: Finding
    confirmed_finding: Finding
    replay: ProbeSession  # played, not judged


def probed(system: AISystem, harm: Harm, configuration: Configuration, owner: User, manager: User, words: Words) -> Probed:
    finder = make_user(Role.RED_TEAMER, scope=system.scope, name="Finn Finder")
    tester = make_user(Role.RED_TEAMER, scope=system.scope)
    draft, campaign, paused = (_campaign(system, harm, configuration, owner, words, which) for which in ("draft", "running", "paused"))
    actions.add_objective(campaign_id=campaign.pk, harm=harm, words=words("objective")[:300], actor=owner)
    for one in (campaign, paused):
        actions.start_campaign(campaign_id=one.pk, actor=owner)
    actions.pause_campaign(campaign_id=paused.pk, reason=words("reason for a pause"), actor=owner)
    actions.invite_tester(campaign_id=campaign.pk, person=tester, actor=owner)
    for one in (owner, tester):  # two, so that whoever pauses it, somebody is told
        actions.consent(campaign_id=campaign.pk, seen=campaign.warning_digest, actor=one)
    transcript = actions.add_transcript(
        campaign_id=campaign.pk,
        text=f"User: {words('sent')}\nAssistant: {words('answered')}",
        source=words("source")[:200],
        harm=harm,
        layer=TestedLayer.MODEL,
        strategies=["role-play"],
        configuration=configuration,
        actor=finder,
    )
    aim: dict[str, Any] = {"campaign_id": campaign.pk, "harm": harm, "layer": TestedLayer.MODEL, "goal": words("goal")[:300], "actor": owner}
    session, second = (actions.start_session(**aim) for _ in range(2))
    lost = actions.send_turn(session_id=second.pk, text=words("sent and lost"), key="world-lost", note=words("note")[:300], actor=owner)
    Turn.objects.filter(pk=lost.pk).update(progress=TurnProgress.LOST, detail="No answer.", attempt_count=1, ended_at=clocks.now())
    findings = [_finding(transcript, finder, words, f"finding {number}") for number in range(5)]
    for finding in (findings[1], findings[4]):
        actions.give_opinion(finding_id=finding.pk, verdict="agrees", severity=3, reason=words("reason for agreeing"), actor=manager)
    actions.dismiss_finding(finding_id=findings[3].pk, reason=words("reason for dismissing"), actor=owner)
    actions.confirm_finding(finding_id=findings[4].pk, harm=harm, severity=3, actor=owner)
    rows: list[Any] = [Finding.objects.get(pk=finding.pk) for finding in findings]
    turn = transcript.turns.get()
    for kept in (draft, campaign, paused):
        kept.refresh_from_db()
    return Probed(finder, draft, campaign, paused, transcript, turn, session, Turn.objects.get(pk=lost.pk), *rows, _replay(findings[4], finder))


def _campaign(system: AISystem, harm: Harm, configuration: Configuration, owner: User, words: Words, which: str) -> Campaign:
    campaign = actions.add_campaign(
        system=system,
        title=words(f"{which} campaign")[:160],
        aim=words("aim"),
        layers=[TestedLayer.MODEL],
        configuration=configuration,
        scope=[harm],
        rules_of_engagement=words("rules"),
        stop_rules=words("stop rules"),
        data_handling=words("data handling"),
        content_warning=words("content warning"),
        support_contact=words("support")[:200],
        actor=owner,
    )
    actions.invite_tester(campaign_id=campaign.pk, person=owner, actor=owner)
    return campaign


def _finding(session: ProbeSession, finder: User, words: Words, title: str) -> Finding:
    said = {"title": words(title)[:160], "description": words("description of a finding"), "severity": 3}
    return actions.report_finding(session_id=session.pk, first_turn=1, last_turn=1, actor=finder, **said)  # type: ignore[arg-type]


def _replay(finding: Finding, actor: User) -> ProbeSession:
    """Played without an endpoint, as if it had been blocked."""
    (replay,) = actions.start_replays(finding_id=finding.pk, count=1, actor=actor)
    Turn.objects.filter(session=replay).update(progress=TurnProgress.DONE, outcome=TurnOutcome.INPUT_BLOCKED, ended_at=clocks.now())
    ProbeSession.objects.filter(pk=replay.pk).update(state=SessionState.ENDED, ended_at=clocks.now())
    return ProbeSession.objects.get(pk=replay.pk)
