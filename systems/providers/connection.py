"""One HTTP/1.1 connection that carries one exchange at a time: bytes out, one bounded answer in.

Written for the run engine, which makes calls by the ten thousand: an asyncio protocol over a parser in C costs a third
of what a general client does. It knows nothing of pools, addresses or JSON.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import cast

import httptools

from systems.providers.protocol import NotSent, Retryable, RetryKind

HEAD_LIMIT_BYTES = 65_536  # status line and headers, informational answers included; servers themselves cap at 8 to 64 KB
TRUNCATED_KEPT_BYTES = 262_144  # of a body over the limit: enough to see what it was


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case; `truncated` if the body went over the limit, of which only the beginning is kept."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    truncated: bool


class Connection(asyncio.Protocol):
    """An open connection. `reusable` says whether another exchange may follow; any irregularity closes it."""

    def __init__(self, body_limit_bytes: int) -> None:
        self._body_limit_bytes = body_limit_bytes
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._keep_alive = False
        self._start_answer()
        self._head_bytes = 0

    @property
    def reusable(self) -> bool:
        transport = self._transport
        return transport is not None and self._keep_alive and not transport.is_closing() and not transport.get_write_buffer_size()

    async def exchange(self, request: bytes, *, send_before: float = inf) -> Answer:
        """Send `request` and wait for the whole answer. Raises Retryable, or NotSent at `send_before` (monotonic seconds) or later.

        When cancelled, the connection is closed.
        """
        if self._transport is None or self._transport.is_closing():
            raise _lost("The endpoint closed the connection before the call.")
        if time.monotonic() >= send_before:
            raise NotSent("The call was not made: this process stood still since it was allowed.")
        self._start_answer()
        self._head_bytes = 0
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = None
            self._start_answer()  # an idle connection holds on to no body

    def abort(self) -> None:
        """Close at once, without waiting for anything to be sent."""
        self._keep_alive = False
        if self._transport is not None:
            self._transport.abort()

    def _start_answer(self) -> None:
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self._body_bytes = 0
        self._head_done = False

    def _finish(self, *, truncated: bool = False) -> None:
        if self._waiter is not None and not self._waiter.done():
            body = b"".join(_first(self._pieces, TRUNCATED_KEPT_BYTES) if truncated else self._pieces)
            self._waiter.set_result(Answer(self._status, self._headers, body, truncated))

    def _fail(self, detail: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(_lost(detail))
        self.abort()

    @property
    def _ends_with_the_connection(self) -> bool:
        return self._head_done and b"content-length" not in self._headers and b"transfer-encoding" not in self._headers

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            self.abort()  # nobody asked: what follows could be taken for the answer to the next call
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("The endpoint answered with something that is not HTTP.")
            return
        if not self._head_done:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._fail(f"The endpoint sent more than {HEAD_LIMIT_BYTES:,} bytes of headers.")

    def eof_received(self) -> None:
        if self._ends_with_the_connection:
            self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        self._keep_alive = False
        if error is None and self._ends_with_the_connection:
            self._finish()
        part = "in the middle of its answer" if self._status else "without an answer"
        self._fail(f"The endpoint closed the connection {part}.")

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._waiter is None or self._waiter.done():
            self.abort()  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:  # later ones are trailers
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._head_done = True
        self._status = self._parser.get_status_code()
        self._keep_alive = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            return
        room = self._body_limit_bytes - self._body_bytes
        self._pieces.append(piece if len(piece) <= room else piece[:room])
        self._body_bytes += len(piece)
        if len(piece) > room:
            self._finish(truncated=True)
            self.abort()

    def on_message_complete(self) -> None:
        if self._status < 200:
            self._start_answer()  # informational: the answer itself follows
        else:
            self._finish()


def _first(pieces: Sequence[bytes], size_bytes: int) -> Iterator[bytes]:
    """The beginning of a body in pieces, without ever copying the whole."""
    room = size_bytes
    for piece in pieces:
        if room <= 0:
            return
        yield piece[:room]
        room -= len(piece)


def _lost(detail: str) -> Retryable:
    return Retryable(RetryKind.CONNECTION, detail)
