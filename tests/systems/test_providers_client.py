"""The client for model endpoints: what is sent, where the key goes, and the one real call of a person's test (SEC-28, SEC-29, SEC-30)."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
import traceback
from typing import Any

import pytest

from raiportal.errors import Invalid
from systems import providers
from systems.providers import connection_check
from systems.providers.protocol import Call, CallError, Outcome, Reply, Retryable, RetryKind, StopCause, Target
from tests.fakes.scripted_endpoint import ScriptedEndpoint, always, answer, completion, hang_after, scripted_endpoint, then_close

KEY = "sk-canary/0123456789"
CALL = Call(({"role": "user", "content": "Good morning"},), {"temperature": 0.2, "max_tokens": 50})
READY = answer(completion())


def target_for(endpoint: ScriptedEndpoint, **changes: Any) -> Target:
    given = {"provider": "openai_compatible", "target": "model", "base_url": endpoint.url, "model": "sim-1", "allowlist": endpoint.allowlist}
    return Target(**given | changes)


def call(target: Target, made: Call = CALL, *, key: str = KEY, deadline_seconds: float = 5.0) -> Reply:
    async def run() -> Reply:
        client = providers.open_client(target, key, 1)
        try:
            return await client.complete(made, deadline_seconds=deadline_seconds)
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_a_model_gets_parameters_and_the_key_as_bearer() -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        call(target_for(endpoint))

    [request] = endpoint.requests
    assert request.json == {"model": "sim-1", "messages": list(CALL.messages), "temperature": 0.2, "max_tokens": 50}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"


def test_parameters_can_not_replace_what_is_measured() -> None:
    parameters = {"model": "other", "messages": [], "stream": True, "stream_options": {}, "seed": 7}
    with scripted_endpoint(always(READY)) as endpoint:
        call(target_for(endpoint), Call(CALL.messages, parameters))

    assert endpoint.requests[0].json == {"model": "sim-1", "messages": list(CALL.messages), "seed": 7}


def test_an_application_gets_the_messages_only() -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        call(target_for(endpoint, target="application", model=""))

    assert endpoint.requests[0].json == {"messages": list(CALL.messages)}


@pytest.mark.parametrize("path", ["", "/", "/openai", "/openai/"])
def test_azure_gets_its_own_address_header_and_version(path: str) -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        url = f"http://127.0.0.1:{endpoint.port}{path}"
        call(target_for(endpoint, provider="azure_openai", base_url=url, model="gpt 4/o", api_version="2025-01-01-preview"))
        call(target_for(endpoint, provider="azure_openai", base_url=url, model="gpt-4o"))

    named, defaulted = endpoint.requests
    assert named.line == "POST /openai/deployments/gpt%204%2Fo/chat/completions?api-version=2025-01-01-preview HTTP/1.1"
    assert defaulted.line == "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21 HTTP/1.1"
    assert named.headers["api-key"] == KEY
    assert "authorization" not in named.headers


def test_a_model_name_can_not_leave_its_path() -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        call(target_for(endpoint, provider="azure_openai", base_url=f"http://127.0.0.1:{endpoint.port}", model="../../admin?x=\r\nHost: y"))

    assert endpoint.requests[0].line.startswith("POST /openai/deployments/..%2F..%2Fadmin%3Fx%3D%0D%0AHost%3A%20y/chat/completions?")


@pytest.mark.parametrize("provider", ["openai_compatible", "azure_openai"])
def test_nothing_of_the_environment_is_sent_along(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-29: other credentials that lie in the environment belong to other places."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.setenv(name, "canary-of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/canary-of-the-environment")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "Authorization: canary-of-the-environment\nApi-Key: canary-of-the-environment\nX-Canary: canary-of-the-environment"
    )
    with scripted_endpoint(always(READY)) as endpoint:
        target = target_for(endpoint, provider=provider, base_url=f"http://127.0.0.1:{endpoint.port}")
        call(target)
        call(target, key="")

    with_key, without_key = endpoint.requests
    for request in endpoint.requests:
        assert "canary-of-the-environment" not in f"{request.line} {request.headers}"
    sent = {name for name in with_key.headers if name in ("authorization", "api-key")}
    assert sent == {"api-key"} if provider == "azure_openai" else {"authorization"}
    assert not {"authorization", "api-key"} & set(without_key.headers)


@pytest.mark.parametrize("text", ["half an emoji \ud83d", "nul \x00", "\U0001f600 \u2028"])
def test_any_prompt_arrives_as_it_is(text: str) -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        call(target_for(endpoint), Call(({"role": "user", "content": text},), {"seed": 2**70}))

    assert endpoint.requests[0].json["messages"][0]["content"] == text
    assert endpoint.requests[0].json["seed"] == 2**70


def test_template_syntax_is_sent_literally() -> None:
    """SEC-32."""
    text = "{{settings.SECRET_KEY}} {0.__class__} %(x)s ${7*7}"
    with scripted_endpoint(always(READY)) as endpoint:
        call(target_for(endpoint), Call(({"role": "user", "content": text},)))

    assert endpoint.requests[0].json["messages"][0]["content"] == text


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
def test_a_key_that_is_echoed_is_removed(status: str) -> None:
    """SEC-30: in plain, and with its slash escaped as JSON allows."""
    escaped = KEY.replace("/", "\\/")
    body = b'{"error": {"message": "bad header Bearer %b or %b"}}' % (KEY.encode(), escaped.encode())
    with scripted_endpoint(always(answer(body, status=status))) as endpoint:
        reply = call(target_for(endpoint))

    assert reply.detail == "bad header Bearer [key removed] or [key removed]"
    assert KEY not in str(reply)
    assert escaped not in str(reply)


def test_a_word_of_an_answer_is_not_taken_for_a_short_key() -> None:
    with scripted_endpoint(always(answer(completion("this is a test")))) as endpoint:
        assert call(target_for(endpoint), key="test").text == "this is a test"


@pytest.mark.parametrize("status", ["401 Unauthorized", "429 Too Many", "500 Error", "302 Found", "200 OK"])
def test_the_key_is_in_no_error_log_or_representation(status: str, caplog: pytest.LogCaptureFixture) -> None:
    """SEC-30, with everything logged that the libraries can log."""
    caplog.set_level(logging.DEBUG)
    error: BaseException | None = None
    with scripted_endpoint(always(answer(b'{"error": {"message": "%b"}}' % KEY.encode(), status=status, headers={"x-key": KEY}))) as endpoint:
        client = providers.open_client(target_for(endpoint), KEY, 1)
        try:
            call(target_for(endpoint))
        except CallError as raised:
            error = raised

    shown = traceback.TracebackException.from_exception(error, capture_locals=True).format() if error else ()
    assert KEY not in caplog.text
    assert KEY not in repr(client) + str(client) + repr(error) + str(error)
    assert KEY not in "".join(line for line in shown if __file__ not in line)
    asyncio.run(client.aclose())


def test_an_error_keeps_no_hold_on_the_request() -> None:
    """Nor does what an error report would walk through: causes, contexts and frames beyond our own."""
    with scripted_endpoint(then_close(b"")) as endpoint, pytest.raises(Retryable) as raised:
        call(target_for(endpoint))

    assert raised.value.__cause__ is raised.value.__context__ is None
    frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert frames[-1] == "complete"


@pytest.mark.parametrize("key", ["with space inside", "line\nend", "tab\t", "na\u00efve-key-0123", "nul\x00", "sk-x\r\nX-Evil: 1"])
def test_a_key_that_could_break_a_header_is_refused(key: str) -> None:
    with scripted_endpoint(always(READY)) as endpoint, pytest.raises(Invalid) as refusal:
        call(target_for(endpoint), key=key)

    assert refusal.value.field == "api_key"
    assert key not in refusal.value.detail


def test_a_client_does_not_open_for_an_address_that_is_not_allowed() -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        for url in (endpoint.url, f"https://127.0.0.1:{endpoint.port}"):
            with pytest.raises(Invalid):
                call(target_for(endpoint, base_url=url, allowlist=()))

    assert endpoint.connections == 0


def test_a_server_error_is_left_to_the_caller_to_repeat() -> None:
    with scripted_endpoint(always(answer(b"", status="503 Busy", headers={"retry-after": "3"}))) as endpoint, pytest.raises(Retryable) as busy:
        call(target_for(endpoint))

    assert (busy.value.kind, busy.value.retry_after, len(endpoint.requests)) == (RetryKind.SERVER_ERROR, 3.0, 1)


def test_closing_a_client_ends_the_calls_under_way() -> None:
    async def run(target: Target) -> None:
        client = providers.open_client(target, KEY, 1)
        waiting = asyncio.create_task(client.complete(CALL, deadline_seconds=60))
        await asyncio.to_thread(_wait_for_a_request, endpoint)
        await client.aclose()
        with pytest.raises(Retryable):
            await waiting

    with scripted_endpoint(hang_after(b"")) as endpoint:
        asyncio.run(run(target_for(endpoint)))


def _wait_for_a_request(endpoint: ScriptedEndpoint) -> None:
    while not endpoint.requests:
        time.sleep(0.01)


def test_importing_the_door_does_not_load_the_vendors_library() -> None:
    script = "import sys, systems.providers, systems.endpoints; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_working_endpoint_passes_the_test_call() -> None:
    with scripted_endpoint(always(READY)) as endpoint:
        result = providers.test_call(target_for(endpoint), KEY)

    assert (result.ok, result.answer, result.error) == (True, "ready", "")
    assert result.latency_ms >= 0
    assert len(endpoint.requests) == 1


SECRET_PAGE = b"<html>internal admin page, token 12345</html>"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (answer(b'{"error": {"message": "Incorrect API key provided"}}', status="401 Unauthorized"), "Check the key"),
        (answer(SECRET_PAGE, status="401 Unauthorized"), "Check the key"),
        (answer(SECRET_PAGE, status="403 Forbidden"), "right to use"),
        (answer(b'{"error": {"message": "The model x does not exist"}}', status="404 Not Found"), "The model x does not exist"),
        (answer(SECRET_PAGE, status="404 Not Found"), "Check the address"),
        (answer(SECRET_PAGE), "often ends in /v1"),
        (answer({"secret": "token 12345"}), "often ends in /v1|list of choices"),
        (answer({"token 12345": "x"}, status="400 Bad Request"), "status 400"),
        (answer(b'{"error": "token 12345"}', status="500 Error"), "status 500"),
        (answer(SECRET_PAGE, status="302 Found", headers={"location": "http://127.0.0.1/"}), "redirect"),
        (answer(b""), "nothing"),
        (answer(completion(None, refusal="No.")), "refused"),
        (answer({"error": {"code": "content_filter"}}, status="400 Bad Request"), "filter"),
        (b"SSH-2.0-OpenSSH_9.2 token 12345\r\n", "not HTTP"),
    ],
)
def test_a_failing_test_call_says_what_to_do_and_repeats_no_foreign_body(raw: bytes, words: str) -> None:
    """SEC-28."""
    with scripted_endpoint(always(raw)) as endpoint:
        result = providers.test_call(target_for(endpoint), KEY)

    assert not result.ok
    assert any(word in result.error for word in words.split("|"))
    assert "12345" not in result.error + result.answer
    assert "  " not in result.error


def test_a_test_call_of_a_forbidden_address_connects_to_nothing() -> None:
    with scripted_endpoint(always(READY)) as sink:
        result = providers.test_call(target_for(sink, allowlist=()), KEY)

    assert not result.ok
    assert "RAIPORTAL_ENDPOINT_ALLOWLIST" in result.error
    assert sink.connections == 0


def test_a_test_call_ends_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_check, "DEADLINE_SECONDS", 0.2)

    with scripted_endpoint(hang_after(b"")) as endpoint:
        result = providers.test_call(target_for(endpoint), KEY)

    assert (result.ok, "0.2 seconds" in result.error) == (False, True)


def test_every_cause_of_a_stop_has_its_advice() -> None:
    assert set(connection_check._ADVICE) == set(StopCause)
    assert set(connection_check._WORDS) == set(Outcome) - {Outcome.ANSWERED, Outcome.FAILED}
