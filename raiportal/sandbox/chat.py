"""Chat requests: what the simulator reads from the body of a chat completion call."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import orjson

from .answers import Refused
from .behaviour import tokens_in
from .doors import APPLICATION, APPLICATION_METAPROMPT, APPLICATION_TAKES, OPENAI, Door
from .judging import Question, question_in
from .settings import LONGEST_LATENCY_MS
from .strata import MODELS

MESSAGE_TOKENS = 4  # that a message costs beside its text


@dataclass(frozen=True, slots=True)
class Chat:
    """What matters of a chat completion request. `prompt` is the digest by which the log knows it; that of a judge's
    question leaves out the marker, so that all votes on one answer ask the same."""

    name: str  # the model as the caller wrote it
    model: str
    suffix_latency_ms: float | None
    system: str
    text: str
    prompt: str
    prompt_tokens: int
    stream: bool
    include_usage: bool
    max_tokens: int | None
    question: Question | None  # when a judge is asked


def loaded(body: bytes) -> object:
    """The JSON of a body; Refused when it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "The body is not valid JSON.", code="invalid_json") from error


def parsed(body: bytes, door: Door = OPENAI) -> Chat:
    """The chat request in a body that came through `door`; Refused says what is wrong with it."""
    data = loaded(body)
    if not isinstance(data, dict):
        raise Refused(400, "The body is a JSON object.", code="invalid_json")
    if door is APPLICATION and (taken := sorted(set(data) - APPLICATION_TAKES)):
        raise Refused(400, "This application has parameters of its own and takes none.", param=str(taken[0]))
    name, messages = door.model or data.get("model"), data.get("messages")
    if not isinstance(name, str) or not name:
        raise Refused(400, "You must name a model.", param="model")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages is a list of at least one message.", param="messages")
    if data.get("n", 1) not in (1, None):
        raise Refused(400, "The simulator gives one choice: n is 1.", param="n")
    model, suffix_latency = model_and_latency(name)
    pairs = [_message(message) for message in messages]
    if door is APPLICATION:
        pairs.insert(0, ("system", APPLICATION_METAPROMPT))
    system = "\n".join(text for role, text in pairs if role in ("system", "developer"))
    user = next((text for role, text in reversed(pairs) if role == "user"), "")
    options = data.get("stream_options")
    question = question_in(data["response_format"], user) if "response_format" in data else None
    return Chat(
        name=name,
        model=model,
        suffix_latency_ms=suffix_latency,
        system=system,
        text=user,
        prompt=prompt_digest(model, _without_marker(pairs, question) if question else pairs, data.get("seed")),
        prompt_tokens=sum(MESSAGE_TOKENS + tokens_in(text) for _, text in pairs),
        stream=_flag(data, "stream"),
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        max_tokens=_max_tokens(data),
        question=question,
    )


def _without_marker(pairs: list[tuple[str, str]], question: Question) -> list[tuple[str, str]]:
    """A judge's question as it is the same for every vote: the marker is drawn anew each time."""
    return [(role, text.replace(question.marker, "MARKER")) for role, text in pairs]


def _message(message: object) -> tuple[str, str]:
    """Role and text of a message; the texts of content in parts are joined by line ends."""
    role, content = (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
    if not isinstance(role, str):
        raise Refused(400, "Each message is an object with a role.", param="messages")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "\n".join(part for part in parts if isinstance(part, str))
    if content is not None and not isinstance(content, str):
        raise Refused(400, "The content of a message is a text or a list of parts.", param="messages")
    return role, content or ""


def _flag(data: Mapping[str, object], name: str) -> bool:
    value = data.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refused(400, f"{name} is true or false.", param=name)
    return bool(value)


def _max_tokens(data: Mapping[str, object]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = data.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise Refused(400, f"{name} is a whole number of at least 1.", param=name)
            return value
    return None


def prompt_digest(model: str, messages: list[tuple[str, str]], seed: object = None) -> str:
    """Digest by which the log knows a prompt: of the model without its suffix, roles and texts, and the request's `seed`."""
    return blake2b(orjson.dumps([model, messages, seed]), digest_size=12).hexdigest()


@lru_cache(maxsize=256)
def model_and_latency(name: str) -> tuple[str, float | None]:
    """A model and the latency in its suffix: `sim-chat-small@200ms`."""
    model, _, suffix = name.partition("@")
    if model not in MODELS:
        raise Refused(404, f"There is no model {name[:100]!r} here.", code="model_not_found", param="model")
    if not suffix:
        return model, None
    if not (suffix.endswith("ms") and suffix[:-2].isdecimal() and suffix[:-2].isascii()):
        raise Refused(404, f"The suffix of {name[:100]!r} is a latency, as in {model}@200ms.", code="model_not_found", param="model")
    return model, min(float(suffix[:-2]), LONGEST_LATENCY_MS)
