"""Broken replies: the bytes that each fault sends, and how it leaves the connection."""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate

import orjson

from .answers import CONTENT_FILTER_RESULTS, Answer, completion, error, prompt_filtered
from .faults import COMPLETED_KINDS, CONNECTION_KINDS, STATUSES, Fault
from .log import Call
from .protocol import Ending, Reply, http_head, http_message

HANG_SECONDS = 600.0
DRIP_SECONDS = 1.0
HUGE_BODY_BYTES = 50_000_000
GZIP_BOMB_BYTES = 1_000_000_000
BLOCK_BYTES = 256 * 1024
HTML_PAGE = b"<!doctype html><title>Simulated gateway</title><h1>Simulated: an HTML page where JSON was asked for</h1>\n"
ENDINGS = {"reset": Ending.RESET, "reset-body": Ending.RESET}


@dataclass(frozen=True, slots=True)
class Meeting:
    """A call that meets a fault: what it would have been answered, and after which wait."""

    fault: Fault
    call: Call
    answer: Answer
    whole: bytes  # the right response, with its headers
    latency_seconds: float
    retry_after: str  # what a 429 says unless the directive says otherwise


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
    status = "400" if kind == "content-filter-prompt" else "200"
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
    status, kind, code, message = STATUSES[meeting.fault.kind]
    headers = b""
    if meeting.fault.kind == "429":
        headers, meeting.call.retry_after_seconds = retry_after_header(meeting.fault.options.get("retry-after", meeting.retry_after))
    elif status in (429, 503) and "retry-after" in meeting.fault.options:
        headers, meeting.call.retry_after_seconds = retry_after_header(meeting.fault.options["retry-after"])
    message_bytes = http_message(status, orjson.dumps(error(message, kind=kind, code=code)), headers=headers)
    return Reply([(meeting.latency_seconds, message_bytes)], str(status), Ending.KEEP, meeting.call)


def _connection(meeting: Meeting) -> Reply:
    kind, whole, wait = meeting.fault.kind, meeting.whole, meeting.latency_seconds
    if kind == "drip":
        pause = meeting.fault.number("seconds", DRIP_SECONDS)
        return Reply(_drip(whole, wait, pause), "200", Ending.KEEP, meeting.call, True)
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
    if kind == "content-filter-prompt":
        return http_message(400, orjson.dumps(prompt_filtered()))
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
        choice |= {"finish_reason": "content_filter", "content_filter_results": CONTENT_FILTER_RESULTS}
    elif kind == "tool-call":
        function = {"name": "simulated_tool", "arguments": "{}"}
        choice["message"] |= {"content": None, "tool_calls": [{"id": "call_simulated", "type": "function", "function": function}]}
        choice["finish_reason"] = "tool_calls"
    elif kind == "unknown-finish":
        choice["finish_reason"] = "simulated_unknown"
    elif kind in ("nul", "lone-surrogate"):
        choice["message"]["content"] = f"\0 {text}"
    return _spoilt_bytes(kind, orjson.dumps(answer))


def _spoilt_bytes(kind: str, body: bytes) -> bytes:
    if kind == "lone-surrogate":
        return body.replace(b"\\u0000", b"\\ud83d", 1)
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
