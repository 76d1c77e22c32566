"""When a call that failed may be made again, and when it is given up. Pure functions; times in seconds."""

from __future__ import annotations

import random
from dataclasses import dataclass

from measurements.enums import FailureReason
from systems.providers import Retryable, RetryKind

MOST_CALLS = 6  # of one item, over all pumps that had it
LONGEST_SECONDS = 900.0  # from an item's first call to the start of its last
RETRY_AFTER_CAP_SECONDS = 120.0  # an endpoint that asks for more makes the run pause and say so
FIRST_BACKOFF_SECONDS = 1.0
BACKOFF_CAP_SECONDS = 60.0


@dataclass(frozen=True)
class Verdict:
    """What follows a failed call: wait so long and call again, or `given_up`, or `too_long` when the endpoint asked for more than the cap."""

    wait_seconds: float = 0.0
    given_up: bool = False
    too_long: bool = False


def after(error: Retryable, *, calls: int, elapsed_seconds: float) -> Verdict:
    """What to do after call number `calls` (from 1) of an item failed with `error`, so long after its first call began."""
    asked = error.retry_after or 0.0
    if asked > RETRY_AFTER_CAP_SECONDS:
        return Verdict(too_long=True)
    wait = max(asked, backoff(calls))
    if calls >= MOST_CALLS or elapsed_seconds + wait > LONGEST_SECONDS:
        return Verdict(given_up=True)
    return Verdict(wait_seconds=wait)


def backoff(calls: int) -> float:
    """Exponential with full jitter, so that items that failed together do not come back together."""
    return random.uniform(0.0, min(BACKOFF_CAP_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (calls - 1)))  # noqa: S311  (spreads load, guards nothing)


def reason_for(error: Retryable) -> FailureReason:
    return FailureReason.TIMEOUT if error.kind is RetryKind.TIMEOUT else FailureReason.PROVIDER_ERROR
