"""The client for model endpoints over the vendor's library: authentication and Azure's addressing are the library's,
connections, limits and the reading of answers are ours.

`client.post` with a response type is the library's public way past its typed models: a malformed answer has to be
classified here anyway, and building typed objects costs more CPU than everything else in a call.
"""

from __future__ import annotations

import asyncio
import json
import time
from math import inf
from typing import Any
from urllib.parse import quote

import httpx2
import openai
import orjson

from raiportal.endpoints import Endpoint
from raiportal.errors import Invalid
from systems.endpoints import check_url
from systems.providers.exchange import Exchange, judge
from systems.providers.protocol import AZURE_API_VERSION, Call, CallError, Provider, Reply, Retryable, RetryKind, Target, TargetKind
from systems.providers.transport import SEND_BEFORE, EndpointTransport

PLACEHOLDER_KEY = "none"  # the library insists on a key; for an endpoint without one, the transport sends none
CHAT_PATH = "/chat/completions"
REMOVED_KEY = b"[key removed]"
SHORTEST_SECRET_CHARACTERS = 8  # a shorter "key" may be a plain word of an answer, which must not be changed
_OURS = ("model", "messages", "stream", "stream_options")  # what a configuration's parameters can't set


class OpenAIClient:
    """A `Client` for one target. Holds the key, and shows it nowhere."""

    def __init__(self, target: Target, api_key: str, max_connections: int) -> None:
        self._target = target
        self._secrets = _spellings(_checked_key(api_key))
        endpoint = check_url(target.base_url, target.allowlist)
        key_header = _key_header(target) if api_key else None
        transport = EndpointTransport(endpoint, target.allowlist, max_connections, key_header=key_header)
        http_client = httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=None)
        self._client = _vendor_client(target, endpoint, api_key or PLACEHOLDER_KEY, http_client)

    async def complete(self, call: Call, *, deadline_seconds: float, send_before: float = inf) -> Reply:
        started = time.perf_counter()
        SEND_BEFORE.set(send_before)
        body = _request_body(self._target, call)
        try:
            async with asyncio.timeout(deadline_seconds):
                response: httpx2.Response | CallError = await self._client.post(CHAT_PATH, content=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            response = error.response
        except TimeoutError:
            response = Retryable(RetryKind.TIMEOUT, f"No complete answer within {deadline_seconds:g} seconds.")
        except CallError as error:
            response = error.with_traceback(None)
        if isinstance(response, CallError):  # raised here, without the frames that hold the request and its key
            raise response
        return judge(self._exchange(response, started))

    async def aclose(self) -> None:
        await self._client.close()

    def _exchange(self, response: httpx2.Response, started: float) -> Exchange:
        content = response.content
        for secret in self._secrets:
            if secret in content:
                content = content.replace(secret, REMOVED_KEY)
        latency_ms = round((time.perf_counter() - started) * 1000)
        return Exchange(response.status_code, response.headers, content, response.extensions["truncated"], latency_ms)


def _key_header(target: Target) -> bytes:
    return b"api-key" if target.provider == Provider.AZURE_OPENAI else b"authorization"


def _vendor_client(target: Target, endpoint: Endpoint, api_key: str, http_client: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    """The library's client, with all given that it would else take from the environment and send."""
    if target.provider == Provider.AZURE_OPENAI:
        return openai.AsyncAzureOpenAI(
            azure_endpoint=endpoint.url.removesuffix("/openai"),
            azure_deployment=quote(target.model, safe=""),
            api_version=target.api_version or AZURE_API_VERSION,
            api_key=api_key,
            http_client=http_client,
            max_retries=0,
        )
    return openai.AsyncOpenAI(
        base_url=endpoint.url,
        api_key=api_key,
        default_headers={"Authorization": f"Bearer {api_key}"},  # else OPENAI_CUSTOM_HEADERS could put another key in its place
        http_client=http_client,
        max_retries=0,
    )


def _request_body(target: Target, call: Call) -> bytes:
    """The request as JSON. An application gets no parameters: they are its own; an empty model is left out."""
    body: dict[str, Any] = {}
    if target.target == TargetKind.MODEL:
        body.update((name, value) for name, value in call.parameters.items() if name not in _OURS)
    if target.model:
        body["model"] = target.model
    body["messages"] = call.messages
    try:
        return orjson.dumps(body)
    except TypeError:  # lone surrogates or huge integers, which orjson refuses; escaped they arrive as they are
        return json.dumps(body, allow_nan=False).encode("ascii")


def _checked_key(api_key: str) -> str:
    if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise Invalid("The key may hold only ASCII letters, digits and signs, without spaces or line ends.", field="api_key")
    return api_key


def _spellings(api_key: str) -> tuple[bytes, ...]:
    """How the key may stand in a body: as it is, or with its slashes escaped as JSON allows."""
    if len(api_key) < SHORTEST_SECRET_CHARACTERS:
        return ()
    return tuple(dict.fromkeys(spelling.encode("ascii") for spelling in (api_key, api_key.replace("/", "\\/"))))
