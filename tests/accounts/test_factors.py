"""Second factors, recovery codes and sessions: set up, asked for, used once, taken away, on record."""

from __future__ import annotations

import datetime
import json
import re
import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts import factors, invitations, sign_ins
from raiportal.accounts.enums import Role
from raiportal.accounts.factors import FactorAdapter
from raiportal.accounts.models import SignIn, User
from raiportal.audit import ledger
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, Missing, PolicyDenied
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse and battery"


def code_for(secret: str, steps: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + steps))


def signed_in(person: User, **headers: str) -> Client:
    """Through the form, as people do."""
    browser = Client(headers=headers)
    answer = browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def confirmed(person: User) -> Client:
    """Signed in, and the password entered once more."""
    browser = signed_in(person)
    answer = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": reverse("mfa_index")})
    assert answer["Location"] == reverse("mfa_index")
    return browser


def with_app(person: User) -> tuple[Client, str]:
    browser = confirmed(person)
    page = browser.get(reverse("mfa_activate_totp"))
    secret = re.search(r'id="app-key"[^>]*>([A-Z2-7]+)<', page.text)
    assert secret
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code_for(secret[1])})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    return browser, secret[1]


def actions_about(person: User) -> list[str]:
    return list(Entry.objects.filter(subject_id=person.pk, subject_kind="accounts.user").order_by("pk").values_list("action", flat=True))


def test_changing_factors_asks_for_the_password_first() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser = signed_in(person)
    names = ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes", "account-details")

    answers = [browser.get(reverse(name)) for name in names]

    assert {answer["Location"].split("?")[0] for answer in answers} == {reverse("account_reauthenticate")}


def test_app_is_set_up_asked_for_and_on_record() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    _, secret = with_app(person)
    browser = Client()

    half_way = browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
    not_yet = browser.get(reverse("portfolio"))
    wrong = browser.post(reverse("mfa_authenticate"), {"code": "000000"})
    right = browser.post(reverse("mfa_authenticate"), {"code": code_for(secret, 1)})

    assert half_way["Location"] == reverse("mfa_authenticate")
    assert not_yet.status_code == 302
    assert "This code isn" in wrong.text
    assert right.status_code == 302
    assert browser.get(reverse("portfolio")).status_code == 200
    assert {"accounts.factor_added", "accounts.signed_in"} <= set(actions_about(person))


def test_code_of_an_app_works_once() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    _, secret = with_app(person)
    first, second = Client(), Client()
    for browser in (first, second):
        browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
    code = code_for(secret, 1)

    answers = [browser.post(reverse("mfa_authenticate"), {"code": code}).status_code for browser in (first, second)]

    assert answers == [302, 200]


def test_used_code_stays_used_as_long_as_a_slow_clock_would_make_it_right() -> None:
    """Used a step before its own, it would be right for another two steps: longer than allauth's own mark of one step."""
    person = make_user(Role.AUDITOR, password=PASSWORD)
    now = clocks.now().replace(second=1, microsecond=0)
    with time_machine.travel(now):
        browser, secret = with_app(person)
        code = code_for(secret, 1)
        first = Client()
        first.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
        answers = [first.post(reverse("mfa_authenticate"), {"code": code}).status_code]
        again = [browser.post(reverse("mfa_reauthenticate"), {"code": code}).status_code]
    for seconds in (29, 31, 58, 85):
        with time_machine.travel(now + datetime.timedelta(seconds=seconds)):
            assert totp.validate_totp_code(secret, code)
            other = Client()
            other.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
            answers.append(other.post(reverse("mfa_authenticate"), {"code": code}).status_code)

    assert (answers, again) == ([302, 200, 200, 200, 200], [200])


def test_code_that_set_an_app_up_signs_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    _, secret = with_app(person)
    browser = Client()
    browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})

    used = browser.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    next_one = browser.post(reverse("mfa_authenticate"), {"code": code_for(secret, 1)})

    assert (used.status_code, next_one.status_code) == (200, 302)


def test_guesses_of_codes_are_throttled() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    _, secret = with_app(person)
    browser = Client()
    browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})

    for number in range(6):
        browser.post(reverse("mfa_authenticate"), {"code": f"{number:06}"})
    answer = browser.post(reverse("mfa_authenticate"), {"code": code_for(secret, 1)})

    assert answer.status_code == 200
    assert "too often" in answer.text


def test_recovery_code_lets_in_once_and_is_on_record() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser, _ = with_app(person)
    code = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]
    shown = browser.get(reverse("mfa_view_recovery_codes")).text
    first, second = Client(), Client()
    for other in (first, second):
        other.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})

    answers = [other.post(reverse("mfa_authenticate"), {"code": code}).status_code for other in (first, second)]

    assert code in shown
    assert answers == [302, 200]
    assert Entry.objects.get(action="accounts.recovery_code_used").payload.body["details"] == {"left": 9}


def test_secrets_of_factors_are_encrypted_and_never_come_back() -> None:
    """SEC-30: neither the app's key nor the seed of the codes stands in the database, in a page or in the ledger."""
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser, secret = with_app(person)
    codes = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()

    with connection.cursor() as cursor:
        cursor.execute("select data::text from mfa_authenticator")
        stored = " ".join(text for (text,) in cursor.fetchall())
        cursor.execute("select body::text from audit_payload")
        noted = " ".join(text for (text,) in cursor.fetchall())
    kept = " ".join(json.dumps(row.get_decoded(), default=str) for row in Session.objects.all())
    page = browser.get(reverse("mfa_index")).text

    assert secret not in stored + noted + kept + page
    assert not [code for code in codes if code in stored + noted + page]


def test_removing_the_last_factor_takes_the_recovery_codes_along() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser, _ = with_app(person)

    asked = browser.get(reverse("mfa_deactivate_totp"))
    done = browser.post(reverse("mfa_deactivate_totp"))

    assert asked.status_code == 200
    assert done["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.filter(user=person).exists()
    assert actions_about(person).count("accounts.factor_removed") == 2


def test_each_change_of_a_factor_is_noted_once() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser, _ = with_app(person)

    browser.get(reverse("mfa_view_recovery_codes"))
    browser.post(reverse("mfa_activate_totp"), {"code": "000000"})
    browser.post(reverse("mfa_generate_recovery_codes"))
    browser.post(reverse("mfa_deactivate_totp"))

    noted = [action for action in actions_about(person) if "factor" in action or "codes" in action]
    assert noted == [*["accounts.factor_added"] * 2, "accounts.recovery_codes_made", *["accounts.factor_removed"] * 2]


def test_person_is_told_by_mail_of_what_changes_how_they_sign_in(django_capture_on_commit_callbacks: Any) -> None:
    """To their own address, without a link; who has none is told nothing."""
    person, administrator = make_user(Role.AUDITOR, password=PASSWORD, email="ann@example.test"), make_user(Role.ADMINISTRATOR)
    silent = make_user(Role.AUDITOR, password=PASSWORD)

    with django_capture_on_commit_callbacks(execute=True):
        browser, _ = with_app(person)
        with_app(silent)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("mfa_generate_recovery_codes"))
    codes = Authenticator.objects.get(user=person, type="recovery_codes")
    for used in (0b0011111111, 0b0111111111):  # all but two, all but one
        codes.data["used_mask"] = used
        codes.save()
        with django_capture_on_commit_callbacks(execute=True):
            browser.post(reverse("mfa_reauthenticate"), {"code": codes.wrap().get_unused_codes()[0]})
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("mfa_deactivate_totp"))
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    with django_capture_on_commit_callbacks(execute=True):
        Authenticator.objects.create(user=person, type="webauthn", data={"name": "Key", "credential": {}})
        factors.reset_factors(user_id=person.pk, reason="lost", actor=administrator)
    with django_capture_on_commit_callbacks(execute=True):
        token = invitations.make_password_link(user_id=person.pk, reason="forgot it", actor=administrator).link.rstrip("/").rpartition("/")[2]
        invitations.set_password_by_link(token=token, password=PASSWORD)

    told = [sent for sent in mail.outbox if "new password for raiportal" not in sent.subject]
    assert [sent.subject.removeprefix("[raiportal] ") for sent in told] == [
        "An authenticator app was added",
        "Your recovery codes were made anew",
        "Your last recovery code was used",
        "Your authenticator app was removed",
        "Your password was changed",
        "Your second factors were taken away",
        "Your password was set anew",
    ]
    assert {tuple(sent.to) for sent in told} == {("ann@example.test",)}
    assert not [sent.body for sent in told if "://" in sent.body or person.username not in sent.body or "tell an administrator" not in sent.body]


@pytest.mark.parametrize("notice", ["webauthn_added", "webauthn_removed"])
def test_notice_about_a_passkey_is_in_plain_words(notice: str, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        FactorAdapter().send_notification_mail(f"mfa/email/{notice}", make_user(email="ann@example.test"))

    assert mail.outbox[0].subject.startswith("[raiportal] A passkey was ")
    assert mail.outbox[0].body.startswith("A passkey was ")


def test_mail_is_not_sent_of_a_change_that_did_not_happen(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD, email="ann@example.test")
    browser, _ = with_app(person)
    browser.raise_request_exception = False
    monkeypatch.setattr(ledger, "_save", lambda *_: 1 / 0)

    with django_capture_on_commit_callbacks(execute=True):
        failed = browser.post(reverse("mfa_deactivate_totp"))

    assert (failed.status_code, mail.outbox) == (500, [])


def state_of(person: User) -> tuple[Any, ...]:
    person.refresh_from_db()
    held = list(Authenticator.objects.filter(user=person).order_by("pk").values_list("pk", "data"))
    return held, person.password, list(SignIn.objects.filter(user=person).values_list("session_key", flat=True)), actions_about(person)


@pytest.mark.parametrize("change", ["app", "app gone", "codes", "codes used", "codes used to confirm", "password", "signed out"])
def test_change_whose_entry_cannot_be_written_does_not_happen(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    if change == "app":
        browser = confirmed(person)
        secret = re.search(r'id="app-key"[^>]*>([A-Z2-7]+)<', browser.get(reverse("mfa_activate_totp")).text)
        assert secret
        sent = {"code": code_for(secret[1])}
    else:
        browser, _ = with_app(person)
        sent = {"code": Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]}
    if change == "codes used":
        browser = Client()
        browser.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
    if change == "password":
        sent = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    names = {
        "app": "mfa_activate_totp",
        "app gone": "mfa_deactivate_totp",
        "codes": "mfa_generate_recovery_codes",
        "codes used": "mfa_authenticate",
        "codes used to confirm": "mfa_reauthenticate",
        "password": "account_change_password",
        "signed out": "account_logout",
    }
    before = state_of(person)
    browser.raise_request_exception = False

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "_save", lambda *_: 1 / 0)
        failed = browser.post(reverse(names[change]), sent)
    after = state_of(person)
    signed_in = browser.get(reverse("portfolio")).status_code
    again = browser.post(reverse(names[change]), sent)

    assert failed.status_code == 500
    assert after == before
    assert signed_in == (302 if change == "codes used" else 200)
    assert again.status_code == 302
    assert state_of(person) != before


def test_administrator_takes_somebodys_factors_away_with_a_reason() -> None:
    person, administrator = make_user(Role.AUDITOR, password=PASSWORD), make_user(Role.ADMINISTRATOR)
    with_app(person)
    browser = Client()
    browser.force_login(administrator)

    without = browser.post(reverse("person-factors-reset", args=[person.pk]))
    done = browser.post(reverse("person-factors-reset", args=[person.pk]), {"reason": "The phone is lost."})

    assert without.status_code == 422
    assert done.status_code == 302
    assert not Authenticator.objects.filter(user=person).exists()
    noted = Entry.objects.get(action="accounts.factors_reset").payload.body
    assert (noted["reason"], noted["details"]["factors"]) == ("The phone is lost.", ["Recovery codes", "Authenticator app"])
    with pytest.raises(Conflict):
        factors.reset_factors(user_id=person.pk, reason="again", actor=administrator)
    with pytest.raises(PolicyDenied):
        factors.reset_factors(user_id=person.pk, reason="again", actor=make_user(Role.RISK_MANAGER))


def test_passkeys_belong_to_the_public_address_whatever_host_is_named() -> None:
    options = Client(headers={"Host": "127.0.0.1"}).get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).json()

    assert options["request_options"]["publicKey"]["rpId"] == "localhost"
    assert options["request_options"]["publicKey"]["userVerification"] == "required"


@pytest.mark.parametrize("sent", ["", "{}", "[]", "null", '{"response": {"userHandle": "MQ"}}', '{"id": 1, "response": []}', "x" * 500])
def test_answer_that_is_no_passkey_signs_nobody_in(sent: str) -> None:
    browser = Client()
    browser.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})

    answer = browser.post(reverse("mfa_login_webauthn"), {"credential": sent})

    assert (answer.status_code, answer["Location"]) == (302, reverse("account_login"))
    assert "_auth_user_id" not in browser.session


def test_page_of_ones_account_shows_how_and_where_one_signs_in() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD, email="ann@example.test")
    browser, _ = with_app(person)

    page = browser.get(reverse("mfa_index")).text

    for words in ("ann@example.test", "Authenticator app", "10 left", "This browser", "127.0.0.1", "API tokens"):
        assert words in page


def test_name_and_address_are_changed_after_the_password() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser = confirmed(person)

    wrong = browser.post(reverse("account-details"), {"name": "", "email": "nowhere"})
    right = browser.post(reverse("account-details"), {"name": "Ann Changed", "email": "new@example.test"})

    person.refresh_from_db()
    assert wrong.status_code == 422
    assert right.status_code == 302
    assert (person.name, person.email) == ("Ann Changed", "new@example.test")
    assert Entry.objects.get(action="accounts.user_changed").payload.body["changes"]["email"] == ["", "new@example.test"]


# --- Sessions ---
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def test_one_session_is_ended_and_the_other_stays() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    here, there = signed_in(person), signed_in(person, **FIREFOX)
    other = SignIn.objects.get(device="Firefox on Linux")

    shown = here.get(reverse("mfa_index")).text
    answer = here.post(reverse("sign-in-end", args=[other.pk]))

    assert "Firefox on Linux" in shown
    assert answer.status_code == 302
    assert there.get(reverse("portfolio")).status_code == 302
    assert here.get(reverse("portfolio")).status_code == 200
    assert "accounts.session_ended" in actions_about(person)


def test_session_of_somebody_else_is_not_there() -> None:
    person, other = make_user(Role.AUDITOR, password=PASSWORD), make_user(Role.AUDITOR, password=PASSWORD)
    signed_in(other)

    with pytest.raises(Missing):
        sign_ins.end_sign_in(sign_in_id=SignIn.objects.get(user=other).pk, actor=person)


def test_all_others_end_at_once() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    here, *others = (signed_in(person) for _ in range(4))

    here.post(reverse("sign-ins-end-others"))

    assert here.get(reverse("portfolio")).status_code == 200
    assert {browser.get(reverse("portfolio")).status_code for browser in others} == {302}
    assert SignIn.objects.filter(user=person).count() == 1


def test_change_of_the_password_ends_the_other_sessions() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    here, there = signed_in(person), signed_in(person)

    answer = here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert answer["Location"] == reverse("mfa_index")
    assert here.get(reverse("portfolio")).status_code == 200
    assert there.get(reverse("portfolio")).status_code == 302
    assert [each.session_key for each in SignIn.objects.filter(user=person)] == [here.session.session_key]


def test_administrator_signs_somebody_out_everywhere() -> None:
    person, administrator = make_user(Role.AUDITOR, password=PASSWORD), make_user(Role.ADMINISTRATOR)
    browsers = [signed_in(person), signed_in(person)]
    door = Client()
    door.force_login(administrator)

    answer = door.post(reverse("person-sessions-end", args=[person.pk]), {"reason": "A laptop was stolen."})

    assert answer.status_code == 302
    assert {browser.get(reverse("portfolio")).status_code for browser in browsers} == {302}
    noted = Entry.objects.get(action="accounts.sessions_ended").payload.body
    assert (noted["reason"], noted["details"]["count"]) == ("A laptop was stolen.", 2)


def test_signing_out_leaves_no_row() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser = signed_in(person)

    browser.post(reverse("account_logout"))

    assert not SignIn.objects.filter(user=person).exists()


def test_last_seen_is_written_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browser = signed_in(person)
    at_sign_in = SignIn.objects.get(user=person).last_seen_at
    monkeypatch.setattr(sign_ins, "_noted", {})

    browser.get(reverse("mfa_index"))
    first = SignIn.objects.get(user=person).last_seen_at
    browser.get(reverse("mfa_index"))

    assert first >= at_sign_in
    assert SignIn.objects.get(user=person).last_seen_at == first


def test_account_page_asks_the_same_number_of_questions_for_many_sessions(django_assert_max_num_queries: Any) -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)
    browsers = [signed_in(person) for _ in range(12)]

    with django_assert_max_num_queries(20):
        page = browsers[0].get(reverse("mfa_index"))

    assert page.text.count("Sign out<span") == 11
    assert django_settings.SESSION_COOKIE_AGE == 12 * 3600
