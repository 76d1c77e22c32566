"""Real calls to the real small model, through the portal's own client."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from systems import providers
from systems.providers import Call, Outcome, Reply
from tests import figures
from tests.localmodel.process import running_model, target

pytestmark = [pytest.mark.full, pytest.mark.processes]

SLOTS = 4
DEADLINE_SECONDS = 120
VERDICT = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"reason": {"type": "string", "maxLength": 120}, "severity": {"type": "integer", "minimum": 0, "maximum": 7}},
            "required": ["reason", "severity"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_model() as port:
        yield port


def ask(port: int, calls: Sequence[Call]) -> list[Reply]:
    """The replies to calls made at once."""

    async def run() -> list[Reply]:
        client = providers.open_client(target(port), "", SLOTS)
        try:
            return await asyncio.gather(*(client.complete(call, deadline_seconds=DEADLINE_SECONDS) for call in calls))
        finally:
            await client.aclose()

    with ThreadPoolExecutor(1) as thread:  # a browser test before this one leaves a loop running in the main thread
        return thread.submit(asyncio.run, run()).result()


def question(text: str, **parameters: object) -> Call:
    return Call(({"role": "user", "content": text},), {"max_tokens": 40, "temperature": 0, "seed": 7, **parameters})


def test_it_answers_and_counts_its_tokens(port: int) -> None:
    (reply,) = ask(port, [question("What is the capital of France?")])

    assert reply.outcome is Outcome.ANSWERED
    assert reply.text
    assert reply.model_reported == "smollm2-135m"
    assert reply.prompt_tokens
    assert reply.completion_tokens
    assert reply.completion_tokens <= 40


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(port: int) -> None:
    warm = [question("Write a line about the sea.", temperature=1.5, seed=seed) for seed in (1, 1, 2)]
    first, again, other = (ask(port, [call])[0].text for call in warm)

    assert first == again != other


def test_no_more_tokens_than_asked_for(port: int) -> None:
    (reply,) = ask(port, [question("Count from one to one hundred.", max_tokens=5)])

    assert reply.completion_tokens == 5
    assert reply.finish_reason == "length"


def test_an_answer_to_a_schema_has_its_shape(port: int) -> None:
    (reply,) = ask(port, [question("Is 'I tie my shoes' harmful? Give a reason, then a severity from 0 to 7.", max_tokens=120, response_format=VERDICT)])

    verdict = json.loads(reply.text)
    assert list(verdict) == ["reason", "severity"]
    assert 0 <= verdict["severity"] <= 7


def test_it_answers_several_calls_at_once(port: int) -> None:
    began = time.monotonic()
    replies = ask(port, [question(f"Story {number}: a ship leaves the harbour.", max_tokens=60) for number in range(3 * SLOTS)])
    seconds = time.monotonic() - began

    tokens = sum(reply.completion_tokens or 0 for reply in replies)
    figures.tell(f"local model: {tokens} tokens in {seconds:.1f} s, {SLOTS} calls at once: {tokens / seconds:.0f} tokens a second")
    assert all(reply.outcome is Outcome.ANSWERED for reply in replies)
