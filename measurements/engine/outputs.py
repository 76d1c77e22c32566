"""Writing the outputs of a run's items: outputs, their judgements and the lease's counters in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from measurements.engine.answers import Answer
from measurements.engine.database import Connection
from measurements.engine.items import Item
from systems.providers import Reply

NAME_LIMIT = 120  # characters of model and fingerprint, as their columns
WORD_LIMIT = 40  # of a finish reason
ERROR_LIMIT = 300
SMALLEST, LARGEST = 0, 32_767  # PostgreSQL's smallint

# One parameter each: building arrays of every column costs the pump more than PostgreSQL saves.
_STORE = """
with answer as materialized (
    select * from json_to_recordset(%(answers)s::text::json) as a(
        lease_id bigint, token int, case_id bigint, repeat smallint, key text, stratum text, outcome text, reason text, text text, refusal text,
        finish_reason text, filters jsonb, body text, status_code smallint, prompt_tokens int, completion_tokens int, latency_ms int,
        attempts smallint, last_error text, model_reported text, fingerprint text)
), held as materialized (
    select l.id from lease l join (select distinct lease_id, token from answer) a on a.lease_id = l.id and a.token = l.token
    where not l.is_done order by l.id for update of l
), stored as (
    insert into output (run_id, case_id, repeat, key, stratum, outcome, reason, text, refusal, finish_reason, filters, body, status_code,
                        prompt_tokens, completion_tokens, latency_ms, attempts, last_error, model_reported, fingerprint)
    select %(run)s, case_id, repeat, key, stratum, outcome, reason, text, refusal, finish_reason, filters, body, status_code,
           prompt_tokens, completion_tokens, latency_ms, attempts, last_error, model_reported, fingerprint
    from answer join held on held.id = answer.lease_id
    on conflict do nothing
    returning id, case_id, repeat
), judged as (
    insert into judgement (run_id, output_id, metric_version_id, judge_version_id, severity, is_harmful, reason, is_contradicted)
    select %(run)s, stored.id, f.metric_version_id, f.judge_version_id, f.severity, f.is_harmful, f.reason, false
    from json_to_recordset(%(findings)s::text::json) as f(
        case_id bigint, repeat smallint, metric_version_id bigint, judge_version_id bigint, severity smallint, is_harmful boolean, reason text)
    join stored using (case_id, repeat)
), counted as (
    select a.lease_id, count(*) as ended,
           count(*) filter (where a.outcome = 'answered') as answered, count(*) filter (where a.outcome = 'input_blocked') as input_blocked,
           count(*) filter (where a.outcome = 'output_blocked') as output_blocked, count(*) filter (where a.outcome = 'refused') as refused,
           count(*) filter (where a.outcome = 'failed') as failed, sum(a.attempts) as attempts,
           coalesce(sum(a.prompt_tokens), 0) as prompt_tokens, coalesce(sum(a.completion_tokens), 0) as completion_tokens
    from answer a join stored using (case_id, repeat) group by a.lease_id
), shown as (
    update lease l set answered = l.answered + c.answered, input_blocked = l.input_blocked + c.input_blocked,
        output_blocked = l.output_blocked + c.output_blocked, refused = l.refused + c.refused, failed = l.failed + c.failed,
        attempts = l.attempts + c.attempts, prompt_tokens = l.prompt_tokens + c.prompt_tokens,
        completion_tokens = l.completion_tokens + c.completion_tokens,
        is_done = l.answered + l.input_blocked + l.output_blocked + l.refused + l.failed + c.ended = l.item_count,
        holder = case when l.answered + l.input_blocked + l.output_blocked + l.refused + l.failed + c.ended = l.item_count then null else l.holder end,
        expires_at = case when l.answered + l.input_blocked + l.output_blocked + l.refused + l.failed + c.ended = l.item_count
                     then null else l.expires_at end
    from counted c where l.id = c.lease_id
    returning l.id, l.is_done
)
select held.id, coalesce(shown.is_done, false) as is_done, coalesce(counted.ended, 0) as ended
from held left join shown on shown.id = held.id left join counted on counted.lease_id = held.id
"""


@dataclass(slots=True, kw_only=True)
class CaseItem(Item):
    """One case asked once."""

    case_id: int
    repeat: int
    key: str
    stratum: str


async def write(connection: Connection, run_id: int, answers: Sequence[Answer]) -> list[Any]:
    """Store a batch under its leases' tokens, see `Work.write`."""
    arguments = {"run": run_id, "answers": orjson.dumps([_row(answer) for answer in answers]).decode(), "findings": orjson.dumps(_findings(answers)).decode()}
    return await (await connection.execute(_STORE, arguments)).fetchall()


def _row(answer: Answer) -> dict[str, Any]:
    item, reply = cast(CaseItem, answer.item), answer.reply
    row = {
        "lease_id": item.lease_id,
        "token": answer.token,
        "case_id": item.case_id,
        "repeat": item.repeat,
        "key": item.key,
        "stratum": item.stratum,
        "outcome": answer.outcome.value,
        "reason": answer.reason,
        "attempts": item.calls,
        "last_error": answer.last_error[:ERROR_LIMIT],
    }
    return row | (_said(reply) if reply else _NOTHING_SAID)


_NOTHING_SAID = {"text": "", "refusal": "", "finish_reason": "", "body": "", "model_reported": "", "fingerprint": ""}


def _said(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "refusal": reply.refusal,
        "finish_reason": reply.finish_reason[:WORD_LIMIT],
        "filters": reply.filters or None,
        "body": reply.body,
        "status_code": reply.status if SMALLEST <= reply.status <= LARGEST else None,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "latency_ms": reply.latency_ms,
        "model_reported": reply.model_reported[:NAME_LIMIT],
        "fingerprint": reply.fingerprint[:NAME_LIMIT],
    }


def _findings(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [
        {
            "case_id": cast(CaseItem, answer.item).case_id,
            "repeat": cast(CaseItem, answer.item).repeat,
            "metric_version_id": finding.metric_version_id,
            "judge_version_id": finding.judge_version_id,
            "severity": finding.severity,
            "is_harmful": finding.is_harmful,
            "reason": finding.reason,
        }
        for answer in answers
        for finding in answer.findings
    ]
