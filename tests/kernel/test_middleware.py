"""What people and programs are told when the database is away."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse

from raiportal.accounts.enums import Role
from raiportal.api import problems
from raiportal.middleware import DATABASE_AWAY
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


def test_page_says_that_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.force_login(make_user(Role.ADMINISTRATOR))

    def gone(*arguments: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr("raiportal.administration.views.people.selectors.people", gone)
    answer = client.get(reverse("person-list"))

    assert answer.status_code == 503
    assert "try again in a minute" in answer.text


def test_api_says_that_the_database_is_away() -> None:
    answer = problems.handle(OperationalError("the connection is closed"), {"request": RequestFactory().get("/")})

    assert answer is not None
    assert (answer.status_code, answer.data["detail"]) == (503, DATABASE_AWAY)
