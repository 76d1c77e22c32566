"""Broken replies: the bytes that each fault sends, and how it leaves the connection."""

import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate

import orjson

from . import annotations, wording
from .answers import Answer, completion, error
from .doors import azure_error
from .faults import AZURE_CODES, COMPLETED_KINDS, CONNECTION_KINDS, STATUSES, WAITING_KINDS, Fault
from .log import Call
from .protocol import Ending, Reply, http_head, http_message

HANG_SECONDS = 600.0
DRIP_SECONDS = 1.0
AFTER_SECONDS = 0.05  # for the whole answer to be read before the reset throws it away
HUGE_BODY_BYTES = 50_000_000
GZIP_BOMB_BYTES = 1_000_000_000
BLOCK_BYTES = 256 * 1024
DEEP_LEVELS = 100_000
LONG_NUMBER_DIGITS = 20_000
ELSEWHERE = b"location: http://127.0.0.1:9/elsewhere\r\n"
NOT_HTTP = b"\x16\x03\x01 simulated: this is no HTTP\r\n\r\n"
HTML_PAGE = b"<!doctype html><title>Simulated gateway</title><h1>Simulated: an HTML page where JSON was asked for</h1>\n"
ENDINGS = {"reset": Ending.RESET, "reset-body": Ending.RESET, "reset-after": Ending.RESET}
FILTERED_PROMPT = {"content-filter-prompt": {}, "content-filter-prompt-results": {"key": "results", "at": "error"}}  # with their own options


@dataclass(frozen=True, slots=True)
class Meeting:
    """A call that meets a fault: what it would have been answered, and after which wait."""

    fault: Fault
    call: Call
    answer: Answer
    whole: bytes  # the right response, with its headers
    latency_seconds: float
    retry_after: str  # what a 429 says unless the directive says otherwise
    is_azure: bool = False


def broken_reply(meeting: Meeting) -> Reply:
    """The reply of a call that meets a fault."""
    kind = meeting.fault.kind
    if kind in STATUSES:
        return _status(meeting)
    if kind in CONNECTION_KINDS:
        return _connection(meeting)
    if kind == "huge-body":
        pieces: Iterator[tuple[float, bytes]] = _huge(meeting, int(meeting.fault.number("bytes", HUGE_BODY_BYTES)))
    elif kind == "gzip-bomb":
        pieces = _gzip_bomb(meeting, int(meeting.fault.number("bytes", GZIP_BOMB_BYTES)))
    else:
        pieces = iter([(meeting.latency_seconds, _body(meeting))])
    status = "400" if kind in FILTERED_PROMPT else "307" if kind == "redirect" else "200"
    return Reply(pieces, status, Ending.KEEP, meeting.call, kind in COMPLETED_KINDS)


def retry_after_header(asked: str) -> tuple[bytes, float]:
    """The header line for a Retry-After as a directive writes it, and the seconds it really asks for (0 when it says nothing).

    `none` leaves the header out; `date:3` is the HTTP date that many seconds from now; anything else goes out as it is.
    """
    if asked == "none":
        return b"", 0.0
    now = time.time()
    if asked.startswith("date:"):
        moment = int(now + _seconds(asked.removeprefix("date:")))
        return b"retry-after: %s\r\n" % formatdate(moment, usegmt=True).encode(), moment - now
    return b"retry-after: %s\r\n" % asked.encode("latin-1", "replace"), _seconds(asked)


def _seconds(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() else 0.0


def _status(meeting: Meeting) -> Reply:
    kind, options = meeting.fault.kind, meeting.fault.options
    status, headers = STATUSES[kind][0], b""
    asked = options.get("retry-after", meeting.retry_after if kind in WAITING_KINDS else None)
    if asked is not None:
        headers, meeting.call.retry_after_seconds = retry_after_header(asked)
    if "retry-after-ms" in options:
        meeting.call.retry_after_seconds = meeting.fault.number("retry-after-ms", 0) / 1000
        headers += b"retry-after-ms: %s\r\n" % options["retry-after-ms"].encode()
    message = http_message(status, orjson.dumps(_error_body(kind, meeting.is_azure)), headers=headers)
    return Reply([(meeting.latency_seconds, message)], str(status), Ending.KEEP, meeting.call)


def _error_body(kind: str, is_azure: bool) -> dict[str, object]:
    """The error of a status, as OpenAI or as Azure words it; what Azure passes on from the model is in the model's words."""
    status, error_type, code, message = STATUSES[kind]
    if is_azure and (status != 400 or kind in AZURE_CODES):
        return azure_error(*AZURE_CODES.get(kind, (str(status), message)))
    return error(message, kind=error_type, code=code)


def _connection(meeting: Meeting) -> Reply:
    kind, whole, wait = meeting.fault.kind, meeting.whole, meeting.latency_seconds
    if kind == "drip":
        pause = meeting.fault.number("seconds", DRIP_SECONDS)
        return Reply(_drip(whole, wait, pause), "200", Ending.KEEP, meeting.call, True)
    if kind == "reset-after":
        return Reply([(wait, whole), (AFTER_SECONDS, b"")], kind, Ending.RESET, meeting.call, True)
    if kind == "not-http":
        return Reply([(wait, NOT_HTTP)], kind, Ending.CLOSE, meeting.call)
    sent = whole[: whole.index(b"\r\n\r\n") + 4 + (len(whole) - whole.index(b"\r\n\r\n") - 4) // 2] if kind.endswith("-body") else b""
    pieces = [(wait, sent)]
    if kind.startswith("hang"):
        pieces.append((meeting.fault.number("seconds", HANG_SECONDS), b""))
    return Reply(pieces, kind, ENDINGS.get(kind, Ending.CLOSE), meeting.call)


def _drip(whole: bytes, wait: float, pause: float) -> Iterator[tuple[float, bytes]]:
    start = whole.index(b"\r\n\r\n") + 4
    yield wait, whole[:start]
    for position in range(start, len(whole)):
        yield pause, whole[position : position + 1]


def _body(meeting: Meeting) -> bytes:
    """The whole response of a fault that is about what the body says."""
    kind = meeting.fault.kind
    if kind == "html":
        return http_message(200, HTML_PAGE, content_type=b"text/html; charset=utf-8")
    if kind == "empty":
        return http_message(200, b"")
    if kind in FILTERED_PROMPT:
        return http_message(400, orjson.dumps(annotations.prompt_blocked({**FILTERED_PROMPT[kind], **meeting.fault.options})))
    if kind == "redirect":
        return http_message(307, b"", headers=ELSEWHERE)
    if kind == "deep-json":
        return http_message(200, b'{"choices":' * DEEP_LEVELS + b"1" + b"}" * DEEP_LEVELS)
    if kind == "wrong-charset":
        text = "café" + (meeting.answer.outcome.content or "")
        return http_message(200, orjson.dumps(_with_content(meeting, text)).decode().encode("latin-1", "replace"), content_type=LATIN_1)
    return http_message(200, _spoilt(kind, meeting))


LATIN_1 = b"application/json; charset=iso-8859-1"


def _spoilt(kind: str, meeting: Meeting) -> bytes:
    """The JSON body of the right answer, changed in the one way that the fault is about."""
    answer = completion(meeting.answer)
    choice = answer["choices"][0]  # type: ignore[index]
    text = meeting.answer.outcome.content or ""
    if kind == "no-choices":
        answer["choices"] = []
    elif kind == "wrong-type":
        answer["choices"] = "one"
    elif kind == "null-content":
        choice["message"] |= {"content": None, "refusal": None}
    elif kind == "content-filter":
        choice["message"] |= {"content": "", "refusal": None}
        found = annotations.results_of(meeting.fault.options, "completion", filtered=True)
        choice |= {"finish_reason": "content_filter", "content_filter_results": found}
    elif kind in ("content-filter-annotation", "content-filter-null"):
        _annotate(answer, choice, {**({"severity": "null"} if kind.endswith("null") else {}), **meeting.fault.options})
    elif kind == "refusal-field":
        choice["message"] |= {"content": None, "refusal": wording.REFUSALS[0]}
    elif kind == "refusal-words":
        choice["message"] |= {"content": wording.REFUSALS[0], "refusal": None}
    elif kind == "other-model":
        answer["model"] = changed_model(meeting.answer.model)
    elif kind == "other-fingerprint":
        answer["system_fingerprint"] = changed_fingerprint(meeting.answer.fingerprint)
    elif kind == "huge-number":
        answer["simulated_number"] = 0
    elif kind == "tool-call":
        function = {"name": "simulated_tool", "arguments": "{}"}
        choice["message"] |= {"content": None, "tool_calls": [{"id": "call_simulated", "type": "function", "function": function}]}
        choice["finish_reason"] = "tool_calls"
    elif kind == "unknown-finish":
        choice["finish_reason"] = "simulated_unknown"
    elif kind in ("nul", "lone-surrogate", "raw-nul"):
        choice["message"]["content"] = f"\0 {text}"
    return _spoilt_bytes(kind, orjson.dumps(answer))


def _annotate(answer: dict[str, object], choice: dict[str, object], options: Mapping[str, str]) -> None:
    side = options.get("side", "completion")
    found = annotations.results_of(options, side, filtered=False)
    if side == "completion":
        choice["content_filter_results"] = found
    else:
        answer["prompt_filter_results"] = annotations.of_prompt(found)


def changed_model(name: str) -> str:
    """The name that is reported once the model has changed."""
    return f"{name}-next"


def changed_fingerprint(fingerprint: str) -> str:
    return f"{fingerprint}_next"


def _spoilt_bytes(kind: str, body: bytes) -> bytes:
    if kind == "lone-surrogate":
        return body.replace(b"\\u0000", b"\\ud83d", 1)
    if kind == "raw-nul":
        return body.replace(b"\\u0000", b"\0", 1)
    if kind == "huge-number":
        return body.replace(b'"simulated_number":0', b'"simulated_number":' + b"9" * LONG_NUMBER_DIGITS, 1)
    if kind == "cut-json":
        return body[: len(body) // 2]
    if kind == "bom":
        return b"\xef\xbb\xbf" + body
    if kind == "duplicate-keys":
        return b'{"choices":[],' + body[1:]
    if kind == "nan":
        return body.replace(b'"usage":{', b'"usage":{"cost":NaN,', 1)
    return body


def _with_content(meeting: Meeting, text: str) -> dict[str, object]:
    answer = completion(meeting.answer)
    answer["choices"][0]["message"] |= {"content": text, "refusal": None}  # type: ignore[index]
    return answer


def _huge(meeting: Meeting, size: int) -> Iterator[tuple[float, bytes]]:
    before, after = orjson.dumps(_with_content(meeting, "SPLIT")).split(b"SPLIT", 1)
    yield meeting.latency_seconds, http_head(200, b"content-length: %d\r\n" % (len(before) + size + len(after))) + before
    block = b"simulated " * (BLOCK_BYTES // 10)
    for start in range(0, size, len(block)):
        yield 0.0, block[: size - start]
    yield 0.0, after


def _gzip_bomb(meeting: Meeting, size: int) -> Iterator[tuple[float, bytes]]:
    """Spaces around a right answer, packed on the way, so that nobody holds the whole."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    yield meeting.latency_seconds, http_head(200, b"content-encoding: gzip\r\ntransfer-encoding: chunked\r\n")
    block = b" " * BLOCK_BYTES
    for start in range(0, size, BLOCK_BYTES):
        yield 0.0, _chunk(packer.compress(block[: size - start]))
    yield 0.0, _chunk(packer.compress(orjson.dumps(completion(meeting.answer))) + packer.flush()) + b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""
