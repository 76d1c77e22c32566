"""Routes: which function answers a request."""

from urllib.parse import parse_qs, unquote

import orjson

from .answers import Refused
from .completions import complete, require_key
from .doors import AZURE_PREFIX, Door, azure_refused, door_of
from .pages import ROUTES, model_named
from .protocol import Reply, Request, http_message
from .simulator import Simulator

MODEL_PREFIX = "/v1/models/"


def respond(simulator: Simulator, request: Request) -> Reply:
    """The reply to any request."""
    door = door_of(request.url)
    try:
        if door is not None and request.method == b"POST":
            return complete(simulator, request, door)
        return _json(200, _page(simulator, request, door), request)
    except Refused as refused:
        is_azure = request.url.startswith(AZURE_PREFIX.encode())
        return _json(refused.status, azure_refused(refused) if is_azure else refused.error, request)


def _page(simulator: Simulator, request: Request, door: Door | None) -> object:
    """The JSON of every path but the chat completions."""
    path, _, query = request.url.decode("latin-1").partition("?")
    path, method = unquote(path), request.method.decode("latin-1").replace("HEAD", "GET")
    handlers = ROUTES.get(path, {})
    methods = ["POST"] if door is not None else ["GET"] if path.startswith(MODEL_PREFIX) else list(handlers)
    if not methods:
        raise Refused(404, f"There is nothing at {path[:200]}.", code="not_found")
    if method not in methods:
        raise Refused(405, f"{path[:200]} answers {', '.join(methods)} only.", code="method_not_allowed")
    if path.startswith("/v1/"):
        require_key(simulator, request)
    if path.startswith(MODEL_PREFIX):
        return model_named(path.removeprefix(MODEL_PREFIX))
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    return handlers[method](simulator, request.body, options)


def _json(status: int, content: object, request: Request) -> Reply:
    message = http_message(status, orjson.dumps(content), keep_alive=request.keep_alive)
    if request.method == b"HEAD":
        message = message[: message.index(b"\r\n\r\n") + 4]
    return Reply(((0.0, message),), str(status))
