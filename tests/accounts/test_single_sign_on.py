"""Single sign-on against a real OpenID provider in a process of its own, real HTTP both ways."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from raiportal.accounts import identity_provider
from raiportal.accounts.enums import Role, Source
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry
from tests.factories.accounts import PASSWORD, make_review_kind, make_scope, make_user
from tests.fakes.identity_provider.running import Running, running

pytestmark = [pytest.mark.django_db, pytest.mark.processes]

ROLES = {"ai-risk": ["risk_manager"], "admins": ["administrator"], "legal": ["reviewer:legal@chat"], "builders": ["contributor@chat"], "odd": ["emperor"]}


@pytest.fixture(scope="module")
def started() -> Iterator[Running]:
    with running(django_settings.PUBLIC_URL + "/account/single-sign-on/back/") as provider:
        yield provider


@pytest.fixture
def provider(started: Running, settings: Any) -> Running:
    for name, value in {**started.settings, "OIDC_ROLES": ROLES}.items():
        setattr(settings, name, value)
    return started


def onward(browser: Client, **sent: str) -> str:
    """The address at the provider to which the portal's page leads."""
    page = browser.post(reverse("single-sign-on"), sent)
    assert page.status_code == 200, page.text
    found = re.search(r'id="onward" href="([^"]+)"', page.text)
    assert found
    return unescape(found[1])


def back(browser: Client, address: str) -> Any:
    """Follow the provider's way back into the portal."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == django_settings.PUBLIC_URL
    return browser.get(parts.path + "?" + parts.query)


def sign_in(provider: Running, username: str, browser: Client | None = None, **sent: str) -> tuple[Client, Any]:
    browser = browser or Client()
    return browser, back(browser, provider.authorize(username, onward(browser, **sent)))


def roles_of(user: User) -> set[tuple[str, str | None, str | None, str]]:
    return {(each.role, each.scope.slug if each.scope else None, each.review_kind_id, each.source) for each in user.memberships.select_related("scope")}


def test_first_sign_in_makes_the_account_with_the_roles_of_the_groups(provider: Running) -> None:
    scope = make_scope()
    scope.slug = "chat"
    scope.save()
    make_review_kind("legal")
    provider.put("ada", "ai-risk", "legal", "builders", "canteen", "odd", email="ada@example.test")

    browser, answer = sign_in(provider, "ada", next=reverse("token-list"))

    person = User.objects.get(username="ada")
    assert (answer.status_code, answer["Location"]) == (302, reverse("token-list"))
    assert browser.get(reverse("portfolio")).status_code == 200
    assert (person.name, person.email, person.has_usable_password()) == ("Ada Person", "ada@example.test", False)
    assert roles_of(person) == {
        ("risk_manager", None, None, "single_sign_on"),
        ("reviewer", "chat", "legal", "single_sign_on"),
        ("contributor", "chat", None, "single_sign_on"),
    }
    assert Entry.objects.filter(action="accounts.role_given", subject_id=person.pk).count() == 3
    assert Entry.objects.get(action="accounts.signed_in", subject_id=person.pk).payload.body["details"]["method"] == "single_sign_on"
    assert SocialAccount.objects.get(user=person).extra_data == {}


def test_groups_that_change_change_the_roles_at_the_next_sign_in(provider: Running) -> None:
    provider.put("bea", "ai-risk")
    sign_in(provider, "bea")
    person = User.objects.get(username="bea")
    Membership.objects.create(user=person, role=Role.AUDITOR, created_by=person)
    provider.put("bea", "canteen")

    _, answer = sign_in(provider, "bea")

    assert answer.status_code == 302
    assert roles_of(person) == {("auditor", None, None, "manual")}
    taken = Entry.objects.get(action="accounts.role_taken", subject_id=person.pk).payload.body
    assert taken["details"]["role"] == "risk_manager"
    assert "groups" in taken["reason"]


def test_role_given_by_hand_stays_and_stays_a_manual_one(provider: Running) -> None:
    provider.put("cleo", "admins")
    sign_in(provider, "cleo")
    person = User.objects.get(username="cleo")
    Membership.objects.create(user=person, role=Role.RISK_MANAGER, created_by=person)
    provider.put("cleo", "admins", "ai-risk")

    sign_in(provider, "cleo")
    provider.put("cleo", "admins")
    sign_in(provider, "cleo")

    assert ("risk_manager", None, None, "manual") in roles_of(person)


def test_last_administrator_stays_one_whatever_the_groups_say(provider: Running) -> None:
    provider.put("dora", "admins")
    sign_in(provider, "dora")
    person = User.objects.get(username="dora")
    provider.put("dora", "canteen")

    sign_in(provider, "dora")
    kept = roles_of(person)
    make_user(Role.ADMINISTRATOR)
    sign_in(provider, "dora")

    assert kept == {("administrator", None, None, Source.SINGLE_SIGN_ON)}
    assert roles_of(person) == set()


def test_nobody_is_let_in_without_a_group_that_has_a_role(provider: Running) -> None:
    provider.put("eve", "canteen", "odd")

    browser, answer = sign_in(provider, "eve")

    assert answer.status_code == 403
    assert "none of your groups has a role" in answer.text
    assert not User.objects.filter(username="eve").exists()
    assert browser.get(reverse("portfolio")).status_code == 302


def test_address_or_name_of_a_local_account_opens_nothing(provider: Running) -> None:
    """An account is known by issuer and subject alone: who brings its address and its name gets an account of their own."""
    local = make_user(Role.ADMINISTRATOR, username="frida", email="frida@example.test", password=PASSWORD)
    provider.put("frida", "ai-risk", email="frida@example.test")

    browser, _ = sign_in(provider, "frida")

    newcomer = SocialAccount.objects.get().user
    assert newcomer.pk != local.pk
    assert newcomer.username.startswith("frida-")
    assert int(browser.session["_auth_user_id"]) == newcomer.pk


def test_another_issuer_with_the_same_subject_is_somebody_else(provider: Running, settings: Any) -> None:
    provider.put("gina", "ai-risk")
    sign_in(provider, "gina")
    known = SocialAccount.objects.get()

    settings.OIDC_ISSUER = "https://elsewhere.example.test"
    other = identity_provider.provider(Client().get("/healthz").wsgi_request)

    assert known.provider != other.sub_id


def test_kept_out_person_is_not_let_in(provider: Running) -> None:
    provider.put("hana", "ai-risk")
    sign_in(provider, "hana")
    User.objects.filter(username="hana").update(is_active=False)

    browser, answer = sign_in(provider, "hana")

    assert answer["Location"] == reverse("account_inactive")
    assert browser.get(reverse("portfolio")).status_code == 302


def test_exchange_carries_state_nonce_and_proof_of_the_code(provider: Running) -> None:
    browser = Client()

    asked = parse_qs(urlsplit(onward(browser)).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 16
    assert len(asked["nonce"][0]) >= 32
    assert asked["redirect_uri"] == [django_settings.PUBLIC_URL + reverse("single-sign-on-back")]


def test_answer_with_another_state_is_refused(provider: Running) -> None:
    provider.put("ida", "ai-risk")
    browser, stranger = Client(), Client()
    address = provider.authorize("ida", onward(browser))
    forged = re.sub(r"state=[^&]+", "state=AAAAAAAAAAAAAAAA", address)

    answers = [back(browser, forged), back(stranger, address)]
    used = back(browser, address)
    again = back(browser, address)

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "interrupted or came from elsewhere" in answers[0].text
    assert used.status_code == 302
    assert again.status_code == 403


def test_answer_with_another_nonce_is_refused(provider: Running) -> None:
    """Somebody else's code, with a nonce of another sign-in, put into this one."""
    provider.put("jana", "ai-risk")
    browser = Client()
    parts = urlsplit(onward(browser))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {"nonce": "one-of-another-sign-in"}

    answer = back(browser, provider.authorize("jana", urlunsplit(parts._replace(query=urlencode(query)))))

    assert answer.status_code == 403
    assert not User.objects.filter(username="jana").exists()


@pytest.mark.parametrize("wrong", ["another key", "none", "the client's secret"])
def test_id_token_of_another_key_is_refused(provider: Running, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    provider.put("kira", "admins")
    true_request = requests.Session.request

    def forged(self: requests.Session, method: str, url: str, **rest: Any) -> requests.Response:
        answer = true_request(self, method, url, **rest)
        if url.endswith("/token/"):
            told = answer.json()
            claims = jwt.decode(told["id_token"], options={"verify_signature": False})
            header = jwt.get_unverified_header(told["id_token"])
            key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            key, algorithm = {"another key": (key, "RS256"), "none": (None, "none"), "the client's secret": (django_settings.OIDC_CLIENT_SECRET, "HS256")}[
                wrong
            ]
            told["id_token"] = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": header.get("kid")})
            answer._content = json.dumps(told).encode()
        return answer

    monkeypatch.setattr(requests.Session, "request", forged)

    _, answer = sign_in(provider, "kira")

    assert answer.status_code == 403
    assert not User.objects.filter(username="kira").exists()


def test_person_who_leaves_the_provider_without_an_answer_is_told(provider: Running) -> None:
    browser = Client()
    state = parse_qs(urlsplit(onward(browser)).query)["state"][0]

    answer = browser.get(reverse("single-sign-on-back"), {"error": "access_denied", "state": state})

    assert answer.status_code == 403
    assert "The company&#x27;s sign-in was not finished" in answer.text or "was not finished" in answer.text


def test_provider_that_is_down_leads_to_a_sentence(provider: Running, settings: Any) -> None:
    with running(django_settings.PUBLIC_URL) as other:
        settings.OIDC_ISSUER = other.issuer
        browser = Client()
        onward(browser)
        state = next(iter(browser.session["socialaccount_states"]))

    starting = Client().post(reverse("single-sign-on"))
    returning = browser.get(reverse("single-sign-on-back"), {"code": "x", "state": state})

    assert [starting.status_code, returning.status_code] == [503, 503]
    assert "answer as it should" in starting.text
    assert "Traceback" not in starting.text + returning.text


def test_button_stands_on_the_sign_in_page_only_where_there_is_a_provider(provider: Running, settings: Any) -> None:
    with_one = Client().get(reverse("account_login")).text
    settings.OIDC_ISSUER = ""
    without = Client().get(reverse("account_login")).text
    started, returned = Client().post(reverse("single-sign-on")), Client().get(reverse("single-sign-on-back"))

    assert "Sign in with the company" in with_one
    assert "Sign in with the company" not in without
    assert [started.status_code, returned.status_code] == [404, 404]


def test_next_leads_nowhere_but_here(provider: Running) -> None:
    """SEC-36."""
    provider.put("lena", "ai-risk")

    _, answer = sign_in(provider, "lena", next="https://evil.test/")

    assert answer["Location"] == "/"


def test_client_secret_and_tokens_are_kept_nowhere(provider: Running) -> None:
    """SEC-30."""
    provider.put("mia", "ai-risk")

    browser, _ = sign_in(provider, "mia")

    kept = json.dumps(dict(browser.session), default=str)
    assert "eyJ" not in kept
    assert django_settings.OIDC_CLIENT_SECRET not in kept + browser.get(reverse("mfa_index")).text
