"""Messages on their way out, against real receivers on loopback: what is sent, what is never followed, and when it ends."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import pytest
from django.conf import settings as live_settings

from raiportal.notifications import outgoing, signatures
from raiportal.notifications.enums import Outcome
from tests.fakes.mail_server import MailServer
from tests.fakes.scripted_endpoint import ReceivedRequest, answer, scripted_endpoint
from tests.notifications.conftest import Receiving

SECRET = signatures.new_secret()
BODY = json.dumps({"type": "tried", "data": {"title": "Größe"}}, ensure_ascii=False).encode()


def post(url: str, *, allowlist: Any = None) -> outgoing.Result:
    listed = live_settings.ENDPOINT_ALLOWLIST if allowlist is None else allowlist
    return outgoing.post(url, SECRET, "msg_1", BODY, allowlist=listed, sent_at=1_700_000_000)


def answering(status: str, **headers: str) -> Any:
    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"the secret of the receiver", status=status, headers=headers))

    return script


def test_message_arrives_signed_and_whole(receiving: Receiving) -> None:
    with receiving(answering("204 No Content")) as target:
        result = post(f"http://127.0.0.1:{target.port}/hooks/a?sig=1&b=2")

    (request,) = target.requests
    assert (result.outcome, result.status, result.error) == (Outcome.SENT, 204, "")
    assert request.line == "POST /hooks/a?sig=1&b=2 HTTP/1.1"
    assert request.body == BODY
    assert request.headers["host"] == f"127.0.0.1:{target.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-signature"] == signatures.signature(SECRET, "msg_1", 1_700_000_000, BODY)
    assert set(request.headers) == {
        *("host", "content-type", "content-length", "user-agent", "connection", "webhook-id", "webhook-timestamp", "webhook-signature")
    }


@pytest.mark.parametrize("status", ["500 Oops", "429 Slow down", "400 Bad", "404 Nothing"])
def test_refusing_answers_are_failures_without_the_receivers_words(receiving: Receiving, status: str) -> None:
    with receiving(answering(status)) as target:
        result = post(f"http://127.0.0.1:{target.port}/")

    assert (result.outcome, result.status) == (Outcome.FAILED, int(status[:3]))
    assert "secret" not in result.error
    assert not result.is_gone


def test_gone_is_said_to_be_gone(receiving: Receiving) -> None:
    with receiving(answering("410 Gone")) as target:
        result = post(f"http://127.0.0.1:{target.port}/")

    assert (result.outcome, result.is_gone) == (Outcome.REFUSED, True)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Elsewhere", "308 Moved"])
def test_redirects_are_not_followed(receiving: Receiving, status: str) -> None:
    with scripted_endpoint(answering("200 OK")) as sink, receiving(answering(status, location=f"http://127.0.0.1:{sink.port}/")) as target:
        live_settings.ENDPOINT_ALLOWLIST = [*live_settings.ENDPOINT_ALLOWLIST, f"127.0.0.1:{sink.port}"]
        result = post(f"http://127.0.0.1:{target.port}/")

    assert (result.outcome, len(target.requests), sink.requests) == (Outcome.FAILED, 1, [])
    assert "redirect" in result.error


def test_huge_answer_is_cut_off(receiving: Receiving) -> None:
    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        for _ in range(10_000):
            writer.write(b"x" * 65_536)
            await writer.drain()

    with receiving(script) as target:
        began = time.monotonic()
        result = post(f"http://127.0.0.1:{target.port}/")

    assert result.outcome == Outcome.SENT
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("dripping", [b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n"])
def test_slow_receiver_is_left_after_the_time_for_the_whole_exchange(receiving: Receiving, monkeypatch: pytest.MonkeyPatch, dripping: bytes) -> None:
    monkeypatch.setattr(outgoing, "EXCHANGE_SECONDS", 0.6)

    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(dripping)
        for _ in range(200):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    with receiving(script) as target:
        began = time.monotonic()
        result = post(f"http://127.0.0.1:{target.port}/")

    assert result.outcome == Outcome.FAILED
    assert "did not answer" in result.error
    assert time.monotonic() - began < 2


def test_receiver_that_is_away_or_speaks_something_else_fails(receiving: Receiving) -> None:
    async def script(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2 what do you want\r\n\r\n")

    with receiving(script) as target:
        garbled = post(f"http://127.0.0.1:{target.port}/")
    away = post(f"http://127.0.0.1:{target.port}/")

    assert (garbled.outcome, away.outcome) == (Outcome.FAILED, Outcome.FAILED)
    assert "HTTP" in garbled.error
    assert "connection" in away.error


def test_certificate_is_verified_and_a_plain_receiver_under_https_fails(receiving: Receiving) -> None:
    with receiving(answering("200 OK")) as target:
        result = post(f"https://127.0.0.1:{target.port}/")

    assert result.outcome == Outcome.FAILED
    assert target.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0.0.0.0:{port}/",
        "http://127.1:{port}/",
        "http://user@127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/",
    ],
)
def test_internal_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    with scripted_endpoint(answering("200 OK")) as sink:
        result = post(url.format(port=sink.port), allowlist=[])

        assert result.outcome == Outcome.REFUSED
        assert (sink.connections, sink.requests) == (0, [])


def test_name_that_turns_out_to_be_internal_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_endpoint(answering("200 OK")) as sink:
        resolved = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", sink.port))]
        monkeypatch.setattr(outgoing.socket, "getaddrinfo", lambda *_, **__: resolved)
        result = post(f"https://hooks.example.test:{sink.port}/", allowlist=[])

        assert (result.outcome, sink.connections) == (Outcome.FAILED, 0)
        assert "internal" in result.error


def test_name_is_resolved_once_and_the_judged_address_is_called(receiving: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a name means is asked once; a second answer that leads elsewhere is never heard."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **options: Any) -> Any:
        asked.append(str(host))
        return real("127.0.0.1", port, *rest, **options)

    with receiving(answering("200 OK")) as target:
        monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolve)
        result = post(f"http://localhost:{target.port}/")

    assert result.outcome == Outcome.SENT
    assert asked.count("localhost") == 1


# --- Mails ---
def test_mail_arrives(mail_server: MailServer) -> None:
    result = outgoing.mail("owner@example.test", "A run stands still", "Look: http://localhost/runs/1/\n")

    ((recipient, mail),) = mail_server.mails
    assert (result.outcome, recipient, mail["Subject"]) == (Outcome.SENT, "owner@example.test", "A run stands still")
    assert "http://localhost/runs/1/" in mail.get_content()


@pytest.mark.parametrize(("code", "outcome"), [(550, Outcome.REFUSED), (451, Outcome.FAILED)])
def test_refused_address_is_final_only_when_the_server_says_so(mail_server: MailServer, code: int, outcome: Outcome) -> None:
    mail_server.refused["gone@example.test"] = code

    refused = outgoing.mail("gone@example.test", "Subject", "Text")
    other = outgoing.mail("owner@example.test", "Subject", "Text")

    assert (refused.outcome, refused.status, other.outcome) == (outcome, code, Outcome.SENT)
    assert "cellar" not in refused.error


def test_mail_server_that_is_away_or_silent_fails_in_time(mail_server: MailServer, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail_server.is_silent = True
    began = time.monotonic()

    silent = outgoing.mail("owner@example.test", "Subject", "Text")
    settings.EMAIL_PORT = 9
    away = outgoing.mail("owner@example.test", "Subject", "Text")

    assert (silent.outcome, away.outcome) == (Outcome.FAILED, Outcome.FAILED)
    assert time.monotonic() - began < 3
