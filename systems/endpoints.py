"""Addresses of model endpoints: base URLs, to which the portal adds the path of a call. The guard itself is the kernel's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from raiportal import endpoints
from raiportal.endpoints import Endpoint
from raiportal.errors import Invalid

ADDED_PATH = "/chat/completions"


def parse_endpoint(url: str) -> Endpoint:
    """The canonical form of a base URL, its path without a final slash. Raises Invalid (field `base_url`) for anything that could be read in two ways."""
    try:
        endpoint = endpoints.parse_endpoint(url)
    except Invalid as refusal:
        raise _refused(refusal.detail) from None
    path = endpoint.path.rstrip("/")
    if path.endswith(ADDED_PATH):
        raise _refused(f"Leave off {ADDED_PATH}: the portal adds it.")
    return replace(endpoint, path=path)


def check_url(url: str, allowlist: Iterable[str]) -> Endpoint:
    """The endpoint that a base URL names, if people may enter it. Raises Invalid (field `base_url`) with what to do.

    `allowlist` holds internal hosts as `host` or `host:port`.
    """
    endpoint = parse_endpoint(url)
    try:
        return endpoints.check_endpoint(endpoint, allowlist)
    except Invalid as refusal:
        raise _refused(refusal.detail) from None


def same_place(first: Endpoint | str, second: Endpoint | str) -> bool:
    """Whether a key entered for one may be sent to the other: the same scheme, host and port, whatever the path."""
    one, other = (value if isinstance(value, Endpoint) else parse_endpoint(value) for value in (first, second))
    return one.origin == other.origin


def _refused(detail: str) -> Invalid:
    return Invalid(detail, field="base_url")
