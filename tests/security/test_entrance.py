"""Guessing, resetting and redirecting at the sign-in. SEC-24, SEC-33 to SEC-36."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
import structlog
from django.core import mail
from django.core.cache import caches
from django.db import connections
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse

from raiportal.accounts import devices
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.mail import queue_messages
from raiportal.secret_links import mask_links
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db

WRONG = "The username or the password is wrong."
TOO_OFTEN = "That was too often."
NEW_PASSWORD = "another horse and battery"
EVIL = [
    "//evil.test",
    "/\\\\evil.test",
    "https:evil.test",
    "https:///evil.test",
    "javascript:alert(1)",
    "http://evil.test/",
    "/\t/evil.test",
    "\r\nSet-Cookie: a=b",
]


def try_password(login: str, password: str, *, address: str = "127.0.0.1", browser: Client | None = None) -> Any:
    return (browser or Client()).post(reverse("account_login"), {"login": login, "password": password}, REMOTE_ADDR=address)


def sentence(answer: Any) -> str:
    return next((words for words in (WRONG, TOO_OFTEN) if words in answer.text), f"{answer.status_code}")


# --- SEC-34 ---
def test_fifty_wrong_passwords_from_many_addresses_are_throttled() -> None:
    person = make_user(password=PASSWORD)

    told = [sentence(try_password(person.username, f"wrong {number}", address=f"10.0.0.{number}")) for number in range(50)]

    assert told[:5] == [WRONG] * 5
    assert set(told[5:]) == {TOO_OFTEN}


def test_person_gets_in_from_their_own_browser_while_strangers_guess() -> None:
    person = make_user(password=PASSWORD)
    known = Client()
    try_password(person.username, PASSWORD, browser=known)
    known.post(reverse("account_logout"))
    for number in range(6):
        try_password(person.username, f"wrong {number}", address=f"10.0.1.{number}")

    from_elsewhere = try_password(person.username, PASSWORD, address="10.0.2.1")
    from_their_own = try_password(person.username, PASSWORD, address="10.0.2.2", browser=known)

    assert sentence(from_elsewhere) == TOO_OFTEN
    assert from_their_own.status_code == 302


def test_known_browser_is_throttled_too_and_only_known_for_its_account() -> None:
    person, other = make_user(password=PASSWORD), make_user(password=PASSWORD)
    known = Client()
    try_password(person.username, PASSWORD, browser=known)
    known.post(reverse("account_logout"))

    told = [sentence(try_password(person.username, "wrong", address=f"10.0.3.{number}", browser=known)) for number in range(7)]
    forged = Client()
    forged.cookies[devices.COOKIE] = known.cookies[devices.COOKIE].value[:-1] + "x"
    request = forged.get("/healthz").wsgi_request

    assert told == [WRONG] * 5 + [TOO_OFTEN] * 2
    assert devices.known_for(request, person.username) == ""
    assert devices.known_for(known.get("/healthz").wsgi_request, other.username) == ""


def test_strangers_get_another_try_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_user(password=PASSWORD)
    for number in range(10):
        try_password(person.username, "wrong", address=f"10.0.4.{number}")
    held_off = sentence(try_password(person.username, PASSWORD, address="10.0.5.1"))
    later = time.time() + 301

    monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda: later)
    answer = try_password(person.username, PASSWORD, address="10.0.5.2")

    assert held_off == TOO_OFTEN
    assert answer.status_code == 302


def test_one_password_over_fifty_accounts_is_throttled_by_address_and_leaves_others_alone() -> None:
    people = [make_user(password=PASSWORD) for _ in range(12)]
    names = [person.username for person in people] + [f"nobody-{number}" for number in range(38)]

    told = [sentence(try_password(name, "Password-2026!", address="10.1.0.1")) for name in names]
    elsewhere = try_password(people[0].username, PASSWORD, address="10.1.0.2")

    assert told[:10] == [WRONG] * 10
    assert WRONG not in told[10:]
    assert elsewhere.status_code == 302


def test_unknown_account_gets_the_same_words_in_the_same_time() -> None:
    person = make_user(password=PASSWORD)
    times: dict[str, list[float]] = {person.username: [], "nobody-here": []}
    told: dict[str, list[str]] = {name: [] for name in times}
    for number in range(5):
        for name in times:
            start = time.perf_counter()
            told[name].append(sentence(try_password(name, f"wrong {number}", address=f"10.2.{number}.{len(name)}")))
            times[name].append(time.perf_counter() - start)

    known, unknown = (statistics.median(times[name]) for name in times)

    assert told[person.username] == told["nobody-here"] == [WRONG] * 5
    assert 0.4 < known / unknown < 2.5


def test_kept_out_person_learns_it_only_with_the_right_password() -> None:
    person = make_user(password=PASSWORD, is_active=False)

    wrong, right = try_password(person.username, "wrong"), try_password(person.username, PASSWORD)

    assert sentence(wrong) == WRONG
    assert right["Location"] == reverse("account_inactive")


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "mfa_login_webauthn", "account_logout", "single-sign-on"])
def test_megabyte_of_password_is_refused_before_anything_is_computed(name: str) -> None:
    start = time.perf_counter()

    answer = Client().post(reverse(name), {"login": "somebody", "password": "x" * 1_000_000})

    assert answer.status_code == 400
    assert time.perf_counter() - start < 1


def test_long_password_is_refused_with_a_sentence() -> None:
    answer = try_password("somebody", "x" * 5000)

    assert "at most 1000 characters" in answer.text


@pytest.mark.parametrize("look_alike", ["аdmin-person", "admin-persoո", "ａdmin-person", "admin‑person", "admin-perſon", "admin-person\u200b"])
def test_look_alike_of_a_name_is_neither_that_person_nor_counted_apart(look_alike: str) -> None:
    make_user(username="admin-person", password=PASSWORD)

    answer = try_password(look_alike, PASSWORD)

    assert sentence(answer) == WRONG
    with pytest.raises(Exception, match="user_username_shape"):
        make_user(username=look_alike).full_clean()


def test_spellings_of_one_name_share_one_allowance() -> None:
    person = make_user(username="one-person", password=PASSWORD)
    spellings = ["one-person", "ONE-person", " one-person", "One-Person ", "oNe-person"]

    told = [sentence(try_password(spelling, "wrong", address=f"10.3.0.{number}")) for number, spelling in enumerate(spellings)]
    sixth = sentence(try_password(person.username, PASSWORD, address="10.3.1.1"))

    assert told == [WRONG] * 5
    assert sixth == TOO_OFTEN


@pytest.mark.django_db(transaction=True)
def test_tries_are_counted_together_over_processes() -> None:
    """What one process counts lies in the database: another one, with a connection and a cache client of its own, goes on from there."""
    import threading

    person = make_user(password=PASSWORD)
    told: list[str] = []

    def guess(network: int) -> None:
        try:
            for number in range(4):
                told.append(sentence(try_password(person.username, "wrong", address=f"10.4.{network}.{number}")))
        finally:
            caches.close_all()
            connections.close_all()

    threads = [threading.Thread(target=guess, args=(network,)) for network in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(told) == 12
    assert told.count(WRONG) == 5


def test_address_that_a_client_claims_counts_only_behind_a_trusted_proxy() -> None:
    def address(proxies: int, forwarded: str) -> str | None:
        with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
            return devices.address_of(Client().get("/healthz", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.9.9.9").wsgi_request)

    assert address(0, "1.2.3.4") == "10.9.9.9"
    assert address(1, "1.2.3.4") == "1.2.3.4"
    assert address(1, "6.6.6.6, 1.2.3.4") == "1.2.3.4"
    assert address(2, "6.6.6.6, 1.2.3.4, 10.0.0.1") == "1.2.3.4"
    assert address(2, "1.2.3.4") is None
    assert address(1, "nonsense") is None


# --- SEC-33 ---
def test_nobody_registers_by_themselves_and_nothing_else_of_the_library_is_reachable() -> None:
    page = Client().get(reverse("account_signup"))
    sent = Client().post(reverse("account_signup"), {"username": "me", "password1": PASSWORD, "password2": PASSWORD})

    assert "made by an administrator" in page.text
    assert not User.objects.filter(username="me").exists()
    assert sent.status_code == 200
    closed = ("account_email", "account_set_password", "account_signup_by_passkey", "account_request_login_code", "socialaccount_signup")
    for name in (*closed, "socialaccount_connections", "mfa_trust", "mfa_signup_webauthn", "openid_connect_login"):
        with pytest.raises(NoReverseMatch):
            reverse(name, kwargs={"provider_id": "x"} if name == "openid_connect_login" else None)


# --- SEC-35 ---
def ask(address: str, **headers: str) -> Any:
    return Client().post(reverse("account_reset_password"), {"email": address}, headers=headers, follow=True)


def mailed_link() -> str:
    return next(line for line in str(mail.outbox[-1].body).splitlines() if line.startswith("http"))


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def test_forgotten_password_says_the_same_for_every_address() -> None:
    make_user(password=PASSWORD, email="known@example.test")
    make_user(email="single-sign-on@example.test")
    make_user(password=PASSWORD, email="kept-out@example.test", is_active=False)

    answers = [ask(address) for address in ("known@example.test", "unknown@example.test", "single-sign-on@example.test", "kept-out@example.test")]

    assert len({answer.text for answer in answers}) == 1
    assert [message.to for message in mail.outbox] == [["known@example.test"]]


def test_mailed_link_carries_the_portals_own_address() -> None:
    make_user(password=PASSWORD, email="known@example.test")

    with override_settings(PUBLIC_URL="https://portal.example.test"):
        ask("KNOWN@example.test", Host="127.0.0.1")
        poisoned = ask("known@example.test", Host="evil.test")

    assert mailed_link().startswith("https://portal.example.test/account/password/new/")
    assert poisoned.status_code == 400
    assert len(mail.outbox) == 1


def test_address_that_only_looks_like_an_account_s_gets_nothing() -> None:
    make_user(password=PASSWORD, email="mike@example.test")

    for look_alike in ("miKe@example.test", "mıke@example.test", "mike@exampłe.test"):
        ask(look_alike)

    assert {tuple(message.to) for message in mail.outbox} <= {("mike@example.test",)}


def test_mailed_link_works_once_and_ends_sessions() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD, email="known@example.test")
    signed_in = Client()
    signed_in.force_login(person)
    ask("known@example.test")
    browser, path = Client(), path_of(mailed_link())

    form = browser.get(path)
    done = browser.post(form["Location"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    again = Client().get(path)

    person.refresh_from_db()
    assert path not in form["Location"]
    assert done["Location"] == reverse("account_reset_password_from_key_done")
    assert person.check_password(NEW_PASSWORD)
    assert "doesn&#x27;t work" in again.text or "doesn't work" in again.text
    assert signed_in.get(reverse("portfolio")).status_code == 302
    assert Entry.objects.filter(action="accounts.password_reset", subject_id=person.pk).exists()


def test_mailed_link_is_void_after_a_change_of_the_password_and_for_others() -> None:
    person, other = make_user(password=PASSWORD, email="known@example.test"), make_user(password=PASSWORD, email="other@example.test")
    ask("known@example.test")
    link = path_of(mailed_link())
    ask("other@example.test")
    others = path_of(mailed_link())
    mixed = others.split("-")[0] + "-" + link.split("-", 1)[1]
    person.set_password(NEW_PASSWORD)
    person.save()

    assert [Client().get(path).status_code for path in (link, mixed)] == [200, 200]
    assert "Ask for a new" in Client().get(link).text
    assert "Ask for a new" in Client().get(mixed).text
    assert Client().get(others).status_code == 302
    assert other.check_password(PASSWORD)


def test_asking_for_links_is_throttled() -> None:
    make_user(password=PASSWORD, email="known@example.test")

    answers = [ask("known@example.test").status_code for _ in range(5)]

    assert answers == [200, 200, 200, 429, 429]


def test_mail_that_cannot_be_sent_breaks_nothing_and_says_nothing(settings: Any) -> None:
    make_user(password=PASSWORD, email="known@example.test")
    settings.EMAIL_BACKEND = "raiportal.mail.BackgroundBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    start = time.perf_counter()
    answer = ask("known@example.test")

    assert answer.status_code == 200
    assert time.perf_counter() - start < 2
    assert queue_messages([]).result(30) is True


def test_mail_goes_into_files_where_no_host_is_set(settings: Any, tmp_path: Any) -> None:
    settings.MAIL_TRANSPORT = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path

    sent = queue_messages([mail.EmailMessage("Subject", "Body", to=["a@example.test"])]).result(30)

    assert sent is True
    assert "Subject: Subject" in next(tmp_path.iterdir()).read_text()


def test_secrets_of_links_stay_out_of_logs() -> None:
    """SEC-30."""
    event = {"request": "GET /account/invitation/s3cr3t-t0ken/", "event": "Not Found: /account/password/new/1-abc-def/", "code": 404}

    masked = mask_links(None, "info", event)

    assert masked == {"request": "GET /account/invitation/…/", "event": "Not Found: /account/password/new/…/", "code": 404}
    assert mask_links in structlog.get_config()["processors"]


# --- SEC-36 ---
@pytest.mark.parametrize("onward", EVIL)
def test_next_leads_to_the_portal_alone(onward: str) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser = Client()

    signed_in = browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD, "next": onward})
    confirmed = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": onward})
    changed = browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "next": onward})
    left = browser.post(reverse("account_logout"), {"next": onward})
    asked = Client().post(reverse("account_reset_password"), {"email": "nobody@example.test", "next": onward})

    for answer in (signed_in, confirmed, changed, left, asked):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/")
        assert "evil.test" not in answer["Location"]
        assert "Set-Cookie" not in answer["Location"]


# --- SEC-24 ---
@pytest.mark.parametrize("name", ["account_login", "account_logout", "account_reset_password", "mfa_login_webauthn", "single-sign-on", "sign-ins-end-others"])
def test_form_from_elsewhere_is_refused(name: str) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)

    answer = browser.post(reverse(name), {"login": person.username, "password": PASSWORD}, headers={"Origin": "https://evil.test"})

    assert answer.status_code == 403
    assert "_auth_user_id" in browser.session
