"""Chat completions: from a request to the reply that is played to it, right or broken."""

import time
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from hmac import compare_digest

import orjson

from . import answers, behaviour, faults
from .answers import Answer, Refused
from .behaviour import Outcome, outcome_for
from .broken import Meeting, broken_reply
from .chat import Chat, parsed
from .directives import Directive, directives_in
from .log import Call
from .protocol import Reply, Request, http_head, http_message
from .settings import LONGEST_LATENCY_MS
from .simulator import Simulator
from .strata import RATES

EVENT_STREAM = b"text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request understood: the chat, its directives, the wait before its answer, and the digest of the key it came with."""

    chat: Chat
    directives: list[Directive]
    latency_ms: float
    key: str


def complete(simulator: Simulator, request: Request) -> Reply:
    """The reply to one chat completion call. Raises Refused for a request that is no call."""
    try:
        wanted = _understood(simulator, request)
    except Refused:
        simulator.log.reject()
        raise
    chat = wanted.chat
    call = simulator.log.begin(chat.prompt, chat.model, wanted.key, time.monotonic())
    outcome = _outcome(simulator, chat)
    fault = faults.fault_for(wanted.directives, chat.prompt, call.attempt, simulator.settings.shares, simulator.seed)
    call.stratum, call.outcome = outcome.stratum, outcome.kind.value if fault is None or fault.kind == "drip" else fault.kind
    latency_seconds = (wanted.latency_ms + simulator.settings.jitter_ms * (outcome.draw & 0xFFFF) / 0x10000) / 1000
    answer = Answer(_identifier(call), chat.name, _fingerprint(simulator.seed), chat.prompt_tokens, outcome)
    if fault is not None:
        whole = b"".join(_stream(answer, chat, request)) if chat.stream else _whole(answer, request)
        return broken_reply(Meeting(fault, call, answer, whole, latency_seconds, simulator.settings.retry_after))
    pieces = answers.paced(_stream(answer, chat, request), latency_seconds) if chat.stream else [(latency_seconds, _whole(answer, request))]
    return Reply(pieces, "200", call=call, completed=True)


def require_key(simulator: Simulator, request: Request) -> str:
    """The first characters of the SHA-256 of the presented key, or nothing; Refused when another key is asked for."""
    scheme, _, key = request.headers.get(b"authorization", b"").partition(b" ")
    digest = sha256(key.strip()).hexdigest() if key and scheme.lower() == b"bearer" else ""
    if simulator.key_digest is not None and not compare_digest(digest, simulator.key_digest):
        raise Refused(401, "The simulator was started with a key, and this is not it.", code="invalid_api_key")
    return digest[:12]


def _understood(simulator: Simulator, request: Request) -> Wanted:
    key = require_key(simulator, request)
    chat = parsed(request.body)
    directives = directives_in(chat.text)
    for directive in directives:
        _check(directive)
    return Wanted(chat, directives, _latency_ms(simulator, request, chat, directives), key)


def _check(directive: Directive) -> None:
    """Refuse a directive that names nothing, rather than let a test believe in it."""
    if directive.word == "stratum" and directive.kind not in RATES:
        raise Refused(400, f"There is no stratum {directive.kind!r}.", code="unknown_simulation")
    try:
        faults.check(directive)
    except faults.UnknownFault as error:
        raise Refused(400, str(error), code="unknown_simulation") from error


def _latency_ms(simulator: Simulator, request: Request, chat: Chat, directives: list[Directive]) -> float:
    """By directive, else by header, else by the model's suffix, else by the settings."""
    asked = faults.latency_asked_for(directives) if directives else None
    if asked is not None:
        return min(asked, LONGEST_LATENCY_MS)
    header = request.headers.get(b"x-simulator-latency-ms")
    if header is not None:
        if not header.isdigit():
            raise Refused(400, "X-Simulator-Latency-Ms is a whole number.", code="invalid_value")
        return min(float(header), LONGEST_LATENCY_MS)
    return simulator.settings.latency_ms if chat.suffix_latency_ms is None else chat.suffix_latency_ms


def _outcome(simulator: Simulator, chat: Chat) -> Outcome:
    outcome = outcome_for(chat.text, chat.model, simulator.seed, chat.system)
    return outcome if chat.max_tokens is None else behaviour.shortened(outcome, chat.max_tokens)


def _identifier(call: Call) -> str:
    return f"chatcmpl-sim{call.prompt[:16]}{call.number:08d}"


@lru_cache(maxsize=1)
def _fingerprint(seed: int) -> str:
    return f"fp_sim_{blake2b(str(seed).encode(), digest_size=5).hexdigest()}"


def _whole(answer: Answer, request: Request) -> bytes:
    return http_message(200, orjson.dumps(answers.completion(answer)), keep_alive=request.keep_alive)


def _stream(answer: Answer, chat: Chat, request: Request) -> list[bytes]:
    """Head and events of a streamed answer, each event a chunk of HTTP."""
    head = http_head(
        200,
        b"transfer-encoding: chunked\r\ncache-control: no-cache\r\n",
        content_type=EVENT_STREAM,
        keep_alive=request.keep_alive,
    )
    portions = [b"%x\r\n%s\r\n" % (len(event), event) for event in answers.events(answer, include_usage=chat.include_usage)]
    return [head + portions[0], *portions[1:-1], portions[-1] + b"0\r\n\r\n"]
