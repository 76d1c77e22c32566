"""Chat completions: from a request to the reply that is played to it, right or broken."""

import time
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from hmac import compare_digest

import orjson

from . import answers, behaviour, faults, judging
from .answers import Answer, Refused
from .behaviour import Kind, Outcome, outcome_for
from .broken import Meeting, broken_reply, changed_fingerprint, changed_model
from .chat import Chat, parsed
from .directives import Directive, directives_in
from .doors import OPENAI, Door
from .faults import Fault
from .judging import Question
from .log import Call
from .protocol import Reply, Request, http_head, http_message
from .settings import LONGEST_LATENCY_MS
from .simulator import Simulator
from .strata import GENERAL, RATES

EVENT_STREAM = b"text/event-stream; charset=utf-8"
RIGHT_ANSWERS = frozenset({"drip", "reset-after", "huge-number", "other-model", "other-fingerprint", "content-filter-annotation", "content-filter-null"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request understood: the chat, its directives, the wait before its answer, and the digest of the key it came with."""

    chat: Chat
    directives: list[Directive]
    latency_ms: float
    key: str


def complete(simulator: Simulator, request: Request, door: Door = OPENAI) -> Reply:
    """The reply to one chat completion call. Raises Refused for a request that is no call."""
    try:
        wanted = _understood(simulator, request, door)
    except Refused:
        simulator.log.reject()
        raise
    chat, now = wanted.chat, time.monotonic()
    call = simulator.log.begin(chat.prompt, chat.model, wanted.key, now, asks_judge=chat.question is not None)
    outcome, said = _vote(simulator, chat, chat.question, call) if chat.question else _outcome(simulator, chat)
    fault = _fault(simulator, wanted, call, now)
    call.stratum, call.outcome = outcome.stratum, said if fault is None or fault.kind in RIGHT_ANSWERS else fault.kind
    latency_seconds = (wanted.latency_ms + simulator.settings.jitter_ms * (outcome.draw & 0xFFFF) / 0x10000) / 1000
    answer = _answer(simulator, call, chat, outcome, door)
    if fault is not None:
        whole = b"".join(_stream(answer, chat, request)) if chat.stream else _whole(answer, request)
        return broken_reply(Meeting(fault, call, answer, whole, latency_seconds, simulator.settings.retry_after, door.is_azure))
    pieces = answers.paced(_stream(answer, chat, request), latency_seconds) if chat.stream else [(latency_seconds, _whole(answer, request))]
    return Reply(pieces, "200", call=call, completed=True)


def _fault(simulator: Simulator, wanted: Wanted, call: Call, now: float) -> Fault | None:
    """The fault that this call meets: an outage before all others."""
    settings = simulator.settings
    outage = settings.outage_at(now)
    if outage is not None:
        return Fault(outage)
    return faults.fault_for(wanted.directives, wanted.chat.prompt, call.attempt, settings.shares, simulator.seed)


def _answer(simulator: Simulator, call: Call, chat: Chat, outcome: Outcome, door: Door) -> Answer:
    """The answer, with the model and the fingerprint that are reported by now."""
    settings, name, fingerprint = simulator.settings, chat.name, _fingerprint(simulator.seed)
    if settings.model_changes_after is not None and call.number > settings.model_changes_after:
        name = changed_model(name)
    if settings.fingerprint_changes_after is not None and call.number > settings.fingerprint_changes_after:
        fingerprint = changed_fingerprint(fingerprint)
    return Answer(_identifier(call), name, fingerprint, chat.prompt_tokens, outcome, door.is_azure)


def require_key(simulator: Simulator, request: Request, door: Door = OPENAI) -> str:
    """The first characters of the SHA-256 of the presented key, or nothing; Refused when another key is asked for."""
    scheme, _, key = (b"", b"", request.headers.get(b"api-key", b"")) if door.is_azure else request.headers.get(b"authorization", b"").partition(b" ")
    digest = sha256(key.strip()).hexdigest() if key and (door.is_azure or scheme.lower() == b"bearer") else ""
    if simulator.key_digest is not None and not compare_digest(digest, simulator.key_digest):
        raise Refused(401, "The simulator was started with a key, and this is not it.", code="invalid_api_key")
    return digest[:12]


def _understood(simulator: Simulator, request: Request, door: Door) -> Wanted:
    key = require_key(simulator, request, door)
    chat = parsed(request.body, door)
    directives = chat.question.directives if chat.question else directives_in(chat.text)
    for directive in directives:
        _check(directive)
    if chat.question:
        directives = faults.for_judges(directives)
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


def _outcome(simulator: Simulator, chat: Chat) -> tuple[Outcome, str]:
    """What a model answers, and what the log says of it."""
    outcome = outcome_for(chat.text, chat.model, simulator.seed, chat.system)
    if chat.max_tokens is not None:
        outcome = behaviour.shortened(outcome, chat.max_tokens)
    return outcome, outcome.kind.value


def _vote(simulator: Simulator, chat: Chat, question: Question, call: Call) -> tuple[Outcome, str]:
    """What the judge answers, and what the log says of it."""
    vote = judging.vote_on(question, asked=chat.prompt, number=call.attempt, model=chat.model, seed=simulator.seed, rates=simulator.settings.judge)
    kind = Kind.SAFE if vote.refusal is None else Kind.REFUSED_IN_FIELD
    written = behaviour.tokens_in(vote.content or vote.refusal or "")
    return Outcome(kind, GENERAL, vote.content, vote.refusal, "stop", written, int(chat.prompt[:16], 16)), vote.verdict.value


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
