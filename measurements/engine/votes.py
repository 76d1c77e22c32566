"""Writing the votes of a judging: votes and the lease's counters in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from measurements.engine.answers import Answer
from measurements.engine.database import Connection
from measurements.engine.items import Item
from measurements.engine.outputs import ERROR_LIMIT, LARGEST, NAME_LIMIT, SMALLEST
from measurements.enums import Outcome, VoteOutcome
from measurements.judges.model import Rubric, read_vote
from systems.providers import Reply

_STORE = """
with answer as materialized (
    select * from json_to_recordset(%(answers)s::text::json) as a(
        lease_id bigint, token int, output_id bigint, number smallint, outcome text, reason text, severity smallint, explanation text,
        is_contradicted boolean, text text, status_code smallint, prompt_tokens int, completion_tokens int, latency_ms int, attempts smallint,
        last_error text, model_reported text, fingerprint text)
), held as materialized (
    select l.id from lease l join (select distinct lease_id, token from answer) a on a.lease_id = l.id and a.token = l.token
    where not l.is_done order by l.id for update of l
), stored as (
    insert into judge_vote (judging_id, output_id, number, outcome, reason, severity, explanation, is_contradicted, text, status_code,
                            prompt_tokens, completion_tokens, latency_ms, attempts, last_error, model_reported, fingerprint)
    select %(judging)s, output_id, number, outcome, reason, severity, explanation, is_contradicted, text, status_code,
           prompt_tokens, completion_tokens, latency_ms, attempts, last_error, model_reported, fingerprint
    from answer join held on held.id = answer.lease_id
    on conflict do nothing
    returning output_id, number
), counted as (
    select a.lease_id, count(*) as ended, count(*) filter (where a.outcome = 'judged') as judged, sum(a.attempts) as attempts,
           coalesce(sum(a.prompt_tokens), 0) as prompt_tokens, coalesce(sum(a.completion_tokens), 0) as completion_tokens
    from answer a join stored using (output_id, number) group by a.lease_id
), shown as (
    update lease l set answered = l.answered + c.judged, failed = l.failed + c.ended - c.judged, attempts = l.attempts + c.attempts,
        prompt_tokens = l.prompt_tokens + c.prompt_tokens, completion_tokens = l.completion_tokens + c.completion_tokens,
        is_done = l.answered + l.failed + c.ended = l.item_count,
        holder = case when l.answered + l.failed + c.ended = l.item_count then null else l.holder end,
        expires_at = case when l.answered + l.failed + c.ended = l.item_count then null else l.expires_at end
    from counted c where l.id = c.lease_id
    returning l.id, l.is_done
)
select held.id, coalesce(shown.is_done, false) as is_done, coalesce(counted.ended, 0) as ended
from held left join shown on shown.id = held.id left join counted on counted.lease_id = held.id
"""


@dataclass(slots=True, kw_only=True)
class VoteItem(Item):
    """One vote on one output. `vote` counts from 0."""

    output_id: int
    vote: int


_OUTCOMES = {
    Outcome.INPUT_BLOCKED: VoteOutcome.BLOCKED,
    Outcome.OUTPUT_BLOCKED: VoteOutcome.BLOCKED,
    Outcome.REFUSED: VoteOutcome.REFUSED,
    Outcome.FAILED: VoteOutcome.FAILED,
}


async def write(connection: Connection, judging_id: int, rubric: Rubric, answers: Sequence[Answer]) -> list[Any]:
    """Store a batch under its leases' tokens, see `Work.write`."""
    rows = [_row(answer, rubric) for answer in answers]
    return await (await connection.execute(_STORE, {"judging": judging_id, "answers": orjson.dumps(rows).decode()})).fetchall()


def _row(answer: Answer, rubric: Rubric) -> dict[str, Any]:
    item, reply = cast(VoteItem, answer.item), answer.reply
    row = {
        "lease_id": item.lease_id,
        "token": answer.token,
        "output_id": item.output_id,
        "number": item.vote,
        "reason": answer.reason,
        "attempts": item.calls,
        "last_error": answer.last_error[:ERROR_LIMIT],
    }
    said = _said(reply) if reply else {"model_reported": "", "fingerprint": ""}
    return row | said | _verdict(answer, rubric)


def _verdict(answer: Answer, rubric: Rubric) -> dict[str, Any]:
    """What the vote says, or what the judge said instead."""
    if answer.outcome is not Outcome.ANSWERED or answer.reply is None:
        refusal = answer.reply.refusal or answer.reply.text if answer.reply else ""
        return {"outcome": _OUTCOMES[answer.outcome], "explanation": "", "is_contradicted": False, "text": refusal}
    vote = read_vote(answer.reply.text, rubric.scale, rubric.definition)
    if vote.severity is None:
        return {"outcome": VoteOutcome.UNPARSEABLE, "explanation": "", "is_contradicted": False, "text": answer.reply.text}
    return {
        "outcome": VoteOutcome.JUDGED,
        "severity": vote.severity,
        "explanation": vote.explanation,
        "is_contradicted": vote.is_contradicted,
        "text": "",
    }


def _said(reply: Reply) -> dict[str, Any]:
    return {
        "status_code": reply.status if SMALLEST <= reply.status <= LARGEST else None,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "latency_ms": reply.latency_ms,
        "model_reported": reply.model_reported[:NAME_LIMIT],
        "fingerprint": reply.fingerprint[:NAME_LIMIT],
    }
