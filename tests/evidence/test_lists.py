"""The list of an object's evidence: what its filters find, and its files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from harms.models import Harm
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.evidence import actions
from raiportal.signoffs import actions as sign_offs
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.signoffs.kind import registered

pytestmark = pytest.mark.django_db


@pytest.fixture
def harm() -> Harm:
    """With a link that a sign-off relies on, one that was removed, and one by somebody else that merely stands."""
    harm = make_harm(make_system())
    owner = harm.system.owner
    assert owner is not None
    actions.add_link(subject=harm, url="https://example.org/pilot", title="The pilot", note="Read by two people.", actor=owner)
    with registered():
        sign_offs.request_sign_off(kind="tests.acceptance", subject_id=harm.pk, actor=owner)
        gone = actions.add_link(subject=harm, url="https://example.org/draft", title="=1+1 A draft", actor=owner)
        actions.remove(evidence_id=gone.pk, reason="Replaced.", actor=owner)
        contributor = make_user(Role.CONTRIBUTOR, scope=harm.system.scope, username="cora")
        actions.add_link(subject=harm, url="https://example.org/study", title="A study", actor=contributor)
    return harm


def _titles(answer: Any) -> list[str]:
    return [row.title for row in answer.context["rows"]]


def _get(harm: Harm, name: str = "evidence-list", query: str = "", *arguments: Any, user: User | None = None) -> Any:
    client = Client()
    client.force_login(user or harm.system.owner)  # type: ignore[arg-type]
    return client.get(reverse(name, args=["harms.harm", harm.pk, *arguments]) + query)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["A study", "=1+1 A draft", "The pilot"]),
        ("?state=in_force", ["A study", "The pilot"]),
        ("?state=relied_on", ["The pilot"]),
        ("?state=removed", ["=1+1 A draft"]),
        ("?q=two+people", ["The pilot"]),
        ("?q=study", ["A study"]),
        ("?added_by=cora", ["A study"]),
        ("?kind=file", []),
        ("?kind=link&state=in_force&q=pilot", ["The pilot"]),
    ],
)
def test_filters_find_what_they_say(harm: Harm, query: str, titles: list[str]) -> None:
    assert _titles(_get(harm, query=query)) == titles


def test_filter_that_can_not_be_read_shows_nothing_and_gives_no_file(harm: Harm) -> None:
    shown = _get(harm, query="?kind=anything")

    assert (shown.status_code, _titles(shown)) == (422, [])
    assert "A filter in the address can't be read" in shown.content.decode()
    assert _get(harm, "evidence-export", "?kind=anything", "csv").status_code == 422


def test_files_have_the_filtered_list_and_no_formula(harm: Harm) -> None:
    rows = list(csv.DictReader(io.StringIO(_get(harm, "evidence-export", "", "csv").getvalue().decode("utf-8-sig"))))
    found = json.loads(_get(harm, "evidence-export", "?state=relied_on", "json").getvalue())

    assert [row["title"] for row in rows] == ["A study", "'=1+1 A draft", "The pilot"]
    assert rows[1]["removed_reason"] == "Replaced."
    assert [(row["title"], row["url"], row["is_relied_on"]) for row in found] == [("The pilot", "https://example.org/pilot", True)]


def test_strangers_get_no_file(harm: Harm) -> None:
    assert _get(harm, "evidence-export", "", "csv", user=make_user()).status_code == 404


def test_list_takes_the_same_queries_for_few_and_many(harm: Harm) -> None:
    owner = harm.system.owner
    assert owner is not None
    client = Client()
    client.force_login(owner)
    address = reverse("evidence-list", args=["harms.harm", harm.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(30):
        actions.add_link(subject=harm, url=f"https://example.org/{number}", actor=owner)
    with CaptureQueriesContext(connection) as many:
        shown = client.get(address)

    assert len(_titles(shown)) == 33
    assert len(many) == len(few)
