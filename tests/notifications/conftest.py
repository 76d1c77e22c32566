"""Receivers on loopback, and a queue that only notes what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from raiportal import queue
from tests.fakes.mail_server import MailServer, running_mail_server
from tests.fakes.scripted_endpoint import Script, ScriptedEndpoint, scripted_endpoint

Receiving = Callable[[Script], AbstractContextManager[ScriptedEndpoint]]


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were handed to Celery, instead of handing them over."""
    sent: list[str] = []

    def send(task: str, *, expires: float | None = None, **arguments: object) -> bool:
        sent.append(task)
        return True

    monkeypatch.setattr(queue, "send", send)
    return sent


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """A server that mails really go to."""
    with running_mail_server() as server:
        settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server


@pytest.fixture
def receiving(settings: Any) -> Receiving:
    """Runs a webhook's receiver that plays a script, at an address that webhooks may call."""

    @contextmanager
    def start(script: Script) -> Iterator[ScriptedEndpoint]:
        with scripted_endpoint(script) as endpoint:
            settings.ENDPOINT_ALLOWLIST = [f"127.0.0.1:{endpoint.port}", f"localhost:{endpoint.port}"]
            yield endpoint

    return start
