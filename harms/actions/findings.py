"""Findings: reporting, second opinions, deciding, and becoming an instance of a harm."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from harms import policies
from harms.actions.campaign_telling import tell_decided, tell_reported
from harms.actions.candidates import accept_candidate, add_candidate, reopen_candidate
from harms.enums import CandidateSource, CandidateState, FindingState, OpinionVerdict, Origin, SessionKind, TurnProgress
from harms.models import HIGHEST_LEVEL, Finding, Harm, HarmCategory, Opinion, ProbeSession
from harms.workflow import FINDING
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid

NO_TITLE = "Say what the system did, in one line."
NO_DESCRIPTION = "Say what is bad about it, and for whom."
NO_REASON = "Say why."


@transaction.atomic
def report_finding(
    *, session_id: int, first_turn: int, last_turn: int, title: str, description: str, severity: int, harm: Harm | None = None, actor: User
) -> Finding:
    """Say that a range of a session's turns shows something bad. `harm` is the one on the register that it looks like, if any.

    It waits for triage, in which somebody else has to agree. Raises PolicyDenied or Invalid.
    """
    session: ProbeSession = ProbeSession.objects.select_related("campaign__system__scope").lock(session_id)
    policies.may_report_finding(actor, session.campaign).require()
    if session.kind == SessionKind.REPLAY:
        raise Conflict("A replay says of a finding whether it comes again. Report from the session itself.")
    finding = Finding(
        system=session.campaign.system,
        campaign=session.campaign,
        session=session,
        first_turn=first_turn,
        last_turn=last_turn,
        title=require_text(title, field="title", sentence=NO_TITLE),
        description=require_text(description, field="description", sentence=NO_DESCRIPTION),
        severity=_level(severity),
        layer=session.layer,
        strategies=_tried(session, first_turn, last_turn),
        harm=_of_system(harm, session.campaign.system_id),
        created_by=actor,
    )
    require_clean(finding)
    finding.save(force_insert=True)
    ledger.record("harms.finding_reported", subject=finding, actor=actor, session=session.code, turns=[first_turn, last_turn], severity=severity)
    tell_reported(finding, actor)
    return finding


def _tried(session: ProbeSession, first: int, last: int) -> list[str]:
    """The strategies of the turns, which have to be there and done."""
    turns = list(session.turns.filter(number__range=(first, last), progress=TurnProgress.DONE).order_by("number")) if 0 < first <= last else []
    if not turns or (turns[0].number, turns[-1].number) != (first, last):
        raise Invalid("Name the first and the last turn that show it; both have to be answered.", field="first_turn")
    return list(dict.fromkeys(slug for turn in turns for slug in turn.strategies))


def _level(severity: int) -> int:
    if not 1 <= severity <= HIGHEST_LEVEL:
        raise Invalid(f"Severity is a level from 1 to {HIGHEST_LEVEL}.", field="severity")
    return severity


def _of_system(harm: Harm | None, system_id: int) -> Harm | None:
    if harm is not None and harm.system_id != system_id:
        raise Invalid("Choose a harm of this system.", field="harm")
    return harm


@transaction.atomic
def give_opinion(*, finding_id: int, verdict: str, severity: int, reason: str, actor: User) -> Opinion:
    """Say, as somebody who didn't find it, whether it is a finding and how bad it is. Once for each person."""
    finding: Finding = Finding.objects.lock(finding_id)
    policies.may_triage(actor, finding).require()
    FINDING.require_state(finding, FindingState.OPEN)
    if verdict not in OpinionVerdict.values:
        raise Invalid(f"The verdict is one of {', '.join(OpinionVerdict.values)}.", field="verdict")
    if Opinion.objects.filter(finding=finding, created_by=actor).exists():
        raise Conflict("You gave your opinion on this finding already.")
    said = require_text(reason, field="reason", sentence=NO_REASON)
    opinion = Opinion(finding=finding, verdict=verdict, severity=_level(severity), reason=said, created_by=actor)
    require_clean(opinion)
    opinion.save(force_insert=True)
    ledger.record("harms.opinion_given", subject=finding, actor=actor, reason=said, verdict=verdict, severity=severity)
    return opinion


@transaction.atomic
def confirm_finding(*, finding_id: int, harm: Harm, severity: int, reason: str = "", actor: User) -> Finding:
    """It is an instance of a harm on the register. Needs a second opinion that agrees. Raises PolicyDenied, WrongState, Unmet or Invalid."""
    finding: Finding = Finding.objects.lock(finding_id)
    policies.may_triage(actor, finding).require()
    known = _of_system(harm, finding.system_id)
    confirmed = _decide(finding, "confirm", actor, reason, harm=known, severity=_level(severity))
    ledger.record("harms.instance_linked", subject=harm, actor=actor, reason=reason, finding=finding.code)
    return confirmed


@transaction.atomic
def confirm_as_new_harm(
    *, finding_id: int, title: str, category: HarmCategory, origin: str = Origin.MODEL, severity: int, reason: str = "", actor: User
) -> Finding:
    """It shows a harm that nobody knew: it goes through the candidates, as everything that may be one, and is proposed on the register with the finding as
    its first instance."""
    finding: Finding = Finding.objects.lock(finding_id)
    policies.may_triage(actor, finding).require()
    description = f"{finding.description}\n\nFirst seen in red teaming: {finding.code} of {finding.campaign.code}."
    seen = add_candidate(system=finding.system, source=CandidateSource.FINDING, title=finding.title, summary=finding.description, subject=finding, actor=actor)
    if seen.state != CandidateState.WAITING:
        reopen_candidate(candidate_id=seen.pk, reason=f"{finding.code} was opened again and shows another harm.", actor=actor)
    harm = accept_candidate(candidate_id=seen.pk, title=title, category=category, origin=origin, description=description, reason=reason, actor=actor)
    confirmed = _decide(finding, "confirm", actor, reason, harm=harm, is_new_harm=True, severity=_level(severity))
    ledger.record("harms.instance_linked", subject=harm, actor=actor, reason=reason, finding=finding.code)
    return confirmed


@transaction.atomic
def dismiss_finding(*, finding_id: int, reason: str, actor: User) -> Finding:
    """It is nothing bad, and why; what it was aimed at stays on record."""
    finding: Finding = Finding.objects.lock(finding_id)
    return _decide(finding, "dismiss", actor, require_text(reason, field="reason", sentence=NO_REASON))


@transaction.atomic
def mark_duplicate(*, finding_id: int, original: Finding, reason: str = "", actor: User) -> Finding:
    """It is the same as another finding of the system, which counts for both. Raises Invalid for itself, or for one that is a duplicate itself."""
    first, second = sorted((finding_id, original.pk))
    rows: dict[int, Finding] = {pk: Finding.objects.lock(pk) for pk in dict.fromkeys((first, second))}
    finding, kept = rows[finding_id], rows[original.pk]
    if kept.pk == finding.pk or kept.system_id != finding.system_id:
        raise Invalid("Choose another finding of this system.", field="original")
    if kept.state == FindingState.DUPLICATE:
        raise Invalid(f"{kept.code} is a duplicate itself. Choose the one that it repeats.", field="original")
    if finding.duplicates.exists():
        raise Conflict("Other findings are duplicates of this one. Make it the original.")
    return _decide(finding, "mark_duplicate", actor, reason, duplicate_of=kept)


@transaction.atomic
def reopen_finding(*, finding_id: int, reason: str, actor: User) -> Finding:
    """Take the decision back: it waits for triage again. A harm that was proposed because of it stays on the register."""
    finding: Finding = Finding.objects.lock(finding_id)
    said = require_text(reason, field="reason", sentence=NO_REASON)
    reopened: Finding = FINDING.advance(finding, "reopen", actor=actor, note=said, duplicate_of=None, triaged_at=None, triaged_by=None)
    tell_decided(reopened, actor)
    return reopened


def _decide(finding: Finding, move: str, actor: User, reason: str, **fields: Any) -> Finding:
    decided: Finding = FINDING.advance(finding, move, actor=actor, note=reason, triaged_at=clocks.now(), triaged_by=actor, **fields)
    tell_decided(decided, actor)
    return decided
