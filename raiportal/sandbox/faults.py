"""Faults: which one a call meets, and what each one sends.

A fault is asked for by a directive in the prompt, `[[simulate:KIND times=2]]` (only the first two attempts of that prompt;
without `times` every attempt; several directives come one after the other), or by share in the settings, decided by a hash of
prompt and attempt number, so that a retry can succeed. Options: `retry-after` of a 429 (`2`, `date:2`, `none`, or any
other text as it is) and of any other status, `retry-after-ms` beside it, `seconds` of `hang`, `hang-body` and `drip`, `bytes` of `huge-body` and
`gzip-bomb`; those of the content filter are in `annotations`. At the address of Azure's, errors come in Azure's shape.

A failed TLS handshake needs no fault (call this port with https), nor does a name that can't be resolved or a port where nothing listens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from .annotations import OPTIONS
from .behaviour import KINDS as OUTCOME_KINDS
from .directives import Directive
from .judging import KINDS as JUDGE_KINDS

STATUSES: dict[str, tuple[int, str, str, str]] = {
    # kind: status, type, code, message
    "400": (400, "invalid_request_error", "invalid_value", "Simulated: the request is not acceptable."),
    "401": (401, "invalid_request_error", "invalid_api_key", "Simulated: the key is not valid."),
    "403": (403, "permission_error", "permission_denied", "Simulated: this key may not use the model."),
    "404": (404, "invalid_request_error", "model_not_found", "Simulated: the model does not exist any more."),
    "408": (408, "timeout_error", "request_timeout", "Simulated: the request took too long."),
    "429": (429, "requests", "rate_limit_exceeded", "Simulated: rate limit reached."),
    "429-tokens": (429, "tokens", "rate_limit_exceeded", "Simulated: rate limit reached on tokens per min."),
    "daily-limit": (429, "requests", "rate_limit_exceeded", "Simulated: rate limit reached on requests per day (RPD)."),
    "quota": (429, "insufficient_quota", "insufficient_quota", "Simulated: you exceeded your current quota."),
    "billing": (429, "billing_not_active", "billing_not_active", "Simulated: the account is not active."),
    "policy-violation": (400, "invalid_request_error", "invalid_prompt", "Simulated: the prompt was flagged as violating our usage policy."),
    "insufficient-quota": (429, "insufficient_quota", "insufficient_quota", "Simulated: the quota is used up."),
    "500": (500, "server_error", "internal_error", "Simulated: the server had an error."),
    "502": (502, "server_error", "bad_gateway", "Simulated: bad gateway."),
    "503": (503, "server_error", "overloaded", "Simulated: the engine is overloaded."),
    "504": (504, "server_error", "gateway_timeout", "Simulated: the gateway timed out."),
}
AZURE_CODES: dict[str, tuple[str, str]] = {
    # kind: code, message; of the others the code is the status, or the model's own for 400
    "404": ("DeploymentNotFound", "Simulated: the API deployment for this resource does not exist."),
    "429": ("429", "Simulated: requests have exceeded call rate limit of the pricing tier. Please retry later."),
    "429-tokens": ("429", "Simulated: requests have exceeded token rate limit of the pricing tier. Please retry later."),
    "daily-limit": ("429", "Simulated: the daily limit of requests of this resource was reached."),
    "billing": ("429", "Simulated: the billing limit of the subscription was reached."),
    "quota": ("429", "Simulated: the monthly quota of this resource is used up."),
    "500": ("InternalServerError", "Simulated: the server had an error."),
    "503": ("ServiceUnavailable", "Simulated: the service is temporarily unable to process the request."),
}
WAITING_KINDS = ("429", "429-tokens")  # their Retry-After is that of the settings unless the directive has one
CONNECTION_KINDS = {
    "hang": "nothing is sent for `seconds` (600), then the connection is closed",
    "hang-body": "headers and half of the body, then as `hang`",
    "drip": "the right answer, one byte each `seconds` (1)",
    "reset": "TCP reset before the response",
    "reset-body": "headers and half of the body, then a TCP reset",
    "reset-after": "the right answer, then a TCP reset",
    "close": "closed without an answer",
    "close-body": "headers and half of the body, then closed",
    "not-http": "bytes that are no HTTP",
}
BODY_KINDS = {
    "cut-json": "status 200, JSON that stops in the middle",
    "html": "status 200, an HTML page",
    "empty": "status 200, no body",
    "no-choices": "an empty list of choices",
    "wrong-type": "choices is a text",
    "nan": "usage holds NaN, which is not JSON",
    "bom": "a byte order mark before the JSON",
    "wrong-charset": "says and uses ISO-8859-1",
    "gzip-bomb": "a small gzip body that unpacks to `bytes` (1,000,000,000)",
    "deep-json": "an object nested 100,000 deep",
    "huge-number": "a whole number of 20,000 digits beside a right answer",
    "raw-nul": "the byte 0 within the content, which is not JSON",
    "redirect": "status 307, to another address",
    "content-filter-prompt": "status 400 in Azure's shape: the prompt was blocked",
    "content-filter-prompt-results": "the same in the other spelling, with the results at the error itself",
}
ANSWER_KINDS = {
    "content-filter": "finish_reason content_filter, empty content, categories in Azure's shape",
    "content-filter-annotation": "a right answer in which the filter found something and blocked nothing",
    "content-filter-null": "the same with a severity of null",
    "refusal-field": "a refusal in the refusal field",
    "refusal-words": "a refusal in words",
    "other-model": "a right answer that reports another model",
    "other-fingerprint": "a right answer that reports another fingerprint",
    "null-content": "content is null and there is no refusal",
    "tool-call": "a tool call in place of content",
    "unknown-finish": "finish_reason that no documentation lists",
    "nul": "U+0000 in the content",
    "lone-surrogate": "an escaped lone surrogate in the content",
    "duplicate-keys": "the key choices twice, first an empty list",
    "huge-body": "content of `bytes` (50,000,000)",
}
LATENCY = "latency"  # [[simulate:latency ms=500]] is no fault, but asked for in the same way
NUMBERS = ("times", "seconds", "bytes", "ms", "value", "retry-after-ms")
KINDS = frozenset({*STATUSES, *CONNECTION_KINDS, *BODY_KINDS, *ANSWER_KINDS})
COMPLETED_KINDS = frozenset({*ANSWER_KINDS, "drip", "reset-after", "huge-number"})  # the call was answered, as far as a bill is concerned


def meaning(kind: str) -> str:
    """What a kind of fault is, in words."""
    return {**CONNECTION_KINDS, **BODY_KINDS, **ANSWER_KINDS}.get(kind) or f"status {STATUSES[kind][0]}: {STATUSES[kind][3].removeprefix('Simulated: ')}"


class UnknownFault(ValueError):
    """A directive names a kind or an option value that does not exist; the message says which."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault a call meets: its kind, one of KINDS, and its options as written."""

    kind: str
    options: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """An option as a number of at least 0; raises UnknownFault for anything else."""
        try:
            value = float(self.options.get(name, default))
        except ValueError as error:
            raise UnknownFault(f"{name} of {self.kind} is not a number.") from error
        if not 0 <= value < float("inf"):
            raise UnknownFault(f"{name} of {self.kind} is not a number of at least 0.")
        return value


def fault_for(directives: list[Directive], prompt: str, attempt: int, shares: Mapping[str, float], seed: int) -> Fault | None:
    """The fault that attempt number `attempt` (from 1) of a prompt meets; directives, which were checked, come before shares."""
    left = attempt
    for fault in (Fault(directive.kind, directive.options) for directive in directives if is_fault(directive)):
        times = fault.number("times", left)
        if left <= times:
            return fault
        left -= int(times)
    return _by_share(prompt, attempt, shares, seed) if shares else None


def check(directive: Directive) -> None:
    """Raise UnknownFault for a kind that does not exist and for an option that is no number."""
    fault = Fault(directive.kind, directive.options)
    if is_fault(directive) and fault.kind not in KINDS:
        raise UnknownFault(f"There is no simulation {fault.kind!r}.")
    if directive.word == "judge" and fault.kind not in KINDS | JUDGE_KINDS:
        raise UnknownFault(f"A judge has nothing called {fault.kind!r}.")
    for name in NUMBERS:
        fault.number(name, 0)
    for name, known in OPTIONS.items():
        if fault.options.get(name, next(iter(known))) not in known:
            raise UnknownFault(f"{name} of {fault.kind} is one of {', '.join(sorted(known))}.")


def for_judges(directives: list[Directive]) -> list[Directive]:
    """Those of a judged prompt that are faults, as they would be written for the judge's own call."""
    return [replace(directive, word="simulate") for directive in directives if directive.word == "judge" and directive.kind in KINDS]


def latency_asked_for(directives: list[Directive]) -> float | None:
    """Milliseconds that a `latency` directive asks for, or None."""
    asked = (Fault(LATENCY, directive.options) for directive in directives if directive.word == "simulate" and directive.kind == LATENCY)
    return next((fault.number("ms", 0) for fault in asked), None)


def is_fault(directive: Directive) -> bool:
    """Whether a directive asks for a fault rather than for an outcome, a latency or a stratum."""
    return directive.word == "simulate" and directive.kind != LATENCY and directive.kind.replace("-", "_") not in OUTCOME_KINDS


def _by_share(prompt: str, attempt: int, shares: Mapping[str, float], seed: int) -> Fault | None:
    digest = blake2b(f"{seed}\0{prompt}\0{attempt}".encode(), digest_size=8).digest()
    draw = int.from_bytes(digest, "big") / 2**64
    for kind in sorted(shares):
        draw -= shares[kind]
        if draw < 0:
            return Fault(kind)
    return None
