"""Candidates: what came up and may be a harm. Findings, outputs, incidents and feedback all arrive here, so that nothing that was seen gets lost."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from harms import policies
from harms.actions.register import propose_harm
from harms.enums import CandidateSource
from harms.models import Candidate, Harm, HarmCategory
from harms.workflow import CANDIDATE
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Invalid
from systems.models import AISystem

LONGEST_TITLE = 160
LONGEST_SUMMARY = 4_000


@transaction.atomic
def add_candidate(*, system: AISystem, source: CandidateSource, title: str, summary: str = "", subject: models.Model | None = None, actor: User) -> Candidate:
    """Put something that may be a harm before the system's team. `subject` is what it came from; a second call for the same one returns the first.

    Texts that are too long are cut: they point to where the whole of it is. Raises PolicyDenied, Invalid.
    """
    locked: AISystem = AISystem.objects.lock(system.pk)  # two calls about one subject wait for each other
    policies.may_add_candidate(actor, locked).require()
    if source not in CandidateSource.values:
        raise Invalid(f"The source is one of {', '.join(CandidateSource.values)}.", field="source")
    said = require_text(title, field="title", sentence="Say in one line what was seen.")[:LONGEST_TITLE]
    named: dict[str, Any] = {"subject_kind": subject._meta.label_lower, "subject_id": subject.pk} if subject is not None else {}
    known = Candidate.objects.filter(system=locked, **named).first() if named else None
    if known is not None:
        return known
    candidate = Candidate.objects.create(
        system=locked, source=CandidateSource(source), title=said, summary=summary.strip()[:LONGEST_SUMMARY], created_by=actor, **named
    )
    ledger.record("harms.candidate_added", subject=candidate, actor=actor, source=source, title=said, **named)
    return candidate


@transaction.atomic
def accept_candidate(*, candidate_id: int, title: str, category: HarmCategory, origin: str, description: str = "", reason: str = "", actor: User) -> Harm:
    """It is a harm that nobody knew: put it on the register as a proposed harm. Raises PolicyDenied, WrongState, Invalid."""
    candidate = _locked(candidate_id, actor)
    harm = propose_harm(system=candidate.system, title=title, description=description or candidate.summary, category=category, origin=origin, actor=actor)
    _decide(candidate, "accept", actor, reason, harm=harm)
    return harm


@transaction.atomic
def link_candidate(*, candidate_id: int, harm_id: int, reason: str = "", actor: User) -> Candidate:
    """It is an instance of a harm that is on the register. Raises PolicyDenied, WrongState, Invalid."""
    candidate = _locked(candidate_id, actor)
    harm: Harm = Harm.objects.lock(harm_id)
    if harm.system_id != candidate.system_id or harm.merged_into_id is not None:
        raise Invalid("Choose a harm of this system that is still on its register.", field="harm")
    ledger.record("harms.instance_linked", subject=harm, actor=actor, reason=reason, candidate=candidate.code, source=candidate.source)
    return _decide(candidate, "link", actor, reason, harm=harm)


@transaction.atomic
def dismiss_candidate(*, candidate_id: int, reason: str, actor: User) -> Candidate:
    """It is no harm of this system, and why. Raises PolicyDenied, WrongState, Invalid."""
    candidate = _locked(candidate_id, actor)
    said = require_text(reason, field="reason", sentence="Say why it is no harm.")
    return _decide(candidate, "dismiss", actor, said)


@transaction.atomic
def reopen_candidate(*, candidate_id: int, reason: str, actor: User) -> Candidate:
    """Take the decision back: it waits again. A harm that it became stays on the register. Raises PolicyDenied, WrongState, Invalid."""
    candidate = _locked(candidate_id, actor)
    said = require_text(reason, field="reason", sentence="Say why it has to be looked at again.")
    nothing: dict[str, Any] = {"harm": None, "decided_why": "", "decided_at": None, "decided_by": None}
    done: Candidate = CANDIDATE.advance(candidate, "reopen", actor=actor, note=said, **nothing)
    return done


def _locked(candidate_id: int, actor: User) -> Candidate:
    candidate: Candidate = Candidate.objects.lock(candidate_id)
    policies.may_decide_candidate(actor, candidate).require()
    return candidate


def _decide(candidate: Candidate, move: str, actor: User, reason: str, **fields: Any) -> Candidate:
    decided: Candidate = CANDIDATE.advance(
        candidate, move, actor=actor, note=reason, decided_why=reason.strip()[:2_000], decided_at=clocks.now(), decided_by=actor, **fields
    )
    return decided
