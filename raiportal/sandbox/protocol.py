"""HTTP/1.1 over one connection: reads requests with httptools, plays replies piece by piece.

Requests on a connection are answered in turn, also when they were pipelined. A reply is a series of pieces, each with a
wait before it, and an ending, so that a slow or a broken answer is told in the same words as an ordinary one.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import cast

import httptools

from .log import Call

BODY_LIMIT_BYTES = 4 * 1024 * 1024
HEAD_LIMIT_BYTES = 64 * 1024
PIPELINE_LIMIT = 64  # requests waiting on one connection before it is read no further
LINGER_SECONDS = 1.0  # a refused upload is read on for so long, or its sender would see a reset in place of the answer
KEPT_HEADERS = frozenset({b"authorization", b"api-key", b"x-simulator-latency-ms", b"content-length", b"expect"})


class Ending(Enum):
    """What becomes of the connection after the last piece."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


@dataclass(slots=True)
class Request:
    """One request, read whole. Header names are lower case; only KEPT_HEADERS are there."""

    method: bytes
    url: bytes
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool


@dataclass(slots=True)
class Reply:
    """`pieces`: seconds to wait and bytes to send; `status` is what the log says; `completed` when this answers the call."""

    pieces: Iterable[tuple[float, bytes]]
    status: str = ""
    ending: Ending = Ending.KEEP
    call: Call | None = None
    completed: bool = False


@dataclass(slots=True)
class Hooks:
    """What a connection asks of the simulator: an answer to each request, and to be told how each call ended."""

    respond: Callable[[Request], Reply]
    ended: Callable[[Call, str, bool], None]
    connections: set["SimulatorProtocol"] = field(default_factory=set)


def http_message(status: int, body: bytes, *, content_type: bytes = b"application/json", headers: bytes = b"", keep_alive: bool = True) -> bytes:
    """A whole response; `headers` are further lines, each ended by CR LF."""
    return http_head(status, b"content-length: %d\r\n%s" % (len(body), headers), content_type=content_type, keep_alive=keep_alive) + body


def http_head(status: int, headers: bytes, *, content_type: bytes = b"application/json", keep_alive: bool = True) -> bytes:
    """Status line and headers up to the empty line."""
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\nserver: simulator\r\n%s%s\r\n" % (
        status,
        REASONS.get(status, b"Unknown"),
        content_type,
        headers,
        b"" if keep_alive else b"connection: close\r\n",
    )


REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


def refusal(status: int, message: bytes) -> bytes:
    """A response to a request that could not be read; the connection closes after it."""
    body = b'{"error":{"message":"%s","type":"invalid_request_error","param":null,"code":null}}' % message
    return http_message(status, body, keep_alive=False)


class SimulatorProtocol(asyncio.Protocol):
    """One connection."""

    __slots__ = (
        "_body",
        "_body_size",
        "_current",
        "_head_size",
        "_headers",
        "_hooks",
        "_keep_alive",
        "_loop",
        "_parser",
        "_paused",
        "_pieces",
        "_refused",
        "_timer",
        "_transport",
        "_url",
        "_waiting",
    )

    def __init__(self, hooks: Hooks, loop: asyncio.AbstractEventLoop) -> None:
        self._hooks = hooks
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport = cast(asyncio.Transport, None)
        self._waiting: deque[Request] = deque()
        self._current: Reply | None = None
        self._pieces: Iterator[tuple[float, bytes]] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._keep_alive = True
        self._paused = False
        self._refused = False

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(0)  # resume_writing then says that everything has gone to the socket
        self._hooks.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hooks.connections.discard(self)
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._current is not None:
            self._end("abandoned", completed=False)
        del self._parser

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, b"This simulator speaks HTTP/1.1 only.")
        except httptools.HttpParserError:
            if not self._refused:
                self._refuse(400, b"This is not an HTTP request.")
        if self._current is None and not self._refused:
            self._next()
        if len(self._waiting) > PIPELINE_LIMIT:
            self._transport.pause_reading()

    def close(self) -> None:
        """End the connection now, whatever is going on."""
        self._transport.abort()

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._body_size = 0
        self._head_size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        lowered = name.lower()
        if lowered in KEPT_HEADERS:
            self._headers[lowered] = value

    def on_headers_complete(self) -> None:
        length = self._headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > BODY_LIMIT_BYTES:
            self._refuse(413, b"The body is larger than 4 MB.")
        elif self._headers.get(b"expect", b"").lower() == b"100-continue" and self._current is None and not self._refused:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size > BODY_LIMIT_BYTES:
            self._refuse(413, b"The body is larger than 4 MB.")
        elif not self._refused:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._waiting.append(Request(self._parser.get_method(), self._url, self._headers, body, self._parser.should_keep_alive()))

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_LIMIT_BYTES:
            self._refuse(431, b"The headers are larger than 64 KB.")

    # Answers

    def _next(self) -> None:
        """Start on the request whose turn it is."""
        while self._waiting and self._current is None and not self._transport.is_closing():
            request = self._waiting.popleft()
            self._keep_alive = request.keep_alive
            self._current = self._hooks.respond(request)
            self._pieces = iter(self._current.pieces)
            self._play()

    def _play(self) -> None:
        """Send pieces until one has to wait, the socket is full or the reply is over."""
        self._timer = None
        for delay, data in self._pieces:
            if delay > 0:
                self._timer = self._loop.call_later(delay, self._send_and_play, data)
                return
            self._transport.write(data)
            if self._paused:
                return
        self._finish()

    def _send_and_play(self, data: bytes) -> None:
        self._timer = None
        self._transport.write(data)
        if not self._paused:
            self._play()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._current is not None and self._timer is None:
            self._play()
            self._next_soon()

    def _finish(self) -> None:
        reply = cast(Reply, self._current)
        if self._transport.is_closing():  # the last write found the connection broken: connection_lost will say so
            return
        self._end(reply.status, completed=reply.completed)
        if reply.ending is Ending.RESET:
            self._reset()
        elif reply.ending is Ending.CLOSE or not self._keep_alive:
            self._transport.close()
        elif self._waiting:
            self._next_soon()

    def _next_soon(self) -> None:
        if self._current is None and self._waiting:
            self._loop.call_soon(self._next)
        if len(self._waiting) <= PIPELINE_LIMIT and not self._transport.is_closing():
            self._transport.resume_reading()

    def _end(self, status: str, *, completed: bool) -> None:
        reply, self._current = cast(Reply, self._current), None
        if reply.call is not None:
            self._hooks.ended(reply.call, status, completed)

    def _reset(self) -> None:
        """Close with a TCP reset: lingering for zero seconds throws away what is unsent and says so to the peer."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _refuse(self, status: int, message: bytes) -> None:
        """Answer a request that cannot be read, take nothing more from this connection and close it."""
        if self._refused:
            return
        self._refused = True
        self._waiting.clear()
        if self._current is not None:  # the answer under way ends the connection
            self._keep_alive = False
            return
        self._transport.write(refusal(status, message))
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self._transport.close)
