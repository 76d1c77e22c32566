"""The way to one endpoint and to nowhere else: a pool of connections that asks the endpoint guard each time it connects.

A transport for the vendor's client in place of its default one. It resolves the host itself and connects to the very
address that the guard judged, so a name that changes its meaning between check and use (DNS rebinding) gains nothing.
No proxies, no redirects, no cookies; certificates are verified; an answer ends at a number of bytes, also when it comes
compressed. Only the headers named here go out and come in, so nothing that happens to lie in the environment is sent along.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextvars import ContextVar
from math import inf

import httpx2

from raiportal.endpoints import Endpoint, address_allowed
from systems.providers.compression import decompressed
from systems.providers.connection import TRUNCATED_KEPT_BYTES, Answer, Connection
from systems.providers.protocol import Retryable, RetryKind, Stop, StopCause

RESPONSE_LIMIT_BYTES = 8 * 1024 * 1024  # before and after decompression; a long answer with log probabilities has 1 MB
IDLE_LIMIT_SECONDS = 15.0  # common servers and load balancers keep an idle connection for 60 s and more, some for 20 s
CONNECT_LIMIT_SECONDS = 10.0  # for each address of a host: connection and TLS together
SEND_BEFORE: ContextVar[float] = ContextVar("send_before", default=inf)  # monotonic seconds; goes past the vendor's client, which knows nothing of it
_SENT_HEADERS = frozenset({b"host", b"content-type", b"content-length", b"accept", b"user-agent"})
_KEPT_HEADERS = (b"content-type", b"date", b"retry-after", b"retry-after-ms")


class EndpointTransport(httpx2.AsyncBaseTransport):
    """Carries requests to `endpoint` over at most `max_connections` connections. Belongs to one event loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        allowlist: Sequence[str],
        max_connections: int,
        *,
        key_header: bytes | None = None,
        response_limit_bytes: int = RESPONSE_LIMIT_BYTES,
    ) -> None:
        """`key_header` names, in lower case, the one header that carries a key; without it no key goes out."""
        self._endpoint = endpoint
        self._allowlist = tuple(allowlist)
        self._sent_headers = _SENT_HEADERS | {key_header} if key_header else _SENT_HEADERS
        self._response_limit_bytes = response_limit_bytes
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: list[tuple[float, Connection]] = []
        self._busy: set[Connection] = set()
        self._certificates = _verifying_context() if endpoint.scheme == "https" else None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send and receive in full. Raises Retryable or Stop, which pass through the vendor's client as they are."""
        self._require_endpoint(request.url)
        async with self._slots:
            connection = self._idle_connection() or await self._connected()
            self._busy.add(connection)
            try:
                answer = await connection.exchange(_request_bytes(request, self._sent_headers), send_before=SEND_BEFORE.get())
            finally:
                self._busy.discard(connection)
                self._release(connection)
        return self._response(answer)

    async def aclose(self) -> None:
        for connection in [*self._busy, *(connection for _, connection in self._idle)]:
            connection.abort()
        self._idle.clear()

    def _require_endpoint(self, url: httpx2.URL) -> None:
        """A key belongs to one place: a request for any other is refused before anything is sent."""
        endpoint = self._endpoint
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.scheme, url.host, port) != (endpoint.scheme, endpoint.host, endpoint.port):
            raise Stop(StopCause.ADDRESS_REFUSED, "The call was addressed to another place than the endpoint it was opened for.")

    def _idle_connection(self) -> Connection | None:
        """The connection that was used last, if it is fresh enough that the endpoint will not be closing it just now."""
        oldest = asyncio.get_running_loop().time() - IDLE_LIMIT_SECONDS
        while self._idle:
            released_at, connection = self._idle.pop()
            if released_at >= oldest and connection.reusable:
                return connection
            connection.abort()
        return None

    def _release(self, connection: Connection) -> None:
        if connection.reusable:
            self._idle.append((asyncio.get_running_loop().time(), connection))
        else:
            connection.abort()

    async def _connected(self) -> Connection:
        """A new connection to the first allowed address that accepts one."""
        failure = "The endpoint's name has no address."
        for address in await self._allowed_addresses():
            try:
                async with asyncio.timeout(CONNECT_LIMIT_SECONDS):
                    return await self._connected_to(address)
            except (OSError, TimeoutError) as error:
                failure = _connection_failure(error)
        raise Retryable(RetryKind.CONNECTION, failure)

    async def _connected_to(self, address: str) -> Connection:
        """`address` is numeric, so asyncio connects to it without asking a resolver again."""
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self._response_limit_bytes),
            address,
            self._endpoint.port,
            ssl=self._certificates,
            server_hostname=self._endpoint.host if self._certificates else None,
        )
        return connection

    async def _allowed_addresses(self) -> list[str]:
        """The host's addresses, in the resolver's order, without those that the guard refuses."""
        endpoint = self._endpoint
        try:
            found = await asyncio.get_running_loop().getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Retryable(RetryKind.CONNECTION, "The endpoint's name could not be resolved.") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = [address for address in addresses if address_allowed(address, endpoint.host, endpoint.port, self._allowlist)]
        if addresses and not allowed:
            raise Stop(
                StopCause.ADDRESS_REFUSED,
                f"{endpoint.host} resolves to an internal or reserved address. If it is meant to be called, "
                f"an administrator can add {endpoint.host}:{endpoint.port} to RAIPORTAL_ENDPOINT_ALLOWLIST.",
            )
        return allowed

    def _response(self, answer: Answer) -> httpx2.Response:
        encoding = answer.headers.get(b"content-encoding", b"")
        body, truncated = answer.body, answer.truncated
        if encoding and not truncated:
            body, truncated = decompressed(encoding, body, self._response_limit_bytes)
            body = body[:TRUNCATED_KEPT_BYTES] if truncated else body
        headers = [(name, answer.headers[name]) for name in _KEPT_HEADERS if name in answer.headers]
        response = httpx2.Response(answer.status, headers=headers, content=body, extensions={"truncated": truncated})
        response.encoding = "utf-8"  # whatever charset the endpoint claims: it may name a codec that is none for text
        return response


def _request_bytes(request: httpx2.Request, sent_headers: frozenset[bytes]) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%b: %b" % header for header in request.headers.raw if header[0].lower() in sent_headers]
    lines.append(b"accept-encoding: identity\r\n\r\n")
    return b"\r\n".join(lines) + request.content


def _verifying_context() -> ssl.SSLContext:
    """The vendor client's own defaults: the system's authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR name."""
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _connection_failure(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The endpoint's certificate can't be verified: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return "The endpoint does not speak TLS as expected on this port."
    if isinstance(error, TimeoutError):
        return "The endpoint did not accept a connection in time."
    if isinstance(error, ConnectionRefusedError):
        return "The endpoint refused the connection; nothing listens on this port."
    return "The connection to the endpoint failed."
