"""Judgings without a model: planned ones, cancelled runs, the sweeper, the API and what a run's lists show of them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from measurements.actions import findings, judgings, runs
from measurements.actions.estimates import judge_run
from measurements.actions.sweep import sweep_runs
from measurements.enums import JudgingState, RunState
from measurements.models import Estimate, Judging, Lease, Run
from measurements.selectors.estimates import estimates_of
from measurements.selectors.runs import counts_of
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import Invalid, PolicyDenied, WrongState
from tests.factories.accounts import make_user
from tests.factories.judgings import answered_run, make_model_metric, only_judging
from tests.factories.measurements import make_metric
from tests.factories.outputs import ANSWERED, HARM, ended_run, store
from tests.factories.runs import PATTERNS, make_run, prompts

pytestmark = pytest.mark.django_db


def judging_under_way(**options: object) -> Judging:
    run = answered_run([HARM, ANSWERED], **options)
    judge_run(run_id=run.pk, actor=User.system())
    return only_judging(run)


# --- Cancelled runs ---


def test_a_cancelled_run_says_what_it_found_and_that_it_proves_nothing() -> None:
    run = make_run(cases=prompts(100), start=True)
    store(run, [HARM] + [ANSWERED] * 97)
    cancelled = runs.cancel_run(run_id=run.pk, reason="Enough seen.", actor=run.created_by)

    judge_run(run_id=cancelled.pk, actor=User.system())

    (whole,) = estimates_of(cancelled)
    assert (whole.numerator, whole.denominator, whole.excluded) == (1, 98, {"cancelled": 2})
    assert whole.worst["numerator"] == 3
    assert not whole.is_conclusive  # although 2 of 100 failed are within the error budget


def test_a_cancelled_run_asks_no_model() -> None:
    run = make_run(cases=prompts(3), start=True)
    model = make_model_metric(run.configuration.deployment)  # type: ignore[union-attr]
    run.run_metrics.create(metric_version=model.versions.get())
    runs.cancel_run(run_id=run.pk, reason="Wrong set.", actor=run.created_by)

    judged = judge_run(run_id=run.pk, actor=User.system())

    assert judged.judged_at is not None
    assert [judging.metric_version.metric_id == model.pk for judging in Judging.objects.filter(run=run)] == [False]


def test_a_run_cancelled_before_it_began_has_nothing_to_judge() -> None:
    run = make_run(cases=prompts(3))
    runs.cancel_run(run_id=run.pk, reason="Wrong set.", actor=run.created_by)

    judged = judge_run(run_id=run.pk, actor=User.system())

    assert judged.judged_at is not None
    assert not Judging.objects.filter(run=run).exists()


# --- Moves ---


def test_votes_of_a_judging_are_no_outputs_of_its_run() -> None:
    judging = judging_under_way()
    Lease.objects.filter(judging=judging).update(answered=1, failed=1)

    counts = counts_of([judging.run])[judging.run_id]

    assert (counts.done, counts.planned) == (2, 2)


def test_a_judging_is_not_finished_while_votes_are_missing() -> None:
    judging = judging_under_way()

    with pytest.raises(Exception, match="Votes are still missing"):
        judgings.finish_judging(judging_id=judging.pk, actor=User.system())


def test_cancelling_needs_a_reason_and_happens_once() -> None:
    judging = judging_under_way()
    owner = judging.run.created_by

    with pytest.raises(Invalid):
        judgings.cancel_judging(judging_id=judging.pk, reason=" ", actor=owner)
    judgings.cancel_judging(judging_id=judging.pk, reason="Too dear.", actor=owner)
    with pytest.raises(WrongState):
        judgings.cancel_judging(judging_id=judging.pk, reason="Too dear.", actor=owner)

    assert not Lease.objects.filter(judging=judging, is_done=False).exists()
    assert Run.objects.get(pk=judging.run_id).judged_at is not None


def test_a_viewer_moves_no_judging() -> None:
    judging = judging_under_way()
    viewer = make_user(Role.VIEWER, scope=judging.run.system.scope)

    for act in (
        lambda: judgings.pause_judging(judging_id=judging.pk, actor=viewer),
        lambda: judgings.cancel_judging(judging_id=judging.pk, reason="No.", actor=viewer),
        lambda: judgings.judge_again(run_id=judging.run_id, metric=judging.metric_version.metric, reason="Again.", actor=viewer),
    ):
        with pytest.raises(PolicyDenied):
            act()


def test_rules_judge_again_without_a_pump() -> None:
    run = ended_run([HARM, ANSWERED])
    stricter = make_metric(run.system, patterns=["knots"])
    again = judgings.judge_again(run_id=run.pk, metric=stricter, reason="Another question.", actor=run.created_by)

    judge_run(run_id=run.pk, actor=User.system())

    again.refresh_from_db()
    assert (again.state, again.is_planned, again.number) == (JudgingState.COMPLETED, False, 2)
    assert [row.numerator for row in estimates_of(run) if not row.stratum] == [1, 1]


# --- The sweeper ---


def test_sweeper_wakes_a_pump_for_each_judging_without_one_and_finishes_those_that_are_done() -> None:
    waiting, done = judging_under_way(), judging_under_way()
    Lease.objects.filter(judging=done).update(is_done=True)
    Lease.objects.filter(judging=None).update(is_done=True)

    swept = sweep_runs(actor=User.system())

    done.refresh_from_db()
    assert swept.judgings == [waiting.pk]
    assert swept.judged == [done.run_id]
    assert done.state == JudgingState.COMPLETED
    assert Run.objects.get(pk=done.run_id).judged_at is not None
    assert sweep_runs(actor=User.system()).judged == []


def test_sweeper_leaves_a_paused_judging_alone() -> None:
    judging = judging_under_way()
    judgings.pause_judging(judging_id=judging.pk, actor=judging.run.created_by)

    swept = sweep_runs(actor=User.system())

    assert (swept.judgings, swept.judged) == ([], [])


def test_sweeper_judges_a_cancelled_run_once() -> None:
    run = make_run(cases=prompts(3), start=True)
    runs.cancel_run(run_id=run.pk, reason="Wrong set.", actor=run.created_by)

    swept = [sweep_runs(actor=User.system()).judged for _ in range(2)]

    assert swept == [[run.pk], []]
    assert Estimate.objects.get(run=run).denominator == 0
    assert Run.objects.get(pk=run.pk).state == RunState.CANCELLED


def test_run_that_cannot_be_judged_keeps_the_sweeper_from_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (answered_run([ANSWERED]) for _ in range(2))
    missing = findings.judge_missing

    def judge_missing(judging: Judging) -> None:
        if judging.run_id == first.pk:
            raise KeyError("odd")
        missing(judging)

    for run in (first, second):
        run.run_metrics.create(metric_version=make_metric(run.system, patterns=PATTERNS).versions.get())
    monkeypatch.setattr(findings, "judge_missing", judge_missing)

    assert second.pk in sweep_runs(actor=User.system()).judged
    assert not Judging.objects.filter(run=first, metric_version__judge_version__judge__kind="rule", state=JudgingState.COMPLETED).exists()


# --- The API ---


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_api_judges_again_and_shows_how_far_it_is() -> None:
    run = ended_run([HARM, ANSWERED])
    metric = make_model_metric(run.configuration.deployment, votes=3)  # type: ignore[union-attr]
    client = signed_in(run.created_by)

    made = client.post("/api/v1/judgings/", {"run": run.pk, "metric": metric.pk, "reason": "A second opinion."}, content_type="application/json")
    listed = client.get(f"/api/v1/judgings/?run={run.pk}").json()["results"]
    paused = client.post(f"/api/v1/judgings/{made.json()['id']}/pause/", {}, content_type="application/json").json()
    again = client.post("/api/v1/judgings/", {"run": run.pk, "metric": metric.pk, "reason": "Once more."}, content_type="application/json")

    assert made.status_code == 201
    assert [(row["metric"], row["judge"], row["state"]) for row in listed] == [
        (metric.pk, "model", "running"),
        (run.run_metrics.get().metric_version.metric_id, "rule", "completed"),
    ]
    assert listed[0]["counts"] == {"planned": 6, "judged": 0, "other": 0, "pending": 6}
    assert (paused["state"], paused["cause"]) == ("paused", "person")
    assert again.status_code == 409


@pytest.mark.parametrize("count", [3, 30])
def test_api_lists_judgings_in_as_many_queries_for_few_as_for_many(count: int) -> None:
    run = ended_run([HARM])
    version = make_metric(run.system, patterns=PATTERNS).versions.get()
    kept = {"metric_version": version, "judge_version": version.judge_version, "is_planned": False, "state": "completed", "finished_at": run.finished_at}
    Judging.objects.bulk_create(Judging(run=run, number=2 + number, created_by=run.created_by, **kept) for number in range(count))
    client = signed_in(run.created_by)
    client.get("/api/v1/judgings/")

    with CaptureQueriesContext(connection) as captured:
        listed = client.get(f"/api/v1/judgings/?run={run.pk}").json()["results"]

    assert len(listed) == count + 1
    assert len(captured) <= 8
