"""Signing in as people do it: with an app, with a passkey alone, after an invitation; in chromium with a virtual authenticator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Browser, Page, expect

from raiportal.accounts import invitations
from raiportal.accounts.enums import Role, SignInMethod
from raiportal.accounts.invitations import OfferedRole
from raiportal.accounts.models import SignIn, User
from tests.browser.watching import Watched
from tests.factories.accounts import PASSWORD, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AUTHENTICATOR = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, "automaticPresenceSimulation": True}})
    yield Watched(page)
    context.close()


def code_for(secret: str, steps: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + steps))


def sign_in(page: Page, address: str, person: User) -> None:
    page.goto(f"{address}/account/login/")
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def confirm(page: Page) -> None:
    expect(page.get_by_role("heading", name="Confirm that it's you")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_person_sets_up_an_app_and_signs_in_with_its_code(live_server: Any, watched: Watched) -> None:
    person, page = make_user(Role.RISK_MANAGER, password=PASSWORD), watched.page
    sign_in(page, live_server.url, person)
    page.goto(f"{live_server.url}/account/")
    page.get_by_role("link", name="Set up").click()
    confirm(page)

    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    secret = page.locator("#app-key").inner_text()
    page.get_by_label("Authenticator code").fill(code_for(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    watched.look()
    sign_out(page)
    sign_in(page, live_server.url, person)
    expect(page.get_by_role("heading", name="One more thing")).to_be_visible()
    watched.look()
    page.get_by_label("Code").fill(code_for(secret, 1))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()

    watched.look()
    assert watched.complaints == []


def test_person_adds_a_passkey_and_signs_in_with_it_alone(live_server: Any, watched: Watched) -> None:
    person, page = make_user(Role.RISK_MANAGER, password=PASSWORD), watched.page
    sign_in(page, live_server.url, person)
    page.goto(f"{live_server.url}/account/")
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    page.get_by_label("Sign in with it alone").check()
    watched.look()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I keep them safe").click()
    expect(page.get_by_text("Passkey, added")).to_be_visible()
    watched.look()
    sign_out(page)

    page.goto(f"{live_server.url}/account/login/?next=/settings/tokens/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Your API tokens")).to_be_visible()

    watched.look()
    assert watched.complaints == []
    assert SignIn.objects.filter(user=person).latest("pk").method == SignInMethod.PASSKEY
    assert Authenticator.objects.get(user=person, type="webauthn").last_used_at is not None


def test_passkey_confirms_a_change_and_serves_as_second_factor(live_server: Any, watched: Watched) -> None:
    person, page = make_user(Role.RISK_MANAGER, password=PASSWORD), watched.page
    sign_in(page, live_server.url, person)
    page.goto(f"{live_server.url}/account/passkeys/add/")
    confirm(page)
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(page)
    sign_in(page, live_server.url, person)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()

    page.goto(f"{live_server.url}/account/")
    page.get_by_role("link", name="Remove Passkey").click()
    page.get_by_role("link", name="Passkey", exact=True).click()
    page.get_by_role("button", name="Use your passkey").click()
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()

    watched.look()
    assert watched.complaints == []
    assert not Authenticator.objects.filter(user=person).exists()


def test_invited_person_makes_an_account(live_server: Any, watched: Watched, settings: Any) -> None:
    settings.PUBLIC_URL, page = live_server.url, watched.page
    administrator = make_user(Role.ADMINISTRATOR)
    sent = invitations.invite(name="Ann Newcomer", email="ann@example.test", offered=[OfferedRole(Role.AUDITOR)], actor=administrator)

    page.goto(sent.link)
    watched.look()
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()
    page.goto(sent.link)
    expect(page.get_by_role("heading", name="This link doesn't work")).to_be_visible()

    watched.look()
    assert watched.complaints == []
