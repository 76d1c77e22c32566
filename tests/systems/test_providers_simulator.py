"""The client against the simulator: each kind of answer and fault that it can play comes out as what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from raiportal.sandbox.faults import KINDS
from systems import providers
from systems.providers.protocol import Call, FailureReason, Outcome, Retryable, RetryKind, Stop, StopCause, Target
from tests.sandbox.process import MODEL, RunningSimulator, running_simulator

EXPECTED = {
    "400": FailureReason.PROVIDER_ERROR,
    "401": StopCause.UNAUTHORIZED,
    "403": StopCause.FORBIDDEN,
    "404": StopCause.NOT_FOUND,
    "408": RetryKind.TIMEOUT,
    "429": RetryKind.RATE_LIMITED,
    "500": RetryKind.SERVER_ERROR,
    "502": RetryKind.SERVER_ERROR,
    "503": RetryKind.SERVER_ERROR,
    "504": RetryKind.SERVER_ERROR,
    "insufficient-quota": StopCause.QUOTA,
    "hang": RetryKind.TIMEOUT,
    "hang-body": RetryKind.TIMEOUT,
    "drip": RetryKind.TIMEOUT,
    "reset": RetryKind.CONNECTION,
    "reset-body": RetryKind.CONNECTION,
    "close": RetryKind.CONNECTION,
    "close-body": RetryKind.CONNECTION,
    "cut-json": FailureReason.UNPARSEABLE,
    "html": FailureReason.UNPARSEABLE,
    "empty": FailureReason.EMPTY,
    "no-choices": FailureReason.EMPTY,
    "wrong-type": FailureReason.UNPARSEABLE,
    "nan": FailureReason.UNPARSEABLE,
    "bom": Outcome.ANSWERED,
    "wrong-charset": FailureReason.UNPARSEABLE,
    "gzip-bomb": FailureReason.TOO_LARGE,
    "content-filter-prompt": Outcome.INPUT_BLOCKED,
    "content-filter": Outcome.OUTPUT_BLOCKED,
    "null-content": FailureReason.EMPTY,
    "tool-call": FailureReason.EMPTY,
    "unknown-finish": Outcome.ANSWERED,
    "nul": Outcome.ANSWERED,
    "lone-surrogate": Outcome.ANSWERED,
    "duplicate-keys": Outcome.ANSWERED,
    "huge-body": FailureReason.TOO_LARGE,
}
SLOW_KINDS = {"hang", "hang-body", "drip"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as running:
        yield running


def outcome_of(kind: str, simulator: RunningSimulator) -> str:
    """How a call that asks the simulator for `kind` ends: failure reason, outcome, retry kind or stop cause."""
    target = Target("openai_compatible", "model", f"http://127.0.0.1:{simulator.port}/v1", MODEL, allowlist=("127.0.0.1",))

    async def run() -> str:
        client = providers.open_client(target, "any-key-0123", 1)
        call = Call(({"role": "user", "content": f"How are you? [[simulate:{kind}]]"},))
        try:
            reply = await client.complete(call, deadline_seconds=0.5 if kind in SLOW_KINDS else 30)
        except Retryable as error:
            return error.kind
        except Stop as error:
            return error.cause
        finally:
            await client.aclose()
        return reply.reason or reply.outcome

    return asyncio.run(run())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fault_comes_out_as_what_it_is(kind: str, simulator: RunningSimulator) -> None:
    assert outcome_of(kind, simulator) == EXPECTED[kind]


def test_each_attempt_reaches_the_simulator_once(simulator: RunningSimulator) -> None:
    before = simulator.log()["calls"]
    for kind in ("500", "reset", "close-body"):
        outcome_of(kind, simulator)

    assert simulator.log()["calls"] == before + 3
