"""Connections to model endpoints: faults of the network, limits, and where a call may go (REL-16, REL-17, REL-18, SEC-28)."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from systems import providers
from systems.endpoints import parse_endpoint
from systems.providers import transport
from systems.providers.connection import HEAD_LIMIT_BYTES
from systems.providers.protocol import Call, FailureReason, Outcome, Reply, Retryable, RetryKind, Stop, StopCause, Target
from tests.fakes.scripted_endpoint import (
    ReceivedRequest,
    ScriptedEndpoint,
    always,
    answer,
    completion,
    hang_after,
    scripted_endpoint,
    then_close,
    then_reset,
)

KEY = "sk-canary-0123456789"
CALL = Call(({"role": "user", "content": "Good morning"},))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
READY = answer(completion())


def target_for(endpoint: ScriptedEndpoint, **changes: Any) -> Target:
    return Target(**{"provider": "openai_compatible", "target": "model", "base_url": endpoint.url, "model": "sim-1", "allowlist": endpoint.allowlist} | changes)


def calls(target: Target, count: int = 1, *, deadline_seconds: float = 5.0, at_once: int = 1) -> list[Reply]:
    """The replies of `count` calls over one client, `at_once` of them at a time."""

    async def run() -> list[Reply]:
        client = providers.open_client(target, KEY, at_once)
        slots = asyncio.Semaphore(at_once)

        async def one() -> Reply:
            async with slots:
                return await client.complete(CALL, deadline_seconds=deadline_seconds)

        try:
            return await asyncio.gather(*(one() for _ in range(count)))
        finally:
            await client.aclose()

    return asyncio.run(run())


def failure(target: Target, *, deadline_seconds: float = 5.0) -> Retryable:
    with pytest.raises(Retryable) as raised:
        calls(target, deadline_seconds=deadline_seconds)
    return raised.value


def test_an_answer_arrives_whole() -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        [reply] = calls(target_for(endpoint))

    assert (reply.outcome, reply.text, reply.status, reply.prompt_tokens) == (Outcome.ANSWERED, "ready", 200, 7)
    assert endpoint.requests[0].line == "POST /v1/chat/completions HTTP/1.1"
    assert endpoint.requests[0].json == {"model": "sim-1", "messages": list(CALL.messages)}


def test_connections_are_kept_and_never_more_than_allowed() -> None:
    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        writer.write(READY)

    with scripted_endpoint(script) as endpoint:
        replies = calls(target_for(endpoint), 40, at_once=4)

    assert len(replies) == len(endpoint.requests) == 40
    assert endpoint.connections == endpoint.peak_connections == 4


def test_a_client_opens_no_more_connections_than_it_was_given() -> None:
    async def run(target: Target) -> None:
        client = providers.open_client(target, KEY, 2)
        await asyncio.gather(*(client.complete(CALL, deadline_seconds=5) for _ in range(10)))
        await client.aclose()

    with scripted_endpoint(always(READY)) as endpoint:
        asyncio.run(run(target_for(endpoint)))

    assert (len(endpoint.requests), endpoint.connections) == (10, 2)


@pytest.mark.parametrize(
    "raw",
    [
        HEAD
        + b"transfer-encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (READY.split(b"\r\n\r\n")[1][:50], READY.split(b"\r\n\r\n")[1][50:]))
        + b"0\r\n\r\n",
        HEAD
        + b"transfer-encoding: chunked\r\n\r\n%x;x=y\r\n%b\r\n0\r\nX-Trailer: content-length\r\n\r\n"
        % (len(READY.split(b"\r\n\r\n")[1]), READY.split(b"\r\n\r\n")[1]),
        HEAD + b"\r\n" + READY.split(b"\r\n\r\n")[1],
        HEAD + b"connection: close\r\n\r\n" + READY.split(b"\r\n\r\n")[1],
        b"HTTP/1.0 200 OK\r\n\r\n" + READY.split(b"\r\n\r\n")[1],
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + READY,
    ],
    ids=["chunked", "chunk-extension-and-trailer", "no-length", "closing", "http-1.0", "informational-answers-first"],
)
def test_every_framing_of_an_answer_is_read(raw: bytes) -> None:
    with scripted_endpoint(then_close(raw)) as endpoint:
        [reply] = calls(target_for(endpoint))

    assert (reply.outcome, reply.text) == (Outcome.ANSWERED, "ready")


@pytest.mark.parametrize(
    "raw", [answer(completion(), headers={"connection": "close"}), HEAD + b"\r\n" + READY.split(b"\r\n\r\n")[1]], ids=["asked-to-close", "no-length"]
)
def test_a_connection_that_ends_is_not_used_again(raw: bytes) -> None:
    with scripted_endpoint(then_close(raw)) as endpoint:
        replies = calls(target_for(endpoint), 3)

    assert [reply.text for reply in replies] == ["ready"] * 3
    assert endpoint.connections == 3


@pytest.mark.parametrize("stray", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", b"rubbish"], ids=["second-answer", "rubbish"])
def test_bytes_that_nobody_asked_for_never_become_the_next_answer(stray: bytes) -> None:
    with scripted_endpoint(always(READY + stray)) as endpoint:
        replies = calls(target_for(endpoint), 3)

    assert [reply.text for reply in replies] == ["ready"] * 3
    assert endpoint.connections == 3


def test_bytes_that_come_between_two_calls_never_become_the_next_answer() -> None:
    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(READY)
        asyncio.get_running_loop().call_later(0.05, writer.write, answer(completion("stray")))

    async def run(target: Target) -> list[str]:
        client = providers.open_client(target, KEY, 1)
        texts = []
        for _ in range(3):
            texts.append((await client.complete(CALL, deadline_seconds=5)).text)
            await asyncio.sleep(0.2)
        await client.aclose()
        return texts

    with scripted_endpoint(script) as endpoint:
        texts = asyncio.run(run(target_for(endpoint)))

    assert texts == ["ready"] * 3
    assert endpoint.connections == 3


def test_a_connection_idle_for_long_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "IDLE_LIMIT_SECONDS", 0.05)

    async def run(target: Target) -> None:
        client = providers.open_client(target, KEY, 1)
        await client.complete(CALL, deadline_seconds=5)
        await asyncio.sleep(0.1)
        await client.complete(CALL, deadline_seconds=5)
        await client.aclose()

    with scripted_endpoint(always(READY)) as endpoint:
        asyncio.run(run(target_for(endpoint)))

    assert endpoint.connections == 2


def test_an_idle_connection_that_the_endpoint_closed_is_noticed_before_the_next_call() -> None:
    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(READY)
        asyncio.get_running_loop().call_later(0.03, writer.close)

    async def run(target: Target) -> None:
        client = providers.open_client(target, KEY, 1)
        for _ in range(3):
            await client.complete(CALL, deadline_seconds=5)
            await asyncio.sleep(0.1)
        await client.aclose()

    with scripted_endpoint(script) as endpoint:
        asyncio.run(run(target_for(endpoint)))

    assert len(endpoint.requests) == endpoint.connections == 3


@pytest.mark.parametrize(
    ("sent", "drip_seconds"),
    [
        (b"", None),
        (b"HTTP/1.1 200", None),
        (HEAD + b"content-length: 9999\r\n\r\n{", None),
        (HEAD + b"content-length: 9999\r\n\r\n{", 0.02),
        (HEAD + b"x: ", 0.02),
    ],
    ids=["before-headers", "within-status-line", "mid-body", "drip", "drip-of-headers"],
)
def test_the_deadline_holds_however_slowly_an_answer_comes(sent: bytes, drip_seconds: float | None) -> None:
    """REL-16."""
    started = time.monotonic()
    with scripted_endpoint(hang_after(sent, drip_seconds=drip_seconds)) as endpoint:
        error = failure(target_for(endpoint), deadline_seconds=0.3)
        took = time.monotonic() - started
        _wait_until(lambda: endpoint.lost == 1)

    assert (error.kind, error.status) == (RetryKind.TIMEOUT, None)
    assert took < 2


def test_cancelling_a_call_closes_its_connection_and_frees_its_slot() -> None:
    """Also on a connection that carried an answer before: the late answer must not become that of the next call."""

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        if len(endpoint.requests) == 2:
            await asyncio.sleep(0.3)
            writer.write(answer(completion("late")))
        writer.write(READY)

    async def run(target: Target) -> Reply:
        client = providers.open_client(target, KEY, 1)
        await client.complete(CALL, deadline_seconds=5)
        slow = asyncio.create_task(client.complete(CALL, deadline_seconds=60))
        await asyncio.to_thread(_wait_until, lambda: len(endpoint.requests) == 2)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        reply = await client.complete(CALL, deadline_seconds=5)
        await client.aclose()
        return reply

    with scripted_endpoint(script) as endpoint:
        reply = asyncio.run(run(target_for(endpoint)))
        _wait_until(lambda: endpoint.lost == 1)

    assert reply.text == "ready"
    assert [request.connection for request in endpoint.requests] == [1, 1, 2]


@pytest.mark.parametrize("play", [then_reset, then_close], ids=["reset", "close"])
@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 2", HEAD + b"content-length: 9999\r\n\r\n{", HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{"],
    ids=["before", "within-headers", "within-body", "within-chunk"],
)
def test_a_connection_lost_before_the_answer_is_whole_may_be_tried_again(play: Any, sent: bytes) -> None:
    """REL-17; the call is made once, since the endpoint may have worked on it and charged for it."""
    with scripted_endpoint(play(sent)) as endpoint:
        error = failure(target_for(endpoint))

    assert (error.kind, error.status, error.retry_after) == (RetryKind.CONNECTION, None, None)
    assert len(endpoint.requests) == 1


def test_a_reset_within_an_answer_without_length_is_no_answer() -> None:
    with scripted_endpoint(then_reset(HEAD + b"\r\n" + b'{"choices": []}')) as endpoint:
        assert failure(target_for(endpoint)).kind is RetryKind.CONNECTION


def test_a_reset_after_the_answer_changes_nothing() -> None:
    async def run(target: Target) -> list[str]:
        client = providers.open_client(target, KEY, 1)
        texts = []
        for _ in range(2):
            texts.append((await client.complete(CALL, deadline_seconds=5)).text)
            await asyncio.sleep(0.1)
        await client.aclose()
        return texts

    with scripted_endpoint(then_reset(READY)) as endpoint:
        assert asyncio.run(run(target_for(endpoint))) == ["ready", "ready"]


def test_a_refused_connection_says_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    target = Target("openai_compatible", "model", f"http://127.0.0.1:{port}", "sim-1", allowlist=("127.0.0.1",))

    error = failure(target)

    assert error.kind is RetryKind.CONNECTION
    assert "nothing listens" in error.detail


def test_a_name_that_does_not_resolve_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def unresolved(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)

    error = failure(Target("openai_compatible", "model", "https://api.example.com", "sim-1"))

    assert error.kind is RetryKind.CONNECTION
    assert "resolved" in error.detail


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"x: " + b"y" * (HEAD_LIMIT_BYTES + 262_144),
    ],
    ids=["ssh", "no-status", "upgrade", "two-lengths", "repeated-length", "bad-chunk", "endless-headers"],
)
def test_what_is_not_http_is_a_connection_error(raw: bytes) -> None:
    with scripted_endpoint(always(raw)) as endpoint:
        assert failure(target_for(endpoint)).kind is RetryKind.CONNECTION


def _body(reply: Reply) -> str:
    assert reply.body.startswith('"')
    return reply.body


@pytest.mark.parametrize(
    "head",
    [b"content-length: 52428800\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n3200000\r\n", b"\r\n"],
    ids=["with-length", "chunked", "without-length"],
)
def test_a_huge_answer_is_cut_off_early(head: bytes) -> None:
    """REL-18: 50 MB announced, of which the endpoint never gets to send much more than the limit."""
    sent = 0

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + head)
        while sent < 52_428_800:
            writer.write(b"a" * 65_536)
            await writer.drain()
            sent += 65_536

    with scripted_endpoint(script) as endpoint:
        [reply] = calls(target_for(endpoint), deadline_seconds=30)
        _wait_until(lambda: endpoint.lost == 1)

    assert (reply.outcome, reply.reason) == (Outcome.FAILED, FailureReason.TOO_LARGE)
    assert 200_000 < len(_body(reply)) < 300_000
    assert sent < 30_000_000


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda data: zlib.compress(data)[2:-4])],
    ids=["gzip", "zlib", "raw-deflate"],
)
def test_a_compressed_answer_is_read_though_none_was_asked_for(encoding: str, pack: Any) -> None:
    raw = answer(pack(READY.split(b"\r\n\r\n")[1]), headers={"content-encoding": encoding})

    with scripted_endpoint(always(raw)) as endpoint:
        [reply] = calls(target_for(endpoint))

    assert reply.text == "ready"
    assert endpoint.requests[0].headers["accept-encoding"] == "identity"


def test_a_compression_bomb_unfolds_to_the_limit_only() -> None:
    """REL-18: 1 GB of zeros in 1 MB."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(1_048_576)) + packer.flush(zlib.Z_FULL_FLUSH)  # depends on nothing before it, so it can be repeated
    bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + block * 1024 + packer.flush() + bytes(8)

    with scripted_endpoint(always(answer(bomb, headers={"content-encoding": "gzip"}))) as endpoint:
        [reply] = calls(target_for(endpoint), deadline_seconds=30)

    assert (reply.outcome, reply.reason) == (Outcome.FAILED, FailureReason.TOO_LARGE)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"\x0b\x02\x80{}"), ("gzip", b"not gzip"), ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))), ("gzip", gzip.compress(READY)[:-30])],
    ids=["unknown", "none", "twice", "cut"],  # the bytes hold the time, and so would ids made of them
)
def test_an_unknown_or_broken_compression_is_unparseable(encoding: str, body: bytes) -> None:
    with scripted_endpoint(always(answer(body, headers={"content-encoding": encoding}))) as endpoint:
        [reply] = calls(target_for(endpoint))

    assert (reply.outcome, reply.reason) == (Outcome.FAILED, FailureReason.UNPARSEABLE)


def test_a_charset_that_is_no_charset_does_no_harm() -> None:
    headers = {"content-type": "application/json; charset=hex"}
    with scripted_endpoint(always(answer({"error": {"message": "no"}}, status="400 Bad Request", headers=headers))) as endpoint:
        [reply] = calls(target_for(endpoint))

    assert (reply.reason, reply.detail) == (FailureReason.PROVIDER_ERROR, "no")


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else() -> None:
    """SEC-28."""
    with scripted_endpoint(always(READY)) as sink:
        location = {"location": f"{sink.url}/chat/completions", "set-cookie": "a=b"}
        for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"):
            with scripted_endpoint(always(answer(b"", status=status, headers=location))) as endpoint:
                replies = calls(target_for(endpoint, allowlist=endpoint.allowlist + sink.allowlist), 2)
            assert {(reply.outcome, reply.reason) for reply in replies} == {(Outcome.FAILED, FailureReason.PROVIDER_ERROR)}
            assert "redirect" in replies[0].detail
            assert all("cookie" not in request.headers for request in endpoint.requests)

    assert sink.connections == 0


@pytest.mark.parametrize("other", ["http://127.0.0.1:{sink}/v1", "http://localhost:{own}/v1", "https://127.0.0.1:{own}/v1"], ids=["port", "host", "scheme"])
def test_a_transport_carries_requests_to_its_own_endpoint_only(other: str) -> None:
    """SEC-29."""

    async def run(endpoint: ScriptedEndpoint, url: str) -> None:
        carrier = transport.EndpointTransport(parse_endpoint(endpoint.url), ("127.0.0.1", "localhost"), 1, key_header=b"authorization")
        async with httpx2.AsyncClient(transport=carrier, trust_env=False) as client:
            await client.post(url, headers={"Authorization": f"Bearer {KEY}"})

    with scripted_endpoint(always(READY)) as sink, scripted_endpoint(always(READY)) as endpoint, pytest.raises(Stop) as refusal:
        asyncio.run(run(endpoint, other.format(sink=sink.port, own=endpoint.port)))

    assert refusal.value.cause is StopCause.ADDRESS_REFUSED
    assert sink.connections == endpoint.connections == 0


def test_a_name_that_turns_to_an_internal_address_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-28: what was public when it was saved resolves to loopback now."""
    with scripted_endpoint(always(READY)) as sink:
        resolved = _resolving_to(monkeypatch, "127.0.0.1")
        with pytest.raises(Stop) as refusal:
            calls(Target("openai_compatible", "model", f"https://api.example.com:{sink.port}/v1", "sim-1", allowlist=("127.0.0.1", "localhost")))

    assert refusal.value.cause is StopCause.ADDRESS_REFUSED
    assert resolved == ["api.example.com"]
    assert sink.connections == 0


def test_each_connection_asks_the_guard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-28: a listed name, whose meaning changes to a metadata address between two connections."""

    async def run(target: Target) -> None:
        client = providers.open_client(target, KEY, 1)
        await client.complete(CALL, deadline_seconds=5)
        _resolving_to(monkeypatch, "169.254.169.254", "fd00:ec2::254")
        await client.complete(CALL, deadline_seconds=5)
        await client.aclose()

    with scripted_endpoint(then_close(answer(completion(), headers={"connection": "close"}))) as endpoint:
        _resolving_to(monkeypatch, "127.0.0.1")
        with pytest.raises(Stop) as refusal:
            asyncio.run(run(Target("openai_compatible", "model", f"http://llm.corp:{endpoint.port}", "sim-1", allowlist=("llm.corp",))))

    assert refusal.value.cause is StopCause.ADDRESS_REFUSED
    assert endpoint.connections == 1


def test_allowed_addresses_are_used_when_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        _resolving_to(monkeypatch, "169.254.169.254", "::", "127.0.0.1")
        [reply] = calls(Target("openai_compatible", "model", f"http://llm.corp:{endpoint.port}", "sim-1", allowlist=("llm.corp",)))

    assert reply.text == "ready"


def test_the_next_address_is_tried_when_one_accepts_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        _resolving_to(monkeypatch, "127.0.0.9", "127.0.0.1")
        [reply] = calls(Target("openai_compatible", "model", f"http://llm.corp:{endpoint.port}", "sim-1", allowlist=("llm.corp",)))

    assert reply.text == "ready"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_endpoint(always(READY)) as proxy, scripted_endpoint(always(READY)) as endpoint:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        calls(target_for(endpoint))

    assert (proxy.connections, len(endpoint.requests)) == (0, 1)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for `localhost`, and the file of the authority that signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "raiportal test authority")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    authority, private = tmp_path / "authority.pem", tmp_path / "key.pem"
    authority.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return context, authority


def test_tls_works_with_a_trusted_certificate(certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    with scripted_endpoint(always(READY), certificate=context) as endpoint:
        replies = calls(target_for(endpoint, base_url=f"https://localhost:{endpoint.port}/v1"), 3)

    assert [reply.text for reply in replies] == ["ready"] * 3
    assert endpoint.connections == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["unknown-authority", "another-name"])
def test_a_certificate_that_does_not_hold_ends_the_connection(host: str, certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """REL-17."""
    context, authority = certificate
    if host == "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    with scripted_endpoint(always(READY), certificate=context) as endpoint:
        error = failure(target_for(endpoint, base_url=f"https://{host}:{endpoint.port}/v1"))

    assert error.kind is RetryKind.CONNECTION
    assert "certificate" in error.detail
    assert not endpoint.requests


def test_an_endpoint_without_tls_on_an_https_address_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        answering = threading.Thread(target=_answer_once, args=(listening, b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        answering.start()
        error = failure(Target("openai_compatible", "model", f"https://localhost:{port}/v1", "sim-1", allowlist=("localhost",)))
        answering.join(5)

    assert error.kind is RetryKind.CONNECTION
    assert "TLS" in error.detail


def _answer_once(listening: socket.socket, raw: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(raw)


def _resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make every name resolve to these addresses; gives the list of names that were asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        families = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(families[ip_address(address).version], socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def _wait_until(holds: Any) -> None:
    ends = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)
