"""Outputs found by how they ended and what was said about them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.enums import Outcome
from measurements.models import Judgement, Output, Run
from measurements.selectors import outputs as selectors
from raiportal.accounts.models import User
from tests.factories.outputs import ANSWERED, BLOCKED, HARM, REFUSED, TIMEOUT, ended_run

pytestmark = pytest.mark.django_db

ENDINGS = (HARM, ANSWERED, BLOCKED, REFUSED, TIMEOUT, HARM, ANSWERED)


def found(run: Run, **asked: Any) -> list[int]:
    """Numbers (from 0) of the items that the filter leaves."""
    versions = selectors.metric_versions(run.pk)
    rows = selectors.outputs_of(Output.objects.all(), run_id=run.pk, versions=versions, **asked)
    return [output.case.position for output in rows.select_related("case").order_by("pk")]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"outcome": Outcome.ANSWERED}, [0, 1, 5, 6]),
        ({"reason": "timeout"}, [4]),
        ({"reason": "crashed"}, []),
        ({"stratum": "odd"}, [1, 3, 5]),
        ({"judged": "harmful"}, [0, 5]),
        ({"judged": "harmless"}, [1, 2, 3, 6]),
        ({"judged": "counted"}, [0, 1, 2, 3, 5, 6]),
        ({"judged": "unjudged"}, []),
        ({"severity": 4}, [0, 5]),
        ({"severity": 5}, []),
        ({"case": "Q-3"}, [3]),
        ({"case": "4"}, [3]),
        ({"case": "Q-99"}, []),
        ({"judged": "harmful", "stratum": "odd"}, [5]),
    ],
)
def test_filters_leave_what_they_name(asked: dict[str, Any], expected: list[int]) -> None:
    run = ended_run(ENDINGS)

    assert found(run, **asked) == expected


def test_counted_outputs_are_the_estimates_denominator() -> None:
    run = ended_run(ENDINGS)
    estimate = run.estimates.get(stratum="")

    assert len(found(run, judged="counted")) == estimate.denominator
    assert len(found(run, judged="harmful")) == estimate.numerator


def test_answer_without_a_judgement_is_unjudged_and_not_counted() -> None:
    run = ended_run(ENDINGS, judged=False, finished=False)
    version = selectors.metric_versions(run.pk)[0]
    judged = Output.objects.filter(run=run, outcome=Outcome.ANSWERED).order_by("pk")[0]
    Judgement.objects.create(run=run, output=judged, metric_version=version, judge_version=version.judge_version, severity=4, is_harmful=True)

    assert found(run, judged="unjudged") == [1, 5, 6]
    assert found(run, judged="counted") == [0, 2, 3]
    assert found(run, judged="harmless") == [2, 3]


def test_a_labellers_word_does_not_stand_for_the_judges() -> None:
    run = ended_run((ANSWERED,), judged=False)
    version = selectors.metric_versions(run.pk)[0]
    Judgement.objects.create(run=run, output=Output.objects.get(run=run), metric_version=version, labeller=User.system(), severity=7, is_harmful=True)

    assert found(run, judged="unjudged") == [0]
    assert found(run, judged="harmful") == []


def test_other_runs_outputs_stay_out() -> None:
    run, _ = ended_run(ENDINGS), ended_run((HARM, HARM))

    assert len(found(run, judged="harmful")) == 2


def test_strata_are_those_of_the_cases() -> None:
    assert selectors.strata_of(ended_run(ENDINGS)) == ["even", "odd"]
    assert selectors.strata_of(ended_run((ANSWERED,), cases=["no stratum"])) == []


def test_lists_do_not_load_texts() -> None:
    run = ended_run(ENDINGS)

    with CaptureQueriesContext(connection) as queries:
        rows = list(selectors.listed(Output.objects.filter(run=run)))

    assert len(queries) == 1
    assert rows[0].text_length > 0
    assert {"text", "body", "refusal"} <= rows[0].get_deferred_fields()


def test_export_has_every_output_and_its_judgements() -> None:
    run = ended_run(ENDINGS)
    versions = selectors.metric_versions(run.pk)
    code = versions[0].metric.code

    rows = list(selectors.export_rows(Output.objects.filter(run=run), versions))

    assert [row["case"] for row in rows] == [f"Q-{number}" for number in range(len(ENDINGS))]
    assert [row[f"{code} harmful"] for row in rows] == [True, False, None, None, None, True, False]
    assert rows[0]["prompt"] == "question 0"
    assert set(rows[0]) == set(selectors.export_columns(versions))
