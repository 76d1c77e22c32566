"""Storing a batch of answers, whatever they answer.

A pump whose lease changed hands writes nothing at all, and an answer that is there already stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog

from measurements.engine.answers import Answer, Stored, failed, log_late
from measurements.engine.database import Connection
from measurements.engine.work import Work
from measurements.enums import FailureReason

log = structlog.get_logger(__name__)


async def store(connection: Connection, work: Work, answers: Sequence[Answer]) -> Stored:
    """Write a batch. An answer that PostgreSQL refuses as data is stored as unparseable, so that one odd answer can't hold the others up."""
    try:
        rows = await work.write(connection, answers)
    except psycopg.DataError:
        rows = [row for answer in answers for row in await _write_alone(connection, work, answer)]
    held = {row.id for row in rows}
    lost = {answer.item.lease_id for answer in answers} - held
    late = len(answers) - sum(row.ended for row in rows)
    if late:
        log_late(work.run_id, late, lost)
    return Stored({row.id for row in rows if row.is_done}, lost, late)


async def _write_alone(connection: Connection, work: Work, answer: Answer) -> list[Any]:
    try:
        return await work.write(connection, [answer])
    except psycopg.DataError as error:
        log.warning("answer_not_storable", **work.named, item=answer.item.number, sqlstate=error.sqlstate)
        plain = failed(answer.item, answer.token, FailureReason.UNPARSEABLE, "The answer holds something that can't be stored.")
        return await work.write(connection, [plain])
