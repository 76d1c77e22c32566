"""Lists around the register as files: baselines, and known harms that were dismissed."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from harms import actions
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system()


def _get(system: AISystem, name: str, format: str, query: str = "", user: Any = None) -> Any:
    client = Client()
    client.force_login(user or system.owner)
    return client.get(reverse(name, args=[system.pk, format]) + query)


def _csv(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_baselines_come_as_the_page_lists_them(system: AISystem) -> None:
    make_harm(system)
    first = actions.make_baseline(system=system, title="Before the pilot", reason="A new model.", actor=system.owner)
    actions.make_baseline(system=system, title="After it", actor=system.owner)

    rows = _csv(_get(system, "baseline-list-export", "csv", "?sort=id"))
    found = json.loads(_get(system, "baseline-list-export", "json", "?q=new+model").getvalue())

    assert [row["title"] for row in rows] == ["Before the pilot", "After it"]
    assert [(row["code"], row["harms"], row["digest"]) for row in found] == [(first.code, 1, first.digest)]


def test_dismissals_come_with_title_and_reason(system: AISystem) -> None:
    from harms.selectors import library_titles

    slug, title = sorted(library_titles().items())[0]
    actions.dismiss_offer(system=system, slug=slug, model_name="", reason="No speech here.", actor=system.owner)

    (row,) = _csv(_get(system, "dismissal-export", "csv"))

    assert (row["entry"], row["title"], row["reason"]) == (slug, title, "No speech here.")
    assert json.loads(_get(system, "dismissal-export", "json", "?q=nothing+like+it").getvalue()) == []


@pytest.mark.parametrize("name", ["baseline-list-export", "dismissal-export"])
def test_strangers_get_no_file(system: AISystem, name: str) -> None:
    assert _get(system, name, "csv", user=make_user()).status_code == 404
