"""What the portal says to a model endpoint and what it hears back, free of any vendor's types.

One exchange ends in one of three ways: a `Reply` (final, stored as an output), `Retryable` (nothing final happened,
the same call may be made again) or `Stop` (no further call to this endpoint makes sense until a person acts).
Whoever makes calls decides how often and when to try again; a client never repeats a call by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Any, Protocol

AZURE_API_VERSION = "2024-10-21"  # the latest general release of Azure's API of deployments; taken where none is given


class Provider(StrEnum):
    """How requests are addressed and authenticated."""

    OPENAI_COMPATIBLE = "openai_compatible"
    AZURE_OPENAI = "azure_openai"


class TargetKind(StrEnum):
    """`model` gets our parameters; `application` (a team's own endpoint, with its own prompt and filters) does not."""

    MODEL = "model"
    APPLICATION = "application"


class Outcome(StrEnum):
    """How a finished exchange ended. A refusal counts only when the provider's refusal field says so."""

    ANSWERED = "answered"
    INPUT_BLOCKED = "input_blocked"
    OUTPUT_BLOCKED = "output_blocked"
    REFUSED = "refused"
    FAILED = "failed"


class FailureReason(StrEnum):
    """Why a finished exchange gave nothing to judge."""

    UNPARSEABLE = "unparseable"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    PROVIDER_ERROR = "provider_error"


class RetryKind(StrEnum):
    """What stood in the way of a call that may be made again."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"


class StopCause(StrEnum):
    """Why no further call makes sense: money, key, right, address gone, or an address that the endpoint guard refuses."""

    QUOTA = "quota"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    ADDRESS_REFUSED = "address_refused"


@dataclass(frozen=True, slots=True)
class Target:
    """Where calls go. `base_url` is the address without `/chat/completions` (for Azure the resource's address);
    `allowlist` holds the internal hosts (`host` or `host:port`) that may be called; `api_version` is Azure's."""

    provider: str
    target: str
    base_url: str
    model: str
    api_version: str = ""
    allowlist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request: chat messages as the API takes them, and parameters such as `temperature` or `max_tokens`."""

    messages: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished exchange. Every text in it can be stored in PostgreSQL (see `storable`).

    `body` is JSON text that casts to jsonb: the provider's own JSON object byte for byte, or, where that is no object
    or can't be stored as it came, a JSON string that holds the raw text; empty when nothing came. `filters` maps
    "prompt" and "completion" to {category: {"filtered", "severity", "detected"}}. `detail` is a sentence for people when
    the outcome is `failed`. `latency_ms` runs from the start of the call to its last byte; tokens are None when not reported.
    """

    outcome: Outcome
    status: int
    latency_ms: int
    reason: FailureReason | None = None
    detail: str = ""
    text: str = ""
    refusal: str = ""
    finish_reason: str = ""
    filters: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    model_reported: str = ""
    fingerprint: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    body: str = ""


class CallError(Exception):
    """An exchange without a final answer; `detail` is a sentence for people and never holds a key."""

    def __init__(self, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class Retryable(CallError):
    """The same call may be made again. `retry_after` is what the endpoint asked for, in seconds and uncapped; None if
    it asked for nothing that can be understood. `status` is None when no answer came."""

    def __init__(
        self,
        kind: RetryKind,
        detail: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail, status=status)
        self.kind = kind
        self.retry_after = retry_after


class Stop(CallError):
    """No further call to this endpoint makes sense until a person acts; pauses a run with `cause`."""

    def __init__(self, cause: StopCause, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail, status=status)
        self.cause = cause


class NotSent(CallError):
    """The moment before which the request had to go out was over; the endpoint saw nothing of it."""


class Client(Protocol):
    """An open line to one target. Safe to use from many tasks of one event loop at once."""

    async def complete(self, call: Call, *, deadline_seconds: float, send_before: float = inf) -> Reply:
        """Make one call, at most `deadline_seconds` of wall-clock time from start to last byte.

        Raises Retryable or Stop, or NotSent when `send_before` (monotonic seconds) has passed before the request goes out, as it has for
        a process that stood still. Cancelling it closes the connection the call was on.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection; calls still under way end as Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one real call to a target gave; `error` says in plain words what is wrong and what to do, empty if `ok`."""

    ok: bool
    latency_ms: int
    answer: str
    error: str
