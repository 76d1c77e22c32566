"""The moment after a last day."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from raiportal import clocks
from tests.factories.accounts import make_user
from tests.factories.systems import make_system


def test_a_last_day_ends_with_the_next_and_the_last_day_of_all_with_time() -> None:
    assert clocks.end_of(datetime.date(2027, 12, 31)) == datetime.datetime(2028, 1, 1, tzinfo=datetime.UTC)
    assert clocks.end_of(datetime.date.max) == datetime.datetime.max.replace(tzinfo=datetime.UTC)


@pytest.mark.django_db
def test_the_last_day_there_is_can_be_typed() -> None:
    system, somebody = make_system(), make_user()
    client = Client()
    client.force_login(system.owner)
    page = reverse("system-people", args=[system.pk])
    assert client.post(page, {"user": somebody.pk, "role": "viewer", "until": "9999-12-31"}).status_code == 302
    assert client.get(page).status_code == 200
    assert somebody.memberships.get().until == clocks.end_of(datetime.date.max)
