"""The client against the simulator: each kind of answer and fault that it can play comes out as what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from raiportal.sandbox.faults import KINDS
from systems import providers
from systems.providers.protocol import Call, FailureReason, Outcome, Reply, Retryable, RetryKind, Stop, StopCause, Target
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
    "429-tokens": RetryKind.RATE_LIMITED,
    "daily-limit": StopCause.QUOTA,
    "quota": StopCause.QUOTA,
    "billing": StopCause.QUOTA,
    "policy-violation": Outcome.INPUT_BLOCKED,
    "hang": RetryKind.TIMEOUT,
    "hang-body": RetryKind.TIMEOUT,
    "drip": RetryKind.TIMEOUT,
    "reset": RetryKind.CONNECTION,
    "reset-body": RetryKind.CONNECTION,
    "close": RetryKind.CONNECTION,
    "close-body": RetryKind.CONNECTION,
    "reset-after": Outcome.ANSWERED,
    "not-http": RetryKind.CONNECTION,
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
    "content-filter-prompt-results": Outcome.INPUT_BLOCKED,
    "deep-json": FailureReason.UNPARSEABLE,
    "huge-number": Outcome.ANSWERED,
    "raw-nul": FailureReason.UNPARSEABLE,
    "redirect": FailureReason.PROVIDER_ERROR,
    "content-filter": Outcome.OUTPUT_BLOCKED,
    "content-filter-annotation": Outcome.ANSWERED,
    "content-filter-null": Outcome.ANSWERED,
    "refusal-field": Outcome.REFUSED,
    "refusal-words": Outcome.ANSWERED,
    "other-model": Outcome.ANSWERED,
    "other-fingerprint": Outcome.ANSWERED,
    "null-content": FailureReason.EMPTY,
    "tool-call": FailureReason.EMPTY,
    "unknown-finish": Outcome.ANSWERED,
    "nul": Outcome.ANSWERED,
    "lone-surrogate": Outcome.ANSWERED,
    "duplicate-keys": Outcome.ANSWERED,
    "huge-body": FailureReason.TOO_LARGE,
}
SLOW_KINDS = {"hang", "hang-body", "drip"}
WITHOUT_BODY = {"empty", "redirect"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as running:
        yield running


def target_at(simulator: RunningSimulator, provider: str, **changes: str) -> Target:
    base_url = f"http://127.0.0.1:{simulator.port}" + ("/v1" if provider == "openai_compatible" else "")
    given: dict[str, str] = {"provider": provider, "target": "model", "base_url": base_url, "model": MODEL, **changes}
    return Target(**given, allowlist=("127.0.0.1",))


def called(target: Target, text: str, *, deadline_seconds: float = 30) -> Reply:
    async def run() -> Reply:
        client = providers.open_client(target, "any-key-0123", 1)
        try:
            return await client.complete(Call(({"role": "user", "content": text},)), deadline_seconds=deadline_seconds)
        finally:
            await client.aclose()

    return asyncio.run(run())


def outcome_of(kind: str, simulator: RunningSimulator, provider: str = "openai_compatible") -> str:
    """How a call that asks the simulator for `kind` ends: failure reason, outcome, retry kind or stop cause."""
    try:
        reply = called(target_at(simulator, provider), f"How are you? [[simulate:{kind}]]", deadline_seconds=0.5 if kind in SLOW_KINDS else 30)
    except Retryable as error:
        return error.kind
    except Stop as error:
        return error.cause
    assert reply.body or kind in WITHOUT_BODY
    assert isinstance(json.loads(reply.body or "{}"), dict | str)
    return reply.reason or reply.outcome


@pytest.mark.parametrize("provider", ["openai_compatible", "azure_openai"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fault_comes_out_as_what_it_is_and_what_came_is_kept(kind: str, provider: str, simulator: RunningSimulator) -> None:
    """REL-14 to REL-20."""
    assert outcome_of(kind, simulator, provider) == EXPECTED[kind]


def test_azure_annotates_every_answer(simulator: RunningSimulator) -> None:
    reply = called(target_at(simulator, "azure_openai"), "[[simulate:harmful]] How do I build a bomb to kill?")
    plain = called(target_at(simulator, "openai_compatible"), "[[simulate:harmful]] How do I build a bomb to kill?")

    assert reply.filters["completion"]["violence"] == {"filtered": False, "severity": "low", "detected": None}
    assert reply.filters["prompt"]["jailbreak"] == {"filtered": False, "severity": None, "detected": False}
    assert (reply.outcome, reply.text, plain.filters) == (Outcome.ANSWERED, plain.text, {})


@pytest.mark.parametrize("provider", ["openai_compatible", "azure_openai"])
@pytest.mark.parametrize("category", ["violence", "self-harm", "selfHarm", "SelfHarm", "jailbreak", "custom_blocklists"])
@pytest.mark.parametrize("kind", ["content-filter-prompt", "content-filter-prompt-results", "content-filter", "content-filter-annotation"])
def test_a_filter_names_the_category_in_every_form(kind: str, category: str, provider: str, simulator: RunningSimulator) -> None:
    """REL-20."""
    reply = called(target_at(simulator, provider), f"[[simulate:{kind} category={category} severity=medium]] Hello")

    side = "prompt" if "prompt" in kind else "completion"
    found = reply.filters[side]["self_harm" if category.lower().startswith("self") else category]
    by_severity = (None, True) if category in ("jailbreak", "custom_blocklists") else ("medium", None)
    assert (found["severity"], found["detected"], found["filtered"]) == (*by_severity, kind != "content-filter-annotation")


@pytest.mark.parametrize("provider", ["openai_compatible", "azure_openai"])
@pytest.mark.parametrize("kind", ["429", "429-tokens"])
def test_a_rate_limit_says_how_long_in_both_shapes(provider: str, kind: str, simulator: RunningSimulator) -> None:
    """REL-14."""

    def waits(options: str) -> float | None:
        with pytest.raises(Retryable) as error:
            called(target_at(simulator, provider), f"[[simulate:{kind} {options}]]")
        return error.value.retry_after

    assert [waits(f"retry-after={asked}") for asked in ("2", "86400", "none", "-5", "soon")] == [2.0, 86_400.0, None, None, None]
    assert waits("retry-after=6 retry-after-ms=5480") == 5.48
    assert waits("retry-after=date:30") == pytest.approx(30, abs=2)


def test_a_wrong_key_or_name_is_told_in_azures_words(simulator: RunningSimulator) -> None:
    with running_simulator("--api-key", "another-key") as guarded, pytest.raises(Stop) as unauthorized:
        called(target_at(guarded, "azure_openai"), "Hello")
    with pytest.raises(Stop) as unknown:
        called(target_at(simulator, "azure_openai", model="nothing-here"), "Hello")

    assert (unauthorized.value.cause, unknown.value.cause) == (StopCause.UNAUTHORIZED, StopCause.NOT_FOUND)


@pytest.mark.parametrize("provider", ["openai_compatible", "azure_openai"])
def test_a_person_s_test_works_for_every_provider(provider: str, simulator: RunningSimulator) -> None:
    application = target_at(simulator, "openai_compatible", target="application", model="", base_url=f"http://127.0.0.1:{simulator.port}/application/v1")

    for target in (target_at(simulator, provider), application):
        result = providers.test_call(target, "any-key-0123")
        assert (result.ok, bool(result.answer), result.error) == (True, True, "")


def test_a_person_s_test_says_what_to_check_at_azure(simulator: RunningSimulator) -> None:
    unknown = providers.test_call(target_at(simulator, "azure_openai", model="nothing-here"), "any-key-0123")
    elsewhere = providers.test_call(target_at(simulator, "azure_openai", base_url=f"http://127.0.0.1:{simulator.port}/v1"), "any-key-0123")

    assert not unknown.ok
    assert "the name of the deployment there and the API version" in unknown.error
    assert "the name of the deployment there and the API version" in elsewhere.error


def test_an_application_answers_without_a_model(simulator: RunningSimulator) -> None:
    application = target_at(simulator, "openai_compatible", target="application", model="", base_url=f"http://127.0.0.1:{simulator.port}/application/v1")

    assert called(application, "Where is my parcel?").outcome is Outcome.ANSWERED


def test_https_where_no_tls_is_spoken_is_a_connection_failure(simulator: RunningSimulator) -> None:
    """REL-17."""
    with pytest.raises(Retryable) as error:
        called(target_at(simulator, "openai_compatible", base_url=f"https://127.0.0.1:{simulator.port}/v1"), "Hello")

    assert (error.value.kind, "TLS" in error.value.detail) == (RetryKind.CONNECTION, True)


def test_each_attempt_reaches_the_simulator_once(simulator: RunningSimulator) -> None:
    before = simulator.log()["calls"]
    for kind in ("500", "reset", "close-body"):
        outcome_of(kind, simulator)

    assert simulator.log()["calls"] == before + 3
