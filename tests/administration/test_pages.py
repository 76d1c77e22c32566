"""Settings: who may see and change people, tokens, the ledger."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from raiportal.accounts.enums import Ability, Role
from raiportal.accounts.models import ApiToken, Membership, User
from raiportal.audit.models import Entry
from tests.factories.accounts import PASSWORD, headers, make_scope, make_user

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_sign_in_by_form_leads_on_and_is_recorded() -> None:
    person = make_user(Role.RISK_MANAGER, password=PASSWORD)

    answer = Client().post(reverse("account_login"), {"login": person.username, "password": PASSWORD, "next": reverse("token-list")})

    assert answer.status_code == 302
    assert answer["Location"] == reverse("token-list")
    assert Entry.objects.filter(action="accounts.signed_in", subject_id=person.pk).count() == 1


def test_sign_in_says_nothing_that_its_person_knows() -> None:
    person = make_user(Role.RISK_MANAGER, password=PASSWORD)

    page = Client().post(reverse("account_login"), {"login": person.username, "password": PASSWORD, "next": reverse("token-list")}, follow=True)

    assert page.status_code == 200
    assert "signed in" not in page.text.lower()


def test_dialog_that_takes_something_away_asks_for_a_reason() -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user(Role.AUDITOR)

    page = signed_in(administrator).get(reverse("person", args=[person.pk])).text

    held = person.memberships.get()
    assert 'id="set-active-reason"' in page
    assert f'id="take-{held.pk}-reason"' in page


def test_address_of_a_form_opened_by_hand_says_what_to_do() -> None:
    reader = signed_in(make_user(Role.AUDITOR))

    page, fragment = reader.get(reverse("token-add")), reader.get(reverse("token-add"), headers={"HX-Request": "true"})

    assert (page.status_code, page["Allow"], fragment.status_code) == (405, "POST", 405)
    assert "Go back to the page with the form" in page.text
    assert "Go back to the page with the form" in fragment.text
    assert "<html" not in fragment.text


def test_nobody_signs_up_by_themselves() -> None:
    answer = Client().post(reverse("account_signup"), {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})

    assert answer.status_code == 200
    assert not User.objects.filter(username="eve").exists()


def test_person_is_added_with_a_role() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    form = {"name": "Grace Hopper", "username": "grace", "email": "", "password": PASSWORD, "role": Role.AUDITOR}

    answer = signed_in(administrator).post(reverse("person-add"), form)

    added = User.objects.get(username="grace")
    assert answer["Location"] == reverse("person", args=[added.pk])
    assert added.memberships.get().role == Role.AUDITOR


@pytest.mark.parametrize(("field", "value"), [("password", "short"), ("username", "Grаce"), ("username", "raiportal")])
def test_bad_input_comes_back_with_its_error(field: str, value: str) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    form = {"name": "Grace Hopper", "username": "grace", "password": PASSWORD, "role": "", field: value}

    answer = signed_in(administrator).post(reverse("person-add"), form)

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text or "aria-invalid" in answer.text
    assert not User.objects.filter(name="Grace Hopper").exists()


def test_last_administrator_keeps_the_role_and_stays_in() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    held = administrator.memberships.get()

    taken = signed_in(administrator).post(reverse("role-take", args=[held.pk]), {"reason": "tidying up"})
    kept_out = signed_in(administrator).post(reverse("person-set-active", args=[administrator.pk]), {"reason": "tidying up"})

    assert (taken.status_code, kept_out.status_code) == (409, 409)
    assert Membership.objects.filter(pk=held.pk).exists()
    assert User.objects.get(pk=administrator.pk).is_active


def test_kept_out_person_is_out_at_the_next_request() -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user(Role.RISK_MANAGER)
    client, key = signed_in(person), headers(person)
    assert client.get(reverse("token-list")).status_code == 200

    signed_in(administrator).post(reverse("person-set-active", args=[person.pk]), {"reason": "left"})

    assert client.get(reverse("token-list")).status_code == 302
    assert Client(headers=key).get(reverse("api-schema")).status_code == 401


def test_two_who_keep_somebody_out_at_once_do_not_let_them_in_again() -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user()
    browser, address = signed_in(administrator), reverse("person-set-active", args=[person.pk])

    for _ in range(2):
        browser.post(address, {"reason": "left"})
    was_kept_out = not User.objects.get(pk=person.pk).is_active
    offered = browser.get(reverse("person", args=[person.pk])).text
    browser.post(f"{address}?to=in", {"reason": "back again"})

    assert was_kept_out
    assert f'action="{address}?to=in"' in offered
    assert User.objects.get(pk=person.pk).is_active


def test_token_is_shown_once_and_only_its_hash_is_kept() -> None:
    person = make_user(Role.RISK_MANAGER)
    client = signed_in(person)

    answer = client.post(reverse("token-add"), {"name": "pipeline", "ability": Ability.READ, "lifetime": "90"})

    key = answer.context["key"]
    token = ApiToken.objects.get(user=person)
    assert key in answer.text
    assert key not in client.get(reverse("token-list")).text
    assert key not in str(token.__dict__)
    assert Client(headers={"Authorization": f"Bearer {key}"}).get(reverse("api-schema")).status_code == 200


def test_refusal_is_noted_once_a_minute() -> None:
    viewer = make_user(Role.VIEWER, scope=make_scope())
    client = signed_in(viewer)

    answers = [client.get(reverse("person-list")).status_code for _ in range(2)]

    assert answers == [403, 403]
    assert 1 <= Entry.objects.filter(action="refused", actor=viewer).count() <= 2


def test_history_of_an_object_is_for_those_who_may_see_it() -> None:
    administrator, viewer = make_user(Role.ADMINISTRATOR), make_user(Role.VIEWER, scope=make_scope())
    address = reverse("history", args=["accounts.user", administrator.pk])

    assert signed_in(administrator).get(address).status_code == 200
    assert signed_in(viewer).get(address).status_code == 404


def test_ledger_filters_by_day_and_action() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    client = signed_in(administrator)

    found = client.get(reverse("ledger"), {"action": "accounts.signed_in"})
    none = client.get(reverse("ledger"), {"until": "2001-01-01"})

    assert "Signed in" in found.text
    assert "Nothing was done that fits" in none.text
