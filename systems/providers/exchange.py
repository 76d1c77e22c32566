"""A finished HTTP exchange, judged: a final `Reply`, or `Retryable`, or `Stop`. No vendor's type, no network.

The status decides first, then the body. A hit of a content filter is an outcome whatever its status, since it says
something about the prompt or the answer and not about the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from systems.providers import filters, json_body
from systems.providers.protocol import FailureReason, Outcome, Reply, Retryable, RetryKind, Stop, StopCause
from systems.providers.retry_after import seconds_to_wait
from systems.providers.storable import storable

MESSAGE_LIMIT_CHARACTERS = 500  # of a provider's error message
REQUEST_TIMEOUT, TOO_MANY_REQUESTS = 408, 429

_QUOTA_STATUSES = frozenset({400, 403, TOO_MANY_REQUESTS})  # 403 from the gateway in front of many an Azure resource
_QUOTA_CODES = frozenset(
    {"insufficientquota", "billinghardlimitreached", "billingnotactive", "quotaexceeded", "dailyquotaexceeded", "monthlyquotaexceeded", "tokenquotaexceeded"}
)
_LONG_PERIOD = re.compile(
    r"\b(daily|weekly|monthly)\b[^.]{0,40}\b(quota|limit)\b|\b(quota|limit)\b[^.]{0,40}\bper (day|week|month)\b|\b(requests|tokens) per (day|week|month)\b"
)
_SPENT = re.compile(
    r"exceeded (your|the) (current |assigned |allocated )?quota|quota (is |was |has been )?(exceeded|exhausted|used up|reached)"
    r"|out of (call volume|bandwidth) quota|billing (hard )?limit|insufficient (balance|credit|funds)|credit balance"
)
_SHORT_PERIOD = re.compile(r"rate limit|per (second|minute)")
_STOPS = {
    401: (StopCause.UNAUTHORIZED, "The endpoint does not accept the key."),
    402: (StopCause.QUOTA, "The account behind this key has no credit left."),
    403: (StopCause.FORBIDDEN, "The key may not use this model."),
    404: (StopCause.NOT_FOUND, "The endpoint does not know this address or this model."),
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """`content` is the body without compression and without the key; `truncated` if only its beginning is there."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    truncated: bool
    latency_ms: int


def judge(exchange: Exchange) -> Reply:
    """The reply that an exchange ends with. Raises Retryable for 408, 429 and 5xx, Stop for spent quota, 401, 402, 403 and 404."""
    data, body = json_body.parse(exchange.content)
    if not 200 <= exchange.status < 300:
        return _refusal(exchange, data, body)
    if exchange.truncated:
        return _failed(exchange, FailureReason.TOO_LARGE, "The answer is larger than the portal accepts.", body)
    if not exchange.content.strip():
        return _failed(exchange, FailureReason.EMPTY, "The endpoint answered with nothing.", body)
    if not isinstance(data, dict):
        return _failed(exchange, FailureReason.UNPARSEABLE, "The endpoint answered with something that is not a JSON object.", body)
    return _answer(exchange, data, body)


def provider_message(data: Any) -> str:
    """The error message of a body in OpenAI's shape, shortened; empty for any other body."""
    error = data.get("error") if isinstance(data, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return storable(" ".join(message.split())[:MESSAGE_LIMIT_CHARACTERS]) if isinstance(message, str) else ""


def _answer(exchange: Exchange, data: dict[str, Any], body: str) -> Reply:
    """The reply of a 2xx answer that is a JSON object."""
    error = data.get("error")
    if isinstance(error, dict) and not data.get("choices"):
        if filters.is_blocked(error):
            return _input_blocked(exchange, data, body)
        return _failed(exchange, FailureReason.PROVIDER_ERROR, provider_message(data) or "The endpoint reported an error.", body)
    choices = data.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return _failed(exchange, FailureReason.UNPARSEABLE, "The answer has no list of choices.", body)
    if not choices:
        return _failed(exchange, FailureReason.EMPTY, "The answer has no choice in it.", body)
    return _first_choice(exchange, data, choices[0], body)


def _first_choice(exchange: Exchange, data: dict[str, Any], choice: dict[str, Any], body: str) -> Reply:
    message = choice.get("message")
    message = {} if message is None else message  # some gateways leave it out where a filter took the answer away
    text, refusal = (_text(message.get("content"), "text"), _refusal_text(message)) if isinstance(message, dict) else (None, None)
    if text is None or refusal is None:
        return _failed(exchange, FailureReason.UNPARSEABLE, "The answer's message is not in the expected form.", body)
    finish_reason = _word(choice.get("finish_reason"))
    usage = data["usage"] if isinstance(data.get("usage"), dict) else {}
    reply = Reply(
        outcome=Outcome.ANSWERED,
        status=exchange.status,
        latency_ms=exchange.latency_ms,
        text=storable(text),
        refusal=storable(refusal),
        finish_reason=finish_reason,
        filters=filters.filter_results(data) if b"content_filter" in exchange.content else {},
        model_reported=_word(data.get("model")),
        fingerprint=_word(data.get("system_fingerprint")),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        body=body,
    )
    if finish_reason == "content_filter":
        return replace(reply, outcome=Outcome.OUTPUT_BLOCKED)
    if refusal:
        return replace(reply, outcome=Outcome.REFUSED)
    if not text.strip():
        detail = "The model called a tool instead of answering." if message.get("tool_calls") else "The answer has no text."
        return replace(reply, outcome=Outcome.FAILED, reason=FailureReason.EMPTY, detail=detail)
    return reply


def _refusal(exchange: Exchange, data: Any, body: str) -> Reply:
    """What a status outside 2xx means."""
    error = _error_object(data)
    status, message = exchange.status, provider_message(data)
    if status < 500 and filters.is_blocked(error):
        return _input_blocked(exchange, data, body)
    if status in _QUOTA_STATUSES and _is_quota(error):
        raise Stop(StopCause.QUOTA, f"The quota behind this key is used up. It said: {message}" if message else _STOPS[402][1], status=status)
    if status in _STOPS:
        cause, sentence = _STOPS[status]
        raise Stop(cause, f"{sentence} It said: {message}" if message else sentence, status=status)
    if status in (REQUEST_TIMEOUT, TOO_MANY_REQUESTS) or status >= 500:
        kind = {REQUEST_TIMEOUT: RetryKind.TIMEOUT, TOO_MANY_REQUESTS: RetryKind.RATE_LIMITED}.get(status, RetryKind.SERVER_ERROR)
        raise Retryable(kind, message or f"The endpoint answered with status {status}.", retry_after=seconds_to_wait(exchange.headers), status=status)
    if 300 <= status < 400:
        message = "The endpoint redirects to another address. The portal follows no redirects; enter the final address."
    return _failed(exchange, FailureReason.PROVIDER_ERROR, message or f"The endpoint answered with status {status}.", body)


def _input_blocked(exchange: Exchange, data: dict[str, Any], body: str) -> Reply:
    return Reply(
        outcome=Outcome.INPUT_BLOCKED,
        status=exchange.status,
        latency_ms=exchange.latency_ms,
        filters=filters.filter_results(data),
        detail=provider_message(data),
        body=body,
    )


def _failed(exchange: Exchange, reason: FailureReason, detail: str, body: str) -> Reply:
    return Reply(outcome=Outcome.FAILED, status=exchange.status, latency_ms=exchange.latency_ms, reason=reason, detail=detail, body=body)


def _error_object(data: Any) -> Mapping[str, Any]:
    """The `error` of a body, or the body itself where a gateway leaves that level out."""
    if not isinstance(data, dict):
        return {}
    error = data.get("error")
    return error if isinstance(error, dict) else data


def _is_quota(error: Mapping[str, Any]) -> bool:
    """Whether money or a quota of days is used up, rather than a limit that waiting for some seconds or minutes lifts.

    Codes tell it in OpenAI's shape; Azure says "429" for all and puts it into words ("call rate limit", "token rate limit" pass by waiting).
    """
    codes = {re.sub(r"[^a-z]", "", str(error.get(key)).lower()) for key in ("code", "type")}
    if codes & _QUOTA_CODES:
        return True
    words = str(error.get("message")).lower()[:MESSAGE_LIMIT_CHARACTERS]
    return bool(_LONG_PERIOD.search(words) or (_SPENT.search(words) and not _SHORT_PERIOD.search(words)))


def _text(content: Any, kind: str) -> str | None:
    """Plain text of a message's content: a string, null, or a list of parts; None for anything else."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return None
    pieces = [part.get(kind) for part in content if part.get("type") == kind]
    return "".join(pieces) if all(isinstance(piece, str) for piece in pieces) else None


def _refusal_text(message: Mapping[str, Any]) -> str | None:
    """The refusal field, in the message or among the parts of its content; None if it is no text."""
    refusal = message.get("refusal")
    if refusal is None and isinstance(message.get("content"), list):
        return _text(message["content"], "refusal")
    return refusal if isinstance(refusal, str) else "" if refusal is None else None


def _word(value: Any) -> str:
    return storable(value[:MESSAGE_LIMIT_CHARACTERS]) if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    """A token count that fits PostgreSQL's integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
