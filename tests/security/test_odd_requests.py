"""Requests that no browser sends get a plain refusal, never a crash. SEC-48."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.project.access import DOORS
from tests.project.door import Door, Who
from tests.project.each import for_each
from tests.project.knocking import send, text_of
from tests.project.world import World

HUGE = 10**30
PARAMETERS = ("system", "harm", "set", "run", "severity", "owner", "version", "case", "actor", "metric", "configuration", "deployment", "metaprompt")
ODD_QUERIES = (
    "q=%00&part=nothing&format=%00&export=%00",
    "q=%ff%fe&stratum=%ff&language=%ff&state=%ff",
    "q=" + "a" * 20_000,
    "=&&;=%",
    *("&".join(f"{name}={value}" for name in PARAMETERS) for value in (HUGE, "-1", "%00", "1e400", "x")),
)
ODD_LIST_QUERIES = (
    "cursor=%00",
    "cursor=AAAA",
    "cursor=W10",
    "cursor=" + "A" * 5_000,
    "page=0",
    "page=NaN",
    f"page={HUGE}",
    "page_size=0",
    f"page_size={HUGE}",
    "sort=%00",
    "sort=-",
    "format=xml",
    "export=exe",
    "until=9999-99-99&since=x",
    *(f"{name}={value}" for name in PARAMETERS for value in (HUGE, "%00")),
)
ODD_VALUES: tuple[Any, ...] = ("\x00", "\ud800", "a" * 300_000, HUGE, -1, 1.5, True, None, [], {}, [[]], {"a": 1}, [None], "١", "1e400", "\u202e")
ODD_BODIES = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"name": NaN}',
    b"[" * 50_000,
    b'{"a":' * 20_000,
    b'{"name": ' + b"9" * 6_000 + b"}",
    b'{"name": "a", "name": "b"}',
)
ODD_TYPES = (
    "text/plain",
    "application/xml",
    "application/json; charset=utf-7",
    "application/json; charset=nothing",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "",
    "x",
)
TRIED_AT_ONCE = 5  # of the odd things, on each field and each address; which ones hangs on the address alone, so that a run finds what the last one found
READING = [door for door in DOORS if door.is_reading and door.name not in {"style", "api-docs", "api-schema", "healthz"}]  # these read no query
WRITING = [door for door in DOORS if not door.is_reading and Who.ADMINISTRATOR in door.may]


def _client(world: World, door: Door) -> Client:
    return (world.program if door.is_api else world.browser)(Who.ADMINISTRATOR, raise_request_exception=False)


@for_each("door", READING)
def test_odd_queries_are_no_crash(world: World, door: Door) -> None:
    client, address, draw = _client(world, door), reverse(door.name, kwargs=dict(door.at(world))), Random(door.name)
    asked = "&".join(f"{name}={value}" for name, value in door.asked(world).items())

    crashed = []
    is_list = door.name.endswith("-list") or door.name in {"portfolio", "ledger", "set-version", "harm-export", "upload-rejected"}
    for query in (*draw.sample(ODD_QUERIES, TRIED_AT_ONCE), *(draw.sample(ODD_LIST_QUERIES, TRIED_AT_ONCE) if is_list else ())):
        answer = client.get(f"{address}?{asked}&{query}")
        text_of(answer)
        if answer.status_code >= 500 and answer.status_code != door.status:
            crashed.append(query[:60])

    assert crashed == []


@for_each("door", [door for door in DOORS if door.names_an_object and door.name != "mfa_remove_webauthn"])  # that one asks for the password first
def test_ids_beyond_every_number_are_not_found(world: World, door: Door) -> None:
    if not any(isinstance(value, int) for value in door.at(world).values()):
        return  # named by a word
    client = _client(world, door)
    numbers = [HUGE, 2**63, 2**31] if not door.is_api else [10**18 - 1, 2**31]

    for number in numbers:
        address = reverse(door.name, kwargs={name: number if isinstance(value, int) else value for name, value in door.at(world).items()})
        answer = send(client, door.method, address, dict(door.sent(world)), as_json=door.is_api and not door.is_multipart)
        assert answer.status_code == 404, number


@for_each("door", WRITING)
def test_odd_values_in_every_field_are_no_crash(world: World, door: Door) -> None:
    client, address, good = _client(world, door), reverse(door.name, kwargs=dict(door.at(world))), dict(door.sent(world))

    crashed = []
    for body in _spoiled(good, Random(door.name), as_json=door.is_api and not door.is_multipart):
        answer = send(client, door.method, address, body, as_json=door.is_api and not door.is_multipart)
        text_of(answer)
        if answer.status_code >= 500:
            crashed.append({name: str(value)[:30] for name, value in body.items() if value is not good.get(name)})

    assert crashed == []


def _spoiled(good: dict[str, Any], draw: Random, *, as_json: bool) -> Iterator[dict[str, Any]]:
    for name in good:
        for value in draw.sample(ODD_VALUES, TRIED_AT_ONCE):
            if as_json or (not isinstance(value, dict | bool) and value is not None and value != "\ud800" and value not in ([[]], [None])):
                yield {**good, name: value}
        yield {other: value for other, value in good.items() if other != name}


@for_each("door", [door for door in WRITING if door.is_api and door.name != "api-deployment-test"])
def test_odd_bodies_and_types_are_no_crash(world: World, door: Door) -> None:
    client, address = _client(world, door), reverse(door.name, kwargs=dict(door.at(world)))

    answers = {body[:20]: client.generic(door.method, address, body, content_type="application/json").status_code for body in ODD_BODIES}
    types = {kind: client.generic(door.method, address, b'{"name": "x"}', content_type=kind).status_code for kind in ODD_TYPES}

    assert {body: status for body, status in answers.items() if status >= 500} == {}
    assert {kind: status for kind, status in types.items() if status >= 500} == {}


@for_each("door", [door for door in WRITING if not door.is_api])
def test_forms_of_ten_thousand_fields_are_refused(world: World, door: Door) -> None:
    client = world.browser(Who.ADMINISTRATOR, raise_request_exception=False, enforce_csrf_checks=True)
    address = reverse(door.name, kwargs=dict(door.at(world)))

    answer = client.post(address, "&".join(f"f{number}=1" for number in range(10_000)), content_type="application/x-www-form-urlencoded")
    cut = client.generic(
        "POST", address, b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n', content_type="multipart/form-data; boundary=x"
    )

    assert answer.status_code in {400, 403, 413}
    assert cut.status_code < 500


@pytest.mark.parametrize(
    "address", ["/%00", "/%ff", "/systems/%00/", "/systems/1%0d%0a/", "/" + "a" * 8_000, "/api/v1/%00/", "/%2f%2fevil.test/", "/systems/١/", "/history/%00/1/"]
)
def test_odd_addresses_are_not_found(world: World, address: str) -> None:
    answer = world.browser(Who.ADMINISTRATOR, raise_request_exception=False).get(address)

    assert answer.status_code in {301, 302, 400, 404}
    assert answer.status_code not in {301, 302} or not answer["Location"].startswith("//")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW"])
def test_methods_that_nobody_serves_are_refused(world: World, method: str) -> None:
    client = world.browser(Who.ADMINISTRATOR, raise_request_exception=False)

    answers = [client.generic(method, address).status_code for address in ("/", "/settings/people/", "/api/v1/systems/", "/account/login/")]

    assert set(answers) <= {400, 405}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"},
        {"Host": ""},
        {"Idempotency-Key": "\x00"},
        {"Idempotency-Key": "x" * 5_000},
        {"Range": "bytes=0-"},
        {"HX-Request": "true", "HX-Target": "\"'<"},
    ],
)
def test_odd_headers_are_no_crash(world: World, headers: dict[str, str]) -> None:
    client = world.program(Who.ADMINISTRATOR, raise_request_exception=False)

    asked = client.get(reverse("api-system-list"), headers=headers)
    sent = client.post(reverse("api-system-list"), json.dumps({"name": "N", "purpose": "p"}), content_type="application/json", headers=headers)

    assert asked.status_code < 500
    assert sent.status_code < 500
