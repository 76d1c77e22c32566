"""Trying a door as somebody: the request, and what has to come back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse

from raiportal.audit.models import Entry
from tests.project.door import SIGNED_IN, Answer, Door, Who
from tests.project.world import World

UNKNOWN = 987_654_321  # an id that nothing has
NAMES_A_ROW = ("system", "deployment", "configuration", "measurement_set_version", "measurement_set", "metrics", "subject_id")  # in bodies of the API
VOLATILE = re.compile(rb'(name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"|data-token="[^"]*"|data-relative>[^<]*</time>)')
LEDGER = frozenset({"audit_entry", "audit_payload"})


def knock(
    world: World, door: Door, who: Who, *, at: Mapping[str, Any] | None = None, sent: Mapping[str, Any] | None = None, method: str = "", **headers: str
) -> Any:
    """The answer to one request at the door, as this person or program."""
    client = (world.program if door.is_api else world.browser)(who, raise_request_exception=False)
    address = reverse(door.name, kwargs=dict(door.at(world) if at is None else at))
    body = dict(door.sent(world) if sent is None else sent)
    asked = dict(door.asked(world))
    method = method or door.method
    if method in {"GET", "HEAD"}:
        return getattr(client, method.lower())(address, asked, headers=headers)
    return send(client, method, address, body, as_json=door.is_api and not door.is_multipart, headers=headers)


def send(client: Client, method: str, address: str, body: Mapping[str, Any], *, as_json: bool, headers: Mapping[str, str] | None = None) -> Any:
    if as_json:
        return client.generic(method, address, json.dumps(body), content_type="application/json", headers=dict(headers or {}))
    if method == "POST":
        return client.post(address, body, headers=dict(headers or {}))
    return client.generic(method, address, headers=dict(headers or {}))


def text_of(response: HttpResponse) -> bytes:
    """All of an answer, also of a streamed one."""
    return b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]


def comparable(response: HttpResponse) -> tuple[int, bytes]:
    return response.status_code, VOLATILE.sub(b"", text_of(response))


def must_answer(world: World, door: Door, who: Who) -> None:
    """Knock and require what the table says."""
    watch, refusals = world.watch(), _refusals()
    response = knock(world, door, who)
    changed = watch.changed()
    answer = door.answer_to(who)
    if answer is Answer.DONE:
        _must_be_done(door, who, response, changed)
        return
    assert changed == set(), f"refused with {response.status_code}, and yet these tables changed: {sorted(changed)}"
    if answer is Answer.SIGN_IN:
        _must_ask_to_sign_in(world, door, response)
    elif answer is Answer.DENIED:
        _must_be_denied(world, door, who, response, noted=_refusals() > refusals)
    else:
        _must_be_hidden(world, door, who, response, 404 if answer is Answer.HIDDEN else 422)


def _must_be_done(door: Door, who: Who, response: Any, changed: set[str]) -> None:
    assert response.status_code == door.success(who), (response.status_code, text_of(response)[:600])
    if response.status_code == 302 and not door.is_public:
        assert resolve(re.split("[?#]", response["Location"])[0]).url_name != settings.LOGIN_URL
    if response.streaming:
        text_of(response)  # so that a file is closed
    allowed = door.changes | LEDGER
    assert door.changes <= changed, f"let in, but nothing happened in {sorted(door.changes - changed)}"
    assert changed <= allowed, f"changed more than the table says: {sorted(changed - allowed)}"


def _must_ask_to_sign_in(world: World, door: Door, response: Any) -> None:
    if door.is_api:
        assert (response.status_code, response["Content-Type"], response["WWW-Authenticate"]) == (401, "application/problem+json", "Bearer")
        return
    login = reverse(settings.LOGIN_URL)
    assert (response.status_code, response["Location"].split("?")[0]) == (302, login)
    swapped = knock(world, door, Who.ANONYMOUS, **{"HX-Request": "true"})
    assert (swapped.status_code, swapped["HX-Redirect"], swapped.content) == (204, login, b"")


def _must_be_denied(world: World, door: Door, who: Who, response: Any, *, noted: bool) -> None:
    assert response.status_code == 403, (response.status_code, text_of(response)[:300])
    assert "text/html" in response["Content-Type"] or response.json()["detail"]
    if who is Who.READING_TOKEN:
        return
    assert noted, "the refusal is not in the ledger"
    if door.names_an_object and who not in door.may and door.knows == SIGNED_IN:
        unknown = knock(world, door, who, at=_unknown(door.at(world)))
        assert unknown.status_code == 403, "403 for an object and another answer for none tells which ids there are"


def _must_be_hidden(world: World, door: Door, who: Who, response: Any, status: int) -> None:
    assert response.status_code == status, (response.status_code, text_of(response)[:300])
    sent = {name: _unknown_value(name, value) for name, value in door.sent(world).items()}
    given = comparable(response)
    if given in world.nowhere[who]:
        return  # byte for byte what this person already got for an id that nothing has
    nowhere = comparable(knock(world, door, who, at=_unknown(door.at(world)), sent=sent if door.is_api else None))
    world.nowhere[who].add(nowhere)
    assert given == nowhere, "tells an object of another system from one that isn't there"


def _unknown(at: Mapping[str, Any]) -> dict[str, Any]:
    return {name: UNKNOWN if isinstance(value, int) else value for name, value in at.items()}


def _unknown_value(name: str, value: Any) -> Any:
    if name not in NAMES_A_ROW:
        return value
    return [UNKNOWN] if isinstance(value, list) else UNKNOWN


def _refusals() -> int:
    return Entry.objects.filter(action="refused").count()
