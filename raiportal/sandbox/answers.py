"""Answers: chat completions in the shapes of the OpenAI API, whole or as server-sent events."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from . import annotations
from .behaviour import Outcome
from .strata import MODELS

MODELS_CREATED = 1_735_689_600  # 2025-01-01, the same for every model
WORDS_PER_EVENT = 8
FIRST_EVENT_SHARE = 0.4  # of the latency passes before the first event of a stream
DONE = b"data: [DONE]\n\n"


class Refused(Exception):
    """A request that gets an error body: `status`, `code`, and `error` as OpenAI shapes it."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.error = error(message, code=code, param=param)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes into a completion besides the outcome: `model` as it is reported, the tokens of all messages, and whether a content filter
    annotates it, as Azure's does."""

    identifier: str
    model: str
    fingerprint: str
    prompt_tokens: int
    outcome: Outcome
    is_annotated: bool = False


def completion(answer: Answer) -> dict[str, object]:
    """A `chat.completion` object. Its text, tokens and finish reason depend on the prompt alone, `id` and `created` on the call."""
    body: dict[str, object] = {
        "id": answer.identifier,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": answer.outcome.content, "refusal": answer.outcome.refusal},
                "logprobs": None,
                "finish_reason": answer.outcome.finish_reason,
                **({"content_filter_results": annotations.of_answer(answer.outcome)} if answer.is_annotated else {}),
            }
        ],
        "usage": usage(answer),
        "system_fingerprint": answer.fingerprint,
    }
    if answer.is_annotated:
        body["prompt_filter_results"] = annotations.of_prompt(annotations.safe_results("prompt"))
    return body


def usage(answer: Answer) -> dict[str, int]:
    """Tokens in and out, and their sum."""
    prompt, written = answer.prompt_tokens, answer.outcome.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def events(answer: Answer, *, include_usage: bool) -> Iterator[bytes]:
    """The same completion as server-sent events, up to and with `[DONE]`."""
    base = {
        "id": answer.identifier,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": answer.model,
        "system_fingerprint": answer.fingerprint,
    }
    if include_usage:
        base["usage"] = None
    if answer.is_annotated:
        yield _data({**base, "choices": [], "prompt_filter_results": annotations.of_prompt(annotations.safe_results("prompt"))})
    name = "refusal" if answer.outcome.refusal is not None else "content"
    yield _event(base, {"role": "assistant", name: ""}, None)
    for words in _portions(answer.outcome.refusal or answer.outcome.content or ""):
        yield _event(base, {name: words}, None)
    yield _event(base, {}, answer.outcome.finish_reason)
    if include_usage:
        yield _data({**base, "choices": [], "usage": usage(answer)})
    yield DONE


def paced(portions: list[bytes], latency_seconds: float) -> Iterator[tuple[float, bytes]]:
    """The portions of a stream as pieces that take `latency_seconds` in all; one piece when there is no latency."""
    if latency_seconds <= 0 or len(portions) < 2:
        yield latency_seconds, b"".join(portions)
        return
    yield latency_seconds * FIRST_EVENT_SHARE, portions[0]
    pause = latency_seconds * (1 - FIRST_EVENT_SHARE) / (len(portions) - 1)
    for portion in portions[1:]:
        yield pause, portion


def model_card(name: str) -> dict[str, object]:
    """One entry of the list of models."""
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "simulator"}


def model_list() -> dict[str, object]:
    """All models."""
    return {"object": "list", "data": [model_card(name) for name in MODELS]}


def error(message: str, *, kind: str = "invalid_request_error", code: str | None = None, param: str | None = None) -> dict[str, object]:
    """An error body in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _event(base: dict[str, object], delta: dict[str, str], finish_reason: str | None) -> bytes:
    return _data({**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]})


def _data(chunk: dict[str, object]) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(chunk)


def _portions(text: str) -> Iterator[str]:
    """The text in pieces of some words, which joined are the text again."""
    words = text.split(" ")
    for start in range(0, len(words), WORDS_PER_EVENT):
        portion = " ".join(words[start : start + WORDS_PER_EVENT])
        yield portion if start == 0 else " " + portion
