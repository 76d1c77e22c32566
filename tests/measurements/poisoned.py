"""A worker's app in which one case ends the process that asks it, as one that takes all the memory would: `celery -A tests.measurements.poisoned`."""

from __future__ import annotations

import os
import signal
from math import inf

from raiportal.celery import app
from systems.providers import Call, Reply
from systems.providers.openai_client import OpenAIClient

POISON = "poison"

_complete = OpenAIClient.complete


async def _die_of_poison(self: OpenAIClient, call: Call, *, deadline_seconds: float, send_before: float = inf) -> Reply:
    if POISON in call.messages[-1]["content"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return await _complete(self, call, deadline_seconds=deadline_seconds, send_before=send_before)


OpenAIClient.complete = _die_of_poison  # type: ignore[method-assign]

__all__ = ["app"]
