"""A model endpoint on loopback whose every byte a test decides, in a thread of its own, with a record of what it was sent."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it came: header names in lower case, and the number of the connection that carried it."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[ReceivedRequest, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ScriptedEndpoint:
    """`lost` counts connections that the caller ended before the script was through."""

    script: Script
    port: int = 0
    requests: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0
    peak_connections: int = 0
    lost: int = 0
    _open: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def allowlist(self) -> tuple[str, ...]:
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests on one connection until either side ends it."""
        self.connections += 1
        self._open += 1
        self.peak_connections = max(self.peak_connections, self._open)
        number = self.connections
        try:
            while (request := await _read_request(reader, number)) is not None:
                self.requests.append(request)
                await self._answer(request, reader, writer)
        except ConnectionError:
            self.lost += 1
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, request: ReceivedRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the script, or stop it when the caller hangs up."""
        script = asyncio.ensure_future(self.script(request, writer))
        hung_up = asyncio.ensure_future(_end_of(reader))
        await asyncio.wait({script, hung_up}, return_when=asyncio.FIRST_COMPLETED)
        hung_up.cancel()
        if not script.done():
            script.cancel()
            raise ConnectionResetError
        await script
        if not writer.is_closing():
            await writer.drain()


async def _end_of(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110 - a stream reader has no event for its end
        await asyncio.sleep(0.005)


async def _read_request(reader: asyncio.StreamReader, connection: int) -> ReceivedRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    line, *fields = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (entry.split(": ", 1) for entry in fields)}
    return ReceivedRequest(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))), connection)


@contextmanager
def scripted_endpoint(script: Script, *, certificate: ssl.SSLContext | None = None) -> Iterator[ScriptedEndpoint]:
    """Run an endpoint that plays `script` for each request, over TLS where a certificate is given."""
    endpoint = ScriptedEndpoint(script)
    ready, loop, ended = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, ssl=certificate)
        endpoint.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield endpoint
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def answer(body: bytes | Mapping[str, Any], *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer; a mapping is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(content)), **(headers or {})}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + content


def completion(text: str | None = "ready", **changes: Any) -> dict[str, Any]:
    """A chat completion as OpenAI gives it; `changes` go into the first choice's message."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "sim-1",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **changes}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def always(raw: bytes) -> Script:
    """The script that sends the same bytes for each request."""

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return script


def then_close(raw: bytes) -> Script:
    """The script that sends bytes and ends the connection in the regular way."""

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    return script


def then_reset(raw: bytes) -> Script:
    """The script that sends bytes and resets the connection."""

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        await asyncio.sleep(0.02)  # so that the bytes are read before the reset discards them
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST instead of FIN
        writer.transport.abort()

    return script


def hang_after(raw: bytes, *, drip_seconds: float | None = None) -> Script:
    """The script that sends bytes and then nothing more, or one space each `drip_seconds`."""

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        while True:
            await asyncio.sleep(drip_seconds or 3600)
            writer.write(b" ")

    return script
