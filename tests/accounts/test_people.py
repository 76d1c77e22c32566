"""Accounts that an administrator makes are held to the same rules as those that people make themselves."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from raiportal.accounts.enums import Role
from raiportal.accounts.forms import PASSWORD_MAX_LENGTH
from raiportal.accounts.models import User
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def adding(username: str, password: str) -> tuple[int, str]:
    browser = Client()
    browser.force_login(make_user(Role.ADMINISTRATOR))
    answer = browser.post(reverse("person-add"), {"name": "Ann", "username": username, "email": "", "password": password, "role": ""})
    return answer.status_code, answer.text


def test_first_password_may_be_as_long_as_any_other() -> None:
    longest = ("correct horse " * PASSWORD_MAX_LENGTH)[:PASSWORD_MAX_LENGTH]

    assert adding("ann", longest)[0] == 302
    assert User.objects.get(username="ann").check_password(longest)
    assert adding("bob", longest + "x")[0] == 422


def test_taken_name_is_told_in_the_same_words_as_to_those_who_were_invited() -> None:
    make_user(username="ann")

    status, page = adding("ann", PASSWORD)

    assert (status, "This name is taken. Choose another one." in page) == (422, True)
