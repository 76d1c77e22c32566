"""What every answer tells the browser not to do. SEC-25, SEC-23."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from tests.factories.accounts import PASSWORD
from tests.project.access import DOORS
from tests.project.door import Door, Who
from tests.project.each import for_each
from tests.project.knocking import UNKNOWN, knock, text_of
from tests.project.world import World

DIRECTIVES = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "style-src": "'self'",
}
OF_FILES = {"sandbox": "", "default-src": "'none'"}
INLINE = re.compile(rb"<(script|style)\b(?![^>]*\bsrc=)(?P<rest>[^>]*)>")


def _must_protect(answer: Any) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";") if part.strip())
    if answer.streaming and "sandbox" in policy:  # a stored file: whatever is in it, nothing of it may run
        assert policy == OF_FILES
    else:
        assert {name: policy.get(name) for name in DIRECTIVES} == DIRECTIVES
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "no-store" in answer["Cache-Control"]


def _must_be_free_of_inline_code(answer: Any) -> None:
    if answer["Content-Type"].startswith("text/html"):
        body = text_of(answer)
        assert [found.group() for found in INLINE.finditer(body) if b"nonce=" not in found.group("rest")] == []
        assert not re.search(rb"<[^>]+\s(on[a-z]+|style|hx-on[^=]*)=\"", body)


@for_each("door", [door for door in DOORS if door.is_reading])
@pytest.mark.parametrize("who", [Who.OWNER, Who.ANONYMOUS, Who.FOREIGNER])
def test_every_answer_protects_itself(world: World, door: Door, who: Who) -> None:
    answer = knock(world, door, who)

    _must_protect(answer)
    if answer.status_code != 302 and not answer.streaming:
        _must_be_free_of_inline_code(answer)


@for_each("door", [door for door in DOORS if not door.is_reading and Who.OWNER in door.may])
def test_every_answer_to_a_change_protects_itself(world: World, door: Door) -> None:
    _must_protect(knock(world, door, Who.OWNER))
    _must_protect(knock(world, door, Who.OWNER, sent={}))


def test_errors_protect_themselves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.browser(Who.OWNER, raise_request_exception=False)
    missing, api_missing = client.get("/no/such/page/"), client.get("/api/v1/no-such-thing/")
    hidden, not_allowed = client.get(reverse("system", args=[UNKNOWN])), client.put(reverse("portfolio"))
    foreign_host = client.get("/", headers={"Host": "evil.test"})
    monkeypatch.setattr("systems.views.portfolio.render", lambda *_, **__: 1 / 0)
    broken = client.get(reverse("portfolio"))

    for answer, status in ((missing, 404), (api_missing, 404), (hidden, 404), (not_allowed, 405), (foreign_host, 400), (broken, 500)):
        assert answer.status_code == status
        assert b"Traceback" not in answer.content
        assert b"ZeroDivisionError" not in answer.content
        _must_protect(answer)


def test_static_files_are_typed_and_never_sniffed() -> None:
    with override_settings(WHITENOISE_USE_FINDERS=True, WHITENOISE_AUTOREFRESH=True):
        answer = Client().get(f"/{settings.STATIC_URL.strip('/')}/raiportal/portal.js")
        answer.close()

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_downloads_are_attachments_with_a_name_of_ours(world: World) -> None:
    files = [door for door in DOORS if door.name in {"harm-export", "upload-rejected", "set-version-export", "output-export"}]

    assert len(files) == 4
    for door in files:
        answer = knock(world, door, Who.OWNER)
        assert re.fullmatch(r'attachment; filename="[A-Za-z0-9-]+\.(csv|json)"', answer["Content-Disposition"])
        assert answer["Content-Type"].split(";")[0] in {"text/csv", "application/json"}


def test_over_tls_browsers_are_told_to_stay_there(world: World) -> None:
    with override_settings(SECURE_HSTS_SECONDS=31_536_000, SECURE_HSTS_INCLUDE_SUBDOMAINS=True):
        answer = Client().get(reverse("account_login"), secure=True)

    assert answer["Strict-Transport-Security"].startswith("max-age=31536000")


def test_cookies_are_kept_from_scripts_and_other_sites(world: World) -> None:
    with override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True):
        answer = Client().post(reverse("account_login"), {"login": world.s1.owner.username, "password": PASSWORD}, secure=True)

    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert answer.cookies[settings.CSRF_COOKIE_NAME]["secure"]


def test_nobody_may_read_from_another_origin(world: World) -> None:
    answer = world.browser(Who.OWNER).get(reverse("api-system-list"), headers={"Origin": "https://evil.test"})

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_page_and_fragment_are_kept_apart(world: World) -> None:
    client = world.browser(Who.OWNER)

    page = client.get(reverse("run-progress", args=[world.s1.running.pk]))
    fragment = client.get(reverse("run-progress", args=[world.s1.running.pk]), headers={"HX-Request": "true"})

    assert (page.status_code, fragment.status_code) == (302, 200)
