"""Requests that another site makes a browser send change nothing. SEC-24, and where a sign-in may lead: SEC-36."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.factories.accounts import PASSWORD
from tests.project.access import DOORS, LEFT_TO_THEIR_OWN_TESTS
from tests.project.door import Door, Who
from tests.project.each import for_each
from tests.project.world import World

PAGES = [door for door in DOORS if not door.is_reading and not door.is_api]
API = [door for door in DOORS if not door.is_reading and door.is_api]
ELSEWHERE = (
    "//evil.test/",
    "/\\evil.test/",
    "https:evil.test",
    "https://evil.test/",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie:x=1",
    "\thttps://evil.test",
    "///evil.test",
)


def _who(door: Door) -> Who:
    return next(who for who in (Who.OWNER, Who.ADMINISTRATOR, Who.RISK_MANAGER) if who in door.may)


@for_each("door", PAGES)
def test_form_needs_its_token(world: World, door: Door) -> None:
    client, address = world.browser(_who(door), enforce_csrf_checks=True), reverse(door.name, kwargs=dict(door.at(world)))
    watch = world.watch()

    without = client.post(address, dict(door.sent(world)))
    wrong = client.post(address, {**door.sent(world), "csrfmiddlewaretoken": "a" * 64})
    by_htmx = client.post(address, dict(door.sent(world)), headers={"HX-Request": "true"})

    assert [answer.status_code for answer in (without, wrong, by_htmx)] == [403] * 3
    assert watch.changed() == set()


@for_each("door", PAGES)
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://testserver.evil.test"])
def test_form_from_another_origin_is_refused_with_its_token(world: World, door: Door, origin: str) -> None:
    client, address = world.browser(_who(door), enforce_csrf_checks=True), reverse(door.name, kwargs=dict(door.at(world)))
    watch = world.watch()

    answer = client.post(address, {**door.sent(world), "csrfmiddlewaretoken": _token(client)}, headers={"Origin": origin})

    assert answer.status_code == 403
    assert watch.changed() == set()


def test_form_with_its_token_is_accepted(world: World) -> None:
    """The control."""
    door = next(door for door in PAGES if door.name == "harm-add")
    client, address = world.browser(Who.OWNER, enforce_csrf_checks=True), reverse(door.name, kwargs=dict(door.at(world)))

    answer = client.post(address, {**door.sent(world), "csrfmiddlewaretoken": _token(client)}, headers={"Origin": "http://testserver"})

    assert answer.status_code == 302


@for_each("door", API)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_api_with_a_cookie_needs_the_token_too(world: World, door: Door, content_type: str) -> None:
    client, address = world.browser(_who(door), enforce_csrf_checks=True, raise_request_exception=False), reverse(door.name, kwargs=dict(door.at(world)))
    body = "" if door.is_multipart else json.dumps(dict(door.sent(world)))
    watch = world.watch()

    answer = client.generic(door.method, address, body, content_type=content_type)

    assert answer.status_code == 403
    assert watch.changed() == set()


def test_api_with_cookie_and_token_is_accepted(world: World) -> None:
    client = world.browser(Who.OWNER, enforce_csrf_checks=True)
    token = _token(client)

    answer = client.patch(
        reverse("api-harm-detail", args=[world.s1.harm.pk]), {"title": "By the browser"}, content_type="application/json", headers={"X-CSRFToken": token}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "name"), LEFT_TO_THEIR_OWN_TESTS)
def test_signing_in_and_out_need_the_token(world: World, method: str, name: str) -> None:
    client = world.browser(Who.OWNER, enforce_csrf_checks=True)

    assert client.generic(method, _address(name)).status_code == 403


def _address(name: str) -> str:
    """The address by this name, for whatever it names: the token is asked for first."""
    try:
        return reverse(name)
    except NoReverseMatch:
        _, arguments = get_resolver().reverse_dict.getlist(name)[0][0][0]
        return reverse(name, kwargs=dict.fromkeys(arguments, 1))


def test_signing_out_is_no_link(world: World) -> None:
    client = world.browser(Who.OWNER)

    client.get(reverse("account_logout"))

    assert client.get(reverse("portfolio")).status_code == 200


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    client = world.browser(Who.OWNER)
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value

    client.post(reverse("account_logout"))

    again = Client()
    again.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert again.get(reverse("portfolio")).status_code == 302


@pytest.mark.parametrize("target", ELSEWHERE)
def test_sign_in_leads_nowhere_else(world: World, target: str) -> None:
    client = Client()

    answer = client.post(reverse("account_login"), {"login": world.s1.owner.username, "password": PASSWORD, "next": target})

    assert answer.status_code == 302
    location = urlsplit(answer["Location"])
    assert (location.scheme, location.netloc) == ("", "")
    assert location.path.startswith("/")
    assert not location.path.startswith(("//", "/\\"))
    assert "evil.test" not in location.path or location.path.startswith("/%0d%0a") or location.path == "/"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_who_is_signed_in_is_led_nowhere_else(world: World, target: str) -> None:
    answer = world.browser(Who.OWNER).get(reverse("account_login"), {"next": target})

    assert urlsplit(answer["Location"]).netloc == ""
    assert not answer["Location"].startswith(("//", "/\\", "http", "javascript"))


def test_sign_in_leads_back_to_where_somebody_was_going(world: World) -> None:
    asked = Client().get(reverse("system", args=[world.s1.system.pk]))

    answer = Client().post(asked["Location"], {"login": world.s1.owner.username, "password": PASSWORD})

    assert answer["Location"] == reverse("system", args=[world.s1.system.pk])


def test_nobody_registers_by_themselves(world: World) -> None:
    """SEC-33."""
    watch = world.watch()

    answer = Client().post(reverse("account_signup"), {"username": "intruder", "password1": PASSWORD, "password2": PASSWORD})

    assert answer.status_code in {200, 302, 403}
    assert watch.changed() == set()


def _token(client: Client) -> str:
    """The token of the browser's next form."""
    client.get(reverse("token-list"))
    return client.cookies[settings.CSRF_COOKIE_NAME].value
