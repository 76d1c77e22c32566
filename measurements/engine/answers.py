"""How an item ended, before it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from measurements.engine.items import Item
from measurements.engine.judging import Finding
from measurements.enums import FailureReason, Outcome
from systems.providers import Reply

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, or a failure of our own naming when no reply came."""

    item: Item
    token: int
    outcome: Outcome
    reason: str = ""
    last_error: str = ""
    reply: Reply | None = None
    findings: Sequence[Finding] = field(default_factory=tuple)


@dataclass(frozen=True)
class Stored:
    """What became of a batch: leases that are done now, leases that are no longer held, answers that came too late."""

    done: set[int]
    lost: set[int]
    late: int


def replied(item: Item, token: int, reply: Reply, findings: Sequence[Finding] = ()) -> Answer:
    return Answer(item, token, Outcome(reply.outcome.value), reply.reason.value if reply.reason else "", reply.detail or item.last_error, reply, findings)


def failed(item: Item, token: int, reason: FailureReason, detail: str) -> Answer:
    return Answer(item, token, Outcome.FAILED, reason, detail)


def log_late(run_id: int, answers: int, lease_ids: set[int]) -> None:
    """Say that answers came after their lease had gone to another pump; what that one stores stands."""
    log.warning("late_answers_dropped", run_id=run_id, answers=answers, leases=sorted(lease_ids))
