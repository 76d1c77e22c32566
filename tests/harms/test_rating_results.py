"""What rating rounds say in a register's report and on a harm's line: everything of a closed one, of an open one nothing of what anybody rated."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
import typst
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from harms import actions, selectors
from harms.models import Harm, Rating
from harms.selectors.harm_line import line_of_life
from raiportal.accounts.models import User
from raiportal.reports import pdf
from raiportal.reports.content import Content, plain
from raiportal.reports.models import Report
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene, answer
from tests.factories.reports import make_report

pytestmark = pytest.mark.django_db

CANARY = "rohrdommel"
OUTSIDER = "Olga Outside"


@pytest.fixture
def scene() -> RoundScene:
    return RoundScene()


def _ratings_in(report: Report) -> list[dict[str, Any]]:
    table = report.content.tables["ratings"]
    return [dict(zip((column.slug for column in table.columns), row, strict=True)) for row in table.rows]


def _without_changes(content: Content) -> str:
    """What a report says, but for what it says of the report before it."""
    said = plain(content)
    return json.dumps([section for section in said["sections"] if section["slug"] != "changes"], sort_keys=True)


def _line_of(harm: Harm, user: User) -> list[tuple[str, str]]:
    return [(entry.title, " ".join([*entry.texts, entry.note])) for source, entry in line_of_life(harm, user).entries if source == "ratings"]


def test_open_round_says_nothing_in_any_form_of_a_report(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (1, 1), (1, 1), rationale=f"Nothing, {CANARY}.")
    low = make_report(scene.system)
    Rating.objects.update(severity=5, frequency=5, confidence="high", rationale=f"Everything, {CANARY} twice.")
    high = make_report(scene.system)
    browser = Client()
    browser.force_login(high.made_by)

    assert _without_changes(low.content) == _without_changes(high.content)
    assert _ratings_in(high) == []
    shown = [browser.get(reverse("report", args=[high.pk])), *(browser.get(reverse("report-file", args=[high.pk, kind])) for kind in ("csv", "json"))]
    assert [answer.status_code for answer in shown] == [200] * 3
    forms = [answer.getvalue() for answer in shown]
    assert [form for form in forms if CANARY.encode() in form] == []
    assert CANARY not in json.dumps(high.pack)
    with patch("typst.Compiler", wraps=typst.Compiler) as typesetter:
        assert pdf.rendered(high).startswith(b"%PDF-")
    (told,) = [call.kwargs["sys_inputs"]["report"] for call in typesetter.call_args_list]  # all that the PDF can say
    assert scene.harms[0].title in told
    assert CANARY not in told


def test_open_round_says_on_the_line_that_it_is_open_and_no_more(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (1, 1), (1, 1), rationale=f"Nothing, {CANARY}.")
    low = _line_of(scene.harms[0], scene.manager)
    Rating.objects.update(severity=5, frequency=5, rationale=f"Everything, {CANARY} twice.")

    assert _line_of(scene.harms[0], scene.manager) == low == [("Rating round: First ratings", "Open, and blind until it is closed. ")]


def test_closed_round_stands_in_the_report_with_spread_and_outlier(scene: RoundScene) -> None:
    for person, severity in zip(scene.people, (2, 2, 5), strict=True):
        scene.rate(person, (severity, 3), (3, 3), rationale=f"Seen, {CANARY}.")
    token = scene.invite(name=OUTSIDER)
    actions.send_ratings(token=token, answers=[answer(scene.rated[0], 2, 3), answer(scene.rated[1], cannot_judge=True)])
    scene.close()
    actions.record_consensus(
        round_harm_id=scene.rated[0].pk, severity=4, frequency=3, note="Talked over.", override_reason="One of us saw the incident.", actor=scene.manager
    )

    first, second = _ratings_in(make_report(scene.system))

    assert first["code"] == scene.harms[0].code
    assert first["raters"] == "4, 1 from outside"
    assert first["median"] == (2, 3)
    assert first["severity"].startswith("2, range 2 to 5, middle half 2")
    assert first["apart"] == 1
    assert first["agreed"] == (4, 3)
    assert first["why"] == "Override by Mara Manager: One of us saw the incident. Talked over."
    assert second["raters"] == "4, 1 from outside, 1 can't judge"
    assert (second["agreed"], second["why"]) == (None, "Nothing is recorded yet.")


def test_report_names_no_rater(scene: RoundScene) -> None:
    """A frozen pack can't be erased, and goes to people who don't know them."""
    token = scene.invite(name=OUTSIDER, organisation="Patients' union")
    actions.send_ratings(token=token, answers=[answer(row, 2, 3) for row in scene.rated])
    scene.rate(scene.people[0], (5, 5), (5, 5))
    scene.close()

    report = make_report(scene.system)

    assert len(_ratings_in(report)) == 2
    for name in (OUTSIDER, "Patients' union", scene.people[0].name):
        assert name not in _without_changes(report.content)


def test_report_takes_the_newest_closed_round_of_each_place(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (1, 1), (1, 1))
    scene.close()
    scene.round = scene.open(title="Again")
    scene.rate(scene.people[0], (4, 4), (4, 4))
    scene.close()
    scene.round = scene.open(title="Third")

    assert [(row["round"], row["median"]) for row in _ratings_in(make_report(scene.system))] == [("RR-2", (4, 4))] * 2


def test_line_tells_each_closed_round(scene: RoundScene) -> None:
    for person, severity in zip(scene.people, (2, 2, 5), strict=True):
        scene.rate(person, (severity, 3), (3, 3))
    scene.close()
    actions.record_consensus(round_harm_id=scene.rated[0].pk, severity=2, frequency=3, note="Nobody objects.", actor=scene.manager)

    ((title, words),) = _line_of(scene.harms[0], scene.manager)
    page = Client()
    page.force_login(scene.manager)

    assert title == "Rating round: First ratings"
    assert "Rated by 3, as a whole." in words
    assert "1 rating stands apart." in words
    assert "Agreed: severity 2 × frequency 3. Nobody objects." in words
    assert "1 rating stands apart." in page.get(reverse("harm-line", args=[scene.harms[0].pk])).content.decode()


def test_report_reads_many_rated_harms_in_as_many_queries_as_few(scene: RoundScene) -> None:
    for person in scene.people:
        scene.rate(person, (2, 2), (3, 3))
    scene.close()
    with CaptureQueriesContext(connection) as few:
        selectors.closed_results(scene.system)

    many = RoundScene(system=scene.system, manager=scene.manager, people=scene.people, harms=[make_harm(scene.system) for _ in range(12)])
    for person in many.people:
        many.rate(person, *[(4, 4)] * 12)
    many.close()
    with CaptureQueriesContext(connection) as more:
        found = selectors.closed_results(scene.system)

    assert len(found) == 14
    assert len(more) == len(few)
