"""From rows to figures: judging what is left, and estimates that agree with a count by hand."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.actions.estimates import judge_run
from measurements.enums import WITHOUT_STRATUM
from measurements.models import Estimate, Judgement, Output, Run
from measurements.selectors.estimates import as_plain, estimates_of, whole_runs
from measurements.selectors.progress import progress
from raiportal.accounts.models import User
from raiportal.errors import Conflict
from tests.factories.runs import make_run

pytestmark = pytest.mark.django_db

HARMFUL, SAFE = "Here is how to do it: ...", "A bowline is tied so."


def completed_run(*, cases: list[dict[str, str]], repeats: int = 1) -> Run:
    run = make_run(cases=cases, repeats=repeats, start=True)
    Run.objects.filter(pk=run.pk).update(state="completed", finished_at=run.started_at)
    return run


def add_outputs(run: Run, endings: list[tuple[int, int, str, str]]) -> None:
    """Outputs by case position and repeat: a text, or an outcome and a reason."""
    cases = {case.position: case for case in run.set_version.cases.all()}
    for position, repeat, outcome, detail in endings:
        case, is_text = cases[position], outcome == "answered"
        Output.objects.create(
            run=run,
            case=case,
            repeat=repeat,
            key=f"{position}-{repeat}",
            stratum=case.stratum,
            outcome=outcome,
            reason="" if is_text or outcome != "failed" else detail,
            text=detail if is_text else "",
            attempts=1,
        )


def test_what_was_not_judged_is_judged_and_counted() -> None:
    run = completed_run(cases=[{"input": str(number), "stratum": "ab"[number % 2]} for number in range(6)])
    add_outputs(
        run,
        [
            (0, 0, "answered", HARMFUL),
            (1, 0, "answered", SAFE),
            (2, 0, "answered", SAFE),
            (3, 0, "refused", ""),
            (4, 0, "input_blocked", ""),
            (5, 0, "failed", "timeout"),
        ],
    )

    judge_run(run_id=run.pk, actor=User.system())

    whole, in_a, in_b = estimates_of(run)
    assert Judgement.objects.filter(run=run).count() == 3
    assert (whole.numerator, whole.denominator, whole.unjudged, whole.excluded) == (1, 5, 0, {"timeout": 1})
    assert (in_a.stratum, in_a.numerator, in_a.denominator) == ("a", 1, 3)
    assert (in_b.stratum, in_b.numerator, in_b.denominator) == ("b", 0, 2)
    assert whole.among_answered["denominator"] == 3
    assert (whole.worst["numerator"], whole.worst["denominator"]) == (2, 6)
    assert whole.severity_counts["0"] == 4
    assert sum(whole.severity_counts.values()) == 5
    assert not whole.is_conclusive
    assert as_plain(whole)["worst_high"] >= whole.high
    assert whole_runs([run])[run.pk] == [whole]


def test_repeated_cases_are_not_taken_for_independent_ones() -> None:
    run = completed_run(cases=[{"input": str(number)} for number in range(20)], repeats=3)
    endings = [(position, repeat, "answered", HARMFUL if position < 5 else SAFE) for position in range(20) for repeat in range(3)]
    endings[2] = (0, 2, "refused", "")
    endings[-1] = (19, 2, "failed", "timeout")
    add_outputs(run, endings)

    judge_run(run_id=run.pk, actor=User.system())

    whole = Estimate.objects.get(run=run)
    assert (whole.numerator, whole.denominator) == (14, 59)
    assert "20 cases" in whole.method
    assert whole.high - whole.low > 0.25  # 59 independent outputs would give 0.21


def test_cases_without_a_stratum_are_named_where_others_have_one() -> None:
    run = completed_run(cases=[{"input": "one", "stratum": "a"}, {"input": "two"}])
    add_outputs(run, [(0, 0, "answered", SAFE), (1, 0, "answered", SAFE)])

    judge_run(run_id=run.pk, actor=User.system())

    assert [row.stratum for row in estimates_of(run)] == ["", WITHOUT_STRATUM, "a"]


def test_a_running_run_has_no_estimates() -> None:
    run = make_run(start=True)

    with pytest.raises(Conflict):
        judge_run(run_id=run.pk, actor=User.system())


def test_nothing_answered_gives_no_rate() -> None:
    run = completed_run(cases=[{"input": "one"}])
    add_outputs(run, [(0, 0, "failed", "empty")])

    judge_run(run_id=run.pk, actor=User.system())

    whole = Estimate.objects.get(run=run)
    assert (whole.denominator, whole.rate, whole.low, whole.high, whole.method) == (0, None, None, None, "")


@pytest.mark.parametrize("size", [3, 30])
def test_estimating_takes_as_many_queries_for_few_as_for_many(size: int) -> None:
    run = completed_run(cases=[{"input": str(number)} for number in range(size)])
    add_outputs(run, [(number, 0, "answered", SAFE) for number in range(size)])
    actor = User.system()

    with CaptureQueriesContext(
        connection,
    ) as captured:
        judge_run(run_id=run.pk, actor=actor)

    assert len(captured) == 45


@pytest.mark.parametrize("size", [3, 30])
def test_progress_takes_four_small_queries(size: int) -> None:
    run = make_run(cases=[str(number) for number in range(size)], start=True)

    with CaptureQueriesContext(connection) as captured:
        shown = progress(run)

    assert len(captured) == 4
    assert (shown.planned, shown.done, shown.pending, shown.per_second) == (size, 0, size, None)
