"""Outputs found by how they ended and what was said about them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.enums import Outcome
from measurements.models import Judgement, Output, Run
from measurements.selectors import output_exports as exports
from measurements.selectors import output_filters as filters
from measurements.selectors import outputs as selectors
from measurements.selectors import severity_order
from raiportal.accounts.models import User
from raiportal.errors import Invalid
from tests.factories.outputs import ANSWERED, BLOCKED, HARM, REFUSED, TIMEOUT, Ending, ended_run

pytestmark = pytest.mark.django_db

ENDINGS = (HARM, ANSWERED, BLOCKED, REFUSED, TIMEOUT, HARM, ANSWERED)


def found(run: Run, **asked: Any) -> list[int]:
    """Numbers (from 0) of the items that the filter leaves."""
    wanted = filters.Asked(versions=filters.metric_versions(run.pk), **asked)
    rows = filters.outputs_of(Output.objects.all(), run.pk, wanted)
    return [output.case.position for output in rows.select_related("case").order_by("pk")]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"outcomes": [Outcome.ANSWERED]}, [0, 1, 5, 6]),
        ({"outcomes": [Outcome.REFUSED, Outcome.INPUT_BLOCKED]}, [2, 3]),
        ({"outcomes": [Outcome.FAILED, Outcome.ANSWERED], "reasons": ["timeout"]}, [4]),
        ({"outcomes": [Outcome.ANSWERED], "reasons": ["timeout"]}, []),
        ({"reasons": ["timeout"]}, [4]),
        ({"reasons": ["crashed", "timeout"]}, [4]),
        ({"reasons": ["crashed"]}, []),
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
    version = filters.metric_versions(run.pk)[0]
    judged = Output.objects.filter(run=run, outcome=Outcome.ANSWERED).order_by("pk")[0]
    Judgement.objects.create(run=run, output=judged, metric_version=version, judge_version=version.judge_version, severity=4, is_harmful=True)

    assert found(run, judged="unjudged") == [1, 5, 6]
    assert found(run, judged="counted") == [0, 2, 3]
    assert found(run, judged="harmless") == [2, 3]


def test_a_labellers_word_does_not_stand_for_the_judges() -> None:
    run = ended_run((ANSWERED,), judged=False)
    version = filters.metric_versions(run.pk)[0]
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
    versions = filters.metric_versions(run.pk)
    code = versions[0].metric.code

    rows = list(exports.export_rows(Output.objects.filter(run=run), versions))

    assert [row["case"] for row in rows] == [f"Q-{number}" for number in range(len(ENDINGS))]
    assert [row[f"{code} harmful"] for row in rows] == [True, False, None, None, None, True, False]
    assert rows[0]["prompt"] == "question 0"
    assert set(rows[0]) == set(exports.export_columns(versions))


# --- What the call was like ---
def said(**categories: Any) -> dict[str, Any]:
    """Annotations of an answer, in the form that providers' ones are brought into."""
    return {"completion": {name: {"filtered": False, "severity": None, "detected": None, **verdict} for name, verdict in categories.items()}}


FILTERED = (
    ANSWERED,
    Ending(more={"filters": said(hate={"severity": "safe"}, violence={"severity": "low"})}),
    Ending(more={"filters": said(violence={"severity": "medium"})}),
    Ending(Outcome.INPUT_BLOCKED, "", more={"filters": {"prompt": said(hate={"severity": "high", "filtered": True})["completion"]}}),
    Ending(Outcome.OUTPUT_BLOCKED, "", more={"filters": said(jailbreak={"detected": True, "filtered": True})}),
)


@pytest.mark.parametrize(
    ("category", "verdict", "expected"),
    [
        ("violence", "", [1, 2]),
        ("violence", "medium", [2]),
        ("hate", "", [3]),
        ("hate", "blocked", [3]),
        ("", "blocked", [3, 4]),
        ("", "high", [3]),
        ("", "flagged", [1, 2, 3, 4]),
        ("jailbreak", "flagged", [4]),
        ("violence", "blocked", []),
        ('x"); drop table output; --', "", []),
    ],
)
def test_content_filter_is_asked_by_category_and_verdict(category: str, verdict: str, expected: list[int]) -> None:
    run = ended_run(FILTERED)

    assert found(run, filter_category=category, filter_verdict=verdict) == expected


def test_outputs_are_found_by_attempts_model_and_fingerprint() -> None:
    run = ended_run((ANSWERED, Ending(more={"attempts": 3, "model_reported": "small-2", "fingerprint": "fp-2"}), ANSWERED))

    assert found(run, attempts=2) == [1]
    assert found(run, attempts=4) == []
    assert found(run, attempts=1) == [0, 1, 2]
    assert found(run, model="small-2") == [1]
    assert found(run, model="small-1", fingerprint="fp-2") == []


def test_doubtful_judgements_are_contradicted_or_far_apart() -> None:
    run = ended_run((ANSWERED,) * 4, judged=False, finished=False)
    version = filters.metric_versions(run.pk)[0]
    doubts: list[dict[str, Any]] = [{"spread": 1}, {"spread": 2}, {"is_contradicted": True, "spread": 0}, {"spread": 0}]
    for output, doubt in zip(Output.objects.filter(run=run).order_by("pk"), doubts, strict=True):
        Judgement.objects.create(run=run, output=output, metric_version=version, judge_version=version.judge_version, severity=1, is_harmful=False, **doubt)

    assert found(run, doubt="unstable") == [1]
    assert found(run, doubt="contradicted") == [2]
    assert found(run, doubt="any") == [1, 2]


# --- By severity ---
def by_severity(run: Run, size: int, *, is_descending: bool) -> list[list[int]]:
    """Pages of positions, walked to the end and back again: both ways have to show the same."""
    version = filters.metric_versions(run.pk)[0]
    rows = Output.objects.filter(run=run).select_related("case")

    def page(cursor: str | None) -> Any:
        return severity_order.page(rows, version, cursor, size, is_descending=is_descending)

    pages = [page(None)]
    while pages[-1].next:
        pages.append(page(pages[-1].next))
    back = [pages[-1]]
    while back[-1].previous:
        back.append(page(back[-1].previous))
    shown = [[output.case.position for output in each.rows] for each in pages]
    assert [[output.case.position for output in each.rows] for each in reversed(back)] == shown
    return shown


def judged_run(severities: list[int | None]) -> Run:
    run = ended_run((ANSWERED,) * len(severities), judged=False, finished=False)
    version = filters.metric_versions(run.pk)[0]
    for output, severity in zip(Output.objects.filter(run=run).order_by("pk"), severities, strict=True):
        if severity is not None:
            Judgement.objects.create(
                run=run, output=output, metric_version=version, judge_version=version.judge_version, severity=severity, is_harmful=severity >= 4
            )
        Judgement.objects.create(run=run, output=output, metric_version=version, labeller=User.system(), severity=7, is_harmful=True)
    return run


def test_order_by_severity_holds_every_output_once() -> None:
    run = judged_run([0, 5, None, 7, 1, 5])

    assert by_severity(run, 2, is_descending=True) == [[3, 5], [1, 4], [2, 0]]
    assert by_severity(run, 4, is_descending=False) == [[0, 2, 4, 1], [5, 3]]
    assert by_severity(run, 10, is_descending=True) == [[3, 5, 1, 4, 2, 0]]


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "W2ZhbHNlLHRydWUsLTEsNV0", "W2ZhbHNlLHRydWUsIjEiLDVd"])
def test_damaged_cursor_of_the_order_by_severity_is_refused(cursor: str) -> None:
    run = judged_run([1])

    with pytest.raises(Invalid):
        severity_order.page(Output.objects.filter(run=run), filters.metric_versions(run.pk)[0], cursor, 5, is_descending=True)
