"""One message out of the portal, and what came of it. Reads and writes no rows, so that several can be on their way at once.

A webhook's address was checked when it was saved. It is resolved here, and the connection goes to the very address that the guard judged, so a name that
changes its meaning in between gains nothing. Redirects are not followed, no proxy is used, certificates are verified; the whole exchange ends after
some seconds however slowly the other side answers, and of its answer only the status is kept.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

import httpcore2
import httpx2
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from raiportal.endpoints import Endpoint, address_allowed, check_endpoint, parse_endpoint
from raiportal.errors import Invalid
from raiportal.notifications.enums import Outcome
from raiportal.notifications.signatures import headers
from raiportal.version import VERSION

EXCHANGE_SECONDS = 15.0  # for one webhook: connecting, sending and the answer, together
ANSWER_BYTES = 16 * 1024  # of an answer that are read, so that the connection ends in order; none are kept
GONE = 410  # the receiver wants no more of them
PERMANENT_SMTP = range(500, 600)


@dataclass(frozen=True)
class Result:
    """What one attempt came to. `error` is a sentence of ours, without anything that the other side wrote."""

    outcome: Outcome
    status: int | None = None
    error: str = ""
    seconds: float = 0.0
    is_gone: bool = False


class AddressRefused(Exception):
    """The guard lets no connection to this host through."""


class _GuardedBackend(httpcore2.SyncBackend):
    """Connects to what the guard allows, and gives every step only what is left of the time."""

    def __init__(self, endpoint: Endpoint, allowlist: Sequence[str], ends_at: float) -> None:
        self._endpoint, self._allowlist, self._ends_at = endpoint, allowlist, ends_at

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError()
        for address in _allowed_addresses(self._endpoint, self._allowlist):
            try:
                return _TimedStream(super().connect_tcp(address, port, _left(self._ends_at)), self._ends_at)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _TimedStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends_at))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._ends_at))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> httpcore2.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left(self._ends_at)), self._ends_at)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def post(url: str, secret: str, message_id: str, body: bytes, *, allowlist: Sequence[str], sent_at: int) -> Result:
    """Send one signed message to a webhook. `sent_at` is in seconds since 1970, by the database."""
    began = time.monotonic()
    try:
        endpoint = check_endpoint(parse_endpoint(url, allow_query=True), allowlist)
    except Invalid as refusal:
        return Result(Outcome.REFUSED, error=refusal.detail)
    try:
        backend = _GuardedBackend(endpoint, allowlist, began + EXCHANGE_SECONDS)
        status = _status(endpoint, body, headers(secret, message_id, sent_at, body), backend)
    except AddressRefused as refusal:
        return Result(Outcome.FAILED, error=str(refusal), seconds=time.monotonic() - began)
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        return Result(Outcome.FAILED, error=_failure(error), seconds=time.monotonic() - began)
    return _judged(status, time.monotonic() - began)


def mail(address: str, subject: str, text: str) -> Result:
    """Send one mail. An address that the server refuses for good is not tried again."""
    began = time.monotonic()
    message = EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address], connection=get_connection(settings.MAIL_TRANSPORT))
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        code = max((code for code, _ in refusal.recipients.values()), default=0)
        return _mail_failed(code, "The mail server refused the address", began)
    except SMTPResponseException as refusal:
        return _mail_failed(refusal.smtp_code, "The mail server refused the mail", began)
    except (OSError, SMTPException) as error:
        words = "The mail server did not answer in time." if isinstance(error, TimeoutError) else "The mail server can't be reached."
        return Result(Outcome.FAILED, error=words, seconds=time.monotonic() - began)
    return Result(Outcome.SENT, seconds=time.monotonic() - began)


def _mail_failed(code: int, words: str, began: float) -> Result:
    outcome = Outcome.REFUSED if code in PERMANENT_SMTP else Outcome.FAILED
    return Result(outcome, status=code if 0 < code < 1000 else None, error=f"{words} ({code}).", seconds=time.monotonic() - began)


def _status(endpoint: Endpoint, body: bytes, signed: dict[str, str], backend: _GuardedBackend) -> int:
    """The status of the answer; its body is read up to a bound and thrown away."""
    sent = {"host": endpoint.origin.partition("://")[2], "content-type": "application/json", "user-agent": f"raiportal/{VERSION}", **signed}
    pool = httpcore2.ConnectionPool(ssl_context=_certificates(), network_backend=backend, max_connections=1)
    with pool, pool.stream("POST", endpoint.url, headers=[*sent.items(), ("content-length", str(len(body))), ("connection", "close")], content=body) as answer:
        read = 0
        for piece in answer.iter_stream():
            read += len(piece)
            if read >= ANSWER_BYTES:
                break
        return int(answer.status)


def _allowed_addresses(endpoint: Endpoint, allowlist: Sequence[str]) -> list[str]:
    found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if address_allowed(address, endpoint.host, endpoint.port, allowlist)]
    if not allowed:
        raise AddressRefused(f"{endpoint.host} resolves to an internal or reserved address, which webhooks are not sent to.")
    return allowed


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """The system's authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR name."""
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


def _judged(status: int, seconds: float) -> Result:
    if 200 <= status < 300:
        return Result(Outcome.SENT, status, seconds=seconds)
    if status == GONE:
        return Result(Outcome.REFUSED, status, "The receiver answered 410: it wants no more messages.", seconds, is_gone=True)
    if 300 <= status < 400:
        return Result(Outcome.FAILED, status, f"The receiver answered {status}; webhooks follow no redirect. Enter the address that it leads to.", seconds)
    return Result(Outcome.FAILED, status, f"The receiver answered {status}.", seconds)


def _failure(error: Exception) -> str:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The receiver's certificate can't be verified: {cause.verify_message}."
    if isinstance(error, httpcore2.TimeoutException):
        return f"The receiver did not answer within {EXCHANGE_SECONDS:.0f} seconds."
    if isinstance(error, socket.gaierror):
        return "The receiver's name could not be resolved."
    if isinstance(error, httpcore2.ProtocolError):
        return "The receiver does not answer in HTTP."
    return "The connection to the receiver failed."
