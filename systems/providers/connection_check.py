"""One real call to a target, for a person who wants to know whether it works."""

from __future__ import annotations

import asyncio
import time

from raiportal.errors import Invalid
from systems.providers.openai_client import OpenAIClient
from systems.providers.protocol import Call, CallError, FailureReason, Outcome, Provider, Reply, Stop, StopCause, Target, TestResult

DEADLINE_SECONDS = 15.0  # a person is waiting
ANSWER_LIMIT_CHARACTERS = 500
QUESTION = Call(messages=({"role": "user", "content": "Answer with one word: ready"},))

_ADVICE = {
    StopCause.QUOTA: "Top up the account or raise its limit.",
    StopCause.UNAUTHORIZED: "Check the key and enter it again.",
    StopCause.FORBIDDEN: "Ask the endpoint's owner for the right to use this model.",
    StopCause.NOT_FOUND: "Check the address and the model's name.",
    StopCause.ADDRESS_REFUSED: "",
}
_AZURE_NOT_FOUND = "Check the resource's address, the name of the deployment there and the API version. A new deployment takes some minutes to appear."
_ADDRESS_ADVICE = {
    Provider.OPENAI_COMPATIBLE: "Check that the address leads to an OpenAI-compatible API; it often ends in /v1.",
    Provider.AZURE_OPENAI: "Check that the address is that of an Azure OpenAI resource, with nothing after it.",
}
_WORDS = {
    Outcome.INPUT_BLOCKED: "The endpoint works, but its content filter blocked the test question.",
    Outcome.OUTPUT_BLOCKED: "The endpoint works, but its content filter blocked the answer to the test question.",
    Outcome.REFUSED: "The endpoint works, but the model refused to answer the test question.",
}


def check_connection(target: Target, api_key: str) -> TestResult:
    """Make one call and tell how it went. The error never repeats a body that is not in OpenAI's shape."""
    started = time.perf_counter()
    try:
        reply = asyncio.run(_reply(target, api_key))
    except (CallError, Invalid) as refusal:
        return TestResult(ok=False, latency_ms=_milliseconds_since(started), answer="", error=_explained(refusal, target))
    if reply.outcome is Outcome.ANSWERED:
        return TestResult(ok=True, latency_ms=reply.latency_ms, answer=reply.text[:ANSWER_LIMIT_CHARACTERS], error="")
    return TestResult(ok=False, latency_ms=reply.latency_ms, answer="", error=_told(reply, target))


async def _reply(target: Target, api_key: str) -> Reply:
    client = OpenAIClient(target, api_key, max_connections=1)
    try:
        return await client.complete(QUESTION, deadline_seconds=DEADLINE_SECONDS)
    finally:
        await client.aclose()


def _explained(refusal: CallError | Invalid, target: Target) -> str:
    advice = _ADVICE[refusal.cause] if isinstance(refusal, Stop) else ""
    if isinstance(refusal, Stop) and refusal.cause is StopCause.NOT_FOUND and target.provider == Provider.AZURE_OPENAI:
        advice = _AZURE_NOT_FOUND
    return f"{refusal.detail} {advice}".strip()


def _told(reply: Reply, target: Target) -> str:
    if reply.outcome in _WORDS:
        return _WORDS[reply.outcome]
    if reply.reason in (FailureReason.UNPARSEABLE, FailureReason.TOO_LARGE):
        return f"{reply.detail} {_ADDRESS_ADVICE[Provider(target.provider)]}"
    return reply.detail


def _milliseconds_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
