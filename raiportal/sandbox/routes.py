"""Routes: which function answers a request."""

from urllib.parse import parse_qs, unquote

import orjson

from .answers import Refused
from .completions import complete, require_key
from .pages import ROUTES, model_named
from .protocol import Reply, Request, http_message
from .simulator import Simulator

COMPLETIONS = "/v1/chat/completions"
MODEL_PREFIX = "/v1/models/"


def respond(simulator: Simulator, request: Request) -> Reply:
    """The reply to any request."""
    try:
        if request.method == b"POST" and request.url.partition(b"?")[0] == COMPLETIONS.encode():
            return complete(simulator, request)
        return _json(200, _page(simulator, request), request)
    except Refused as refused:
        return _json(refused.status, refused.error, request)


def _page(simulator: Simulator, request: Request) -> object:
    """The JSON of every path but the chat completions."""
    path, _, query = request.url.decode("latin-1").partition("?")
    path, method = unquote(path), request.method.decode("latin-1").replace("HEAD", "GET")
    handlers = ROUTES.get(path, {})
    methods = ["POST"] if path == COMPLETIONS else ["GET"] if path.startswith(MODEL_PREFIX) else list(handlers)
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
