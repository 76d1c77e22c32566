"""Trying a model judge: one real call, for a person who wants to see how it decides before a run asks it thousands of times."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measurements import policies
from measurements.judges import model
from measurements.judges.model import Rubric
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid
from systems import providers, snapshots
from systems import selectors as system_selectors
from systems.models import AISystem, Configuration
from systems.providers import Call, CallError, Outcome, Reply

DEADLINE_SECONDS = 45.0  # a person is waiting, at a model that thinks before it answers
SHOWN_CHARACTERS = 2_000  # of an answer that can't be read

_NOT_ANSWERED = {
    Outcome.INPUT_BLOCKED: "The judge's own content filter blocked the question, so this output would stay unjudged.",
    Outcome.OUTPUT_BLOCKED: "The judge's own content filter blocked its answer, so this output would stay unjudged.",
    Outcome.REFUSED: "The judge refused to answer, so this output would stay unjudged.",
}
UNREADABLE = "What the judge answered is no verdict of the expected form, so this output would stay unjudged."
CHANGED = "The deployment leads elsewhere now than when this judge was made. Revise the metric to judge by it as it is."


@dataclass(frozen=True)
class TriedVote:
    """One vote of a model judge. Without a severity `problem` says why, and `answer` what the judge said where it can't be read."""

    severity: int | None
    explanation: str = ""
    is_contradicted: bool = False
    problem: str = ""
    answer: str = ""
    latency_ms: int | None = None


def try_model_judge(
    *, system: AISystem, configuration: Configuration, rubric: Rubric, prompt: Sequence[Mapping[str, str]], answer: str, actor: User
) -> TriedVote:
    """Ask a model once what it makes of an answer. Neither the text nor the verdict is kept, and no lock is held meanwhile. Raises PolicyDenied or Invalid."""
    policies.may_try_judge(actor, system).require()
    if not system_selectors.endpoint_still_matches(configuration):
        raise Invalid(CHANGED, field="judge")
    messages, parameters = model.question(rubric, prompt, answer, marker=model.new_marker(prompt, answer))
    vote = _asked(configuration, Call(messages, {**configuration.parameters, **parameters}), rubric)
    was_judged = vote.severity is not None
    ledger.record("measurements.judge_tried", subject=system, actor=actor, configuration=configuration.pk, was_judged=was_judged, latency_ms=vote.latency_ms)
    return vote


def _asked(configuration: Configuration, call: Call, rubric: Rubric) -> TriedVote:
    try:
        reply = asyncio.run(_reply(configuration, call))
    except (CallError, Invalid) as refusal:
        return TriedVote(None, problem=refusal.detail)
    if reply.outcome is not Outcome.ANSWERED:
        return TriedVote(None, problem=_NOT_ANSWERED.get(reply.outcome, reply.detail), latency_ms=reply.latency_ms)
    vote = model.read_vote(reply.text, rubric.scale, rubric.definition)
    if vote.severity is None:
        return TriedVote(None, problem=UNREADABLE, answer=reply.text[:SHOWN_CHARACTERS], latency_ms=reply.latency_ms)
    return TriedVote(vote.severity, vote.explanation, vote.is_contradicted, latency_ms=reply.latency_ms)


async def _reply(configuration: Configuration, call: Call) -> Reply:
    deployment = configuration.deployment
    target: Any = snapshots.target_of(configuration.snapshot)
    client = providers.open_client(target, deployment.api_key, 1)
    try:
        return await client.complete(call, deadline_seconds=min(DEADLINE_SECONDS, deployment.timeout_seconds))
    finally:
        await client.aclose()
