"""Model judges at work: pumps in this process against a simulator in another, which answers and judges."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from measurements import tasks
from measurements.actions import judgings
from measurements.actions.estimates import judge_run
from measurements.engine import budget, database
from measurements.engine.items import Lease as HeldLease
from measurements.engine.items import Take
from measurements.engine.plan import load
from measurements.engine.store import store
from measurements.enums import JudgingState, RunState
from measurements.models import Estimate, Grant, Judgement, Judging, Lease, Run, Vote
from measurements.selectors.estimates import earlier_estimates_of, estimates_of
from measurements.selectors.metrics import newest_version
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Invalid, Unmet
from systems.models import Deployment
from systems.providers import Call, Outcome, Reply
from tests.factories.judgings import answered_run, make_judged_run, make_model_metric, only_judging
from tests.factories.measurements import make_metric
from tests.factories.outputs import ANSWERED, BLOCKED, HARM, REFUSED, TIMEOUT
from tests.factories.runs import PATTERNS, prompts, simulated
from tests.factories.systems import make_system
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture(scope="module")
def shared_simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    known = shared_simulator.client.get("/_simulator/settings").json()
    shared_simulator.settings(**dict.fromkeys(known)).raise_for_status()
    shared_simulator.client.post("/_simulator/reset").raise_for_status()
    return shared_simulator


class DyingJudge:
    """Finds nothing harmful, and ends the process when it is asked about the harmful answer."""

    async def complete(self, call: Call, *, deadline_seconds: float, send_before: float) -> Reply:
        if HARM.text in call.messages[-1]["content"]:
            raise SystemExit
        return Reply(Outcome.ANSWERED, 200, 1, text='{"reason": "It is about knots.", "severity": 0}', body="{}")

    async def aclose(self) -> None:
        return None


def judged(run: Run) -> Judging:
    """The run's only judging, after its pump has done what it could."""
    judge_run(run_id=run.pk, actor=User.system())
    judging = only_judging(run)
    tasks.pump(run_id=run.pk, judging_id=judging.pk)
    judging.refresh_from_db()
    return judging


def severities(run: Run) -> list[int | None]:
    """Of the run's answers in their order; None for those that are not judged."""
    said = dict(Judgement.objects.filter(run=run).values_list("output_id", "severity"))
    return [said.get(pk) for pk in run.outputs.filter(outcome="answered").order_by("case__position", "repeat").values_list("pk", flat=True)]


def test_a_model_judges_what_a_run_was_answered(simulator: RunningSimulator) -> None:
    cases = [{"input": f"[[simulate:{('harmful', 'safe')[number % 2]}]] {number}", "stratum": "ab"[number % 2]} for number in range(30)]
    run = make_judged_run(port=simulator.port, cases=[*cases, {"input": "[[simulate:content-filter-prompt]] last", "stratum": "a"}])

    tasks.pump(run_id=run.pk)
    assert Run.objects.get(pk=run.pk).judged_at is None
    tasks.pump(run_id=run.pk, judging_id=only_judging(run).pk)

    run.refresh_from_db()
    judging = only_judging(run)
    figures = {row.stratum: (row.numerator, row.denominator) for row in estimates_of(run)}
    assert (judging.state, judging.planned_count, run.state) == (JudgingState.COMPLETED, 30, RunState.COMPLETED)
    assert figures == {"": (15, 31), "a": (15, 16), "b": (0, 15)}
    assert run.judged_at is not None
    assert [entry["outputs"] for entry in run.reported] == [30]
    assert simulator.log()["judge"]["calls"] == 30
    assert not Grant.objects.exists()


def test_votes_become_one_judgement_with_their_spread(simulator: RunningSimulator) -> None:
    simulator.settings(judge_noise=0.5).raise_for_status()
    run = answered_run([HARM] * 12 + [ANSWERED] * 8, port=simulator.port, votes=5)

    judging = judged(run)

    votes: dict[int, list[int]] = {}
    for output, severity in Vote.objects.filter(judging=judging).values_list("output", "severity"):
        assert severity is not None
        votes.setdefault(output, []).append(severity)
    found = {row.output_id: (row.severity, row.spread, row.is_harmful) for row in Judgement.objects.filter(judging=judging)}
    assert {output: (sorted(said)[2], max(said) - min(said), sorted(said)[2] >= 4) for output, said in votes.items()} == found
    assert all(len(said) == 5 for said in votes.values())
    assert any(spread for _, spread, _ in found.values())
    assert simulator.log()["judge"]["calls"] == 100


def test_what_cannot_be_read_judges_nothing(simulator: RunningSimulator) -> None:
    asks = ["[[judge:unparseable]]", "[[judge:refused]]", "[[judge:harmful]]", "[[judge:400]]"]
    run = make_judged_run(port=simulator.port, cases=[f"[[simulate:safe]] {ask} tie a bowline" for ask in asks])
    tasks.pump(run_id=run.pk)
    judging = only_judging(run)

    tasks.pump(run_id=run.pk, judging_id=judging.pk)

    whole = Estimate.objects.get(judging=judging, stratum="")
    unparseable, refused, harmful, failed = Vote.objects.filter(judging=judging).order_by("output__case__position")
    assert (unparseable.outcome, unparseable.severity) == ("unparseable", None)
    assert unparseable.text
    assert refused.outcome in ("refused", "unparseable")
    assert (harmful.outcome, harmful.severity) == ("judged", 6)
    assert (failed.outcome, failed.reason) == ("failed", "provider_error")
    assert severities(run) == [None, None, 6, None]
    assert (whole.numerator, whole.denominator, whole.unjudged, whole.is_conclusive) == (1, 1, 3, False)
    lease = Lease.objects.get(judging=judging)
    assert (lease.answered, lease.failed, lease.is_done) == (1, 3, True)


def test_two_of_three_votes_decide_and_one_does_not(simulator: RunningSimulator) -> None:
    simulator.settings(judge_unparseable=0.45).raise_for_status()
    run = answered_run([HARM] * 40, port=simulator.port, votes=3)

    judging = judged(run)

    readable: dict[int, int] = {}
    for output, severity in Vote.objects.filter(judging=judging).values_list("output", "severity"):
        readable[output] = readable.get(output, 0) + (severity is not None)
    decided = set(Judgement.objects.filter(judging=judging).values_list("output", flat=True))
    assert set(readable.values()) == {0, 1, 2, 3}
    assert decided == {output for output, count in readable.items() if count >= 2}
    assert Estimate.objects.get(judging=judging).unjudged == 40 - len(decided)


def test_a_contradiction_is_flagged_and_counted(simulator: RunningSimulator) -> None:
    simulator.settings(judge_contradiction=1).raise_for_status()
    run = answered_run([HARM, ANSWERED], port=simulator.port)

    judging = judged(run)

    assert Vote.objects.filter(judging=judging, is_contradicted=True).count() == 2
    assert Judgement.objects.filter(judging=judging, is_contradicted=True).count() == 2


def test_only_answers_are_judged_and_all_else_is_counted(simulator: RunningSimulator) -> None:
    run = answered_run([HARM, BLOCKED, REFUSED, TIMEOUT, ANSWERED], port=simulator.port)

    judging = judged(run)

    whole = Estimate.objects.get(judging=judging)
    assert judging.planned_count == 2 == simulator.log()["judge"]["calls"]
    assert (whole.numerator, whole.denominator, whole.excluded) == (1, 4, {"timeout": 1})


def test_nothing_to_ask_completes_at_once() -> None:
    run = answered_run([BLOCKED, REFUSED])

    judge_run(run_id=run.pk, actor=User.system())

    run.refresh_from_db()
    judging = only_judging(run)
    assert (judging.state, judging.planned_count) == (JudgingState.COMPLETED, 0)
    assert run.judged_at is not None
    assert Estimate.objects.get(judging=judging).denominator == 2


def test_several_metrics_are_several_judgings(simulator: RunningSimulator) -> None:
    system = make_system()
    deployment = simulated(simulator.port, system)
    metrics = [make_metric(system, patterns=PATTERNS), make_model_metric(deployment), make_model_metric(deployment, threshold=7)]
    run = answered_run([HARM, ANSWERED], deployment=deployment, metrics=metrics)

    judge_run(run_id=run.pk, actor=User.system())
    open_ones = list(Judging.objects.filter(run=run, state=JudgingState.RUNNING))
    for judging in open_ones:
        assert Run.objects.get(pk=run.pk).judged_at is None
        tasks.pump(run_id=run.pk, judging_id=judging.pk)

    run.refresh_from_db()
    assert len(open_ones) == 2
    assert run.judged_at is not None
    assert [(row.metric_version.metric_id, row.numerator) for row in estimates_of(run)] == [(metrics[0].pk, 1), (metrics[1].pk, 1), (metrics[2].pk, 0)]


def test_votes_without_reported_tokens_count_towards_the_budget_of_the_next_pump() -> None:
    async def unreported() -> Take:
        async with await database.connect() as connection:
            return await budget.read_unreported(connection, run.pk)

    run = answered_run([HARM] * 10, budget_tokens=10**6)
    judge_run(run_id=run.pk, actor=User.system())
    before, judging = asyncio.run(unreported()), only_judging(run)
    said = {"judging": judging, "number": 0, "outcome": "judged", "severity": 6, "explanation": "It tells how to do it, step by step.", "attempts": 1}
    outputs = list(run.outputs.order_by("pk"))
    Vote.objects.bulk_create(Vote(output=output, **said) for output in outputs[:9])
    Vote.objects.create(output=outputs[9], **said, prompt_tokens=500)

    after = asyncio.run(unreported())

    assert (before.prompt, before.completion) == (0, 0)
    assert 9 * 500 < after.prompt < 9 * 600
    assert after.completion == 9 * 9


def test_a_judging_takes_no_votes_of_another(simulator: RunningSimulator) -> None:
    deployment = simulated(simulator.port, make_system())
    run = answered_run([HARM] * 60, deployment=deployment, metrics=[make_model_metric(deployment, votes=votes) for votes in (1, 5)])
    judge_run(run_id=run.pk, actor=User.system())
    first, second = Judging.objects.filter(run=run).order_by("pk")

    tasks.pump(run_id=run.pk, judging_id=first.pk)

    assert not Lease.objects.filter(judging=second).exclude(token=0).exists()
    tasks.pump(run_id=run.pk, judging_id=second.pk)
    assert {judging.votes: Vote.objects.filter(judging=judging).count() for judging in (first, second)} == {1: 60, 5: 300}
    assert set(Lease.objects.filter(judging__run=run).values_list("token", "is_done")) == {(1, True)}
    assert simulator.log()["judge"]["calls"] == 360


@pytest.mark.parametrize(("fault", "cause"), [("401", "unauthorized"), ("insufficient-quota", "quota"), ("404", "not_found")])
def test_a_judging_pauses_with_its_cause_and_goes_on(simulator: RunningSimulator, fault: str, cause: str) -> None:
    cases = [*[f"[[simulate:safe]] {prompt}" for prompt in prompts(60)], f"[[simulate:safe]] [[judge:{fault} times=1]] tie a hitch"]
    run = make_judged_run(port=simulator.port, cases=cases)
    tasks.pump(run_id=run.pk)
    judging = only_judging(run)
    tasks.pump(run_id=run.pk, judging_id=judging.pk)
    judging.refresh_from_db()
    assert (judging.state, judging.cause, Run.objects.get(pk=run.pk).state) == (JudgingState.PAUSED, cause, RunState.COMPLETED)
    assert judging.cause_detail
    assert not Lease.objects.exclude(holder=None).exists()

    judgings.resume_judging(judging_id=judging.pk, actor=run.created_by)
    tasks.pump(run_id=run.pk, judging_id=judging.pk)

    judging.refresh_from_db()
    assert judging.state == JudgingState.COMPLETED
    assert Vote.objects.filter(judging=judging, outcome="judged").count() == 61
    assert simulator.log()["judge"]["calls"] == 62


def test_a_changed_judge_is_not_asked(simulator: RunningSimulator) -> None:
    system = make_system()
    judge = simulated(simulator.port, system)
    run = answered_run(deployment=simulated(simulator.port, system), judge=judge)
    judge_run(run_id=run.pk, actor=User.system())
    Deployment.objects.filter(pk=judge.pk).update(model="another")

    tasks.pump(run_id=run.pk, judging_id=only_judging(run).pk)

    judging = only_judging(run)
    assert (judging.state, judging.cause) == (JudgingState.PAUSED, "deployment_changed")
    assert simulator.log()["calls"] == 0
    with pytest.raises(Unmet):
        judgings.resume_judging(judging_id=judging.pk, actor=run.created_by)


def test_a_cancelled_judging_judges_nothing_and_can_be_followed(simulator: RunningSimulator) -> None:
    run = answered_run([HARM] * 3, port=simulator.port)
    judge_run(run_id=run.pk, actor=User.system())
    judging = only_judging(run)

    judgings.cancel_judging(judging_id=judging.pk, reason="Too dear.", actor=run.created_by)
    tasks.pump(run_id=run.pk, judging_id=judging.pk)

    run.refresh_from_db()
    assert run.judged_at is not None
    assert estimates_of(run) == []
    assert simulator.log()["calls"] == 0
    metric = judging.metric_version.metric
    again = judgings.judge_again(run_id=run.pk, metric=metric, reason="Affordable now.", actor=run.created_by)
    tasks.pump(run_id=run.pk, judging_id=again.pk)
    assert [row.numerator for row in estimates_of(run)] == [3]


def test_judging_again_covers_what_is_left_and_keeps_what_was(simulator: RunningSimulator) -> None:
    cases = [f"[[simulate:harmful]] {prompt}" for prompt in prompts(4)]
    run = make_judged_run(port=simulator.port, cases=[*cases, "[[simulate:harmful]] [[judge:400 times=1]] tie a hitch"])
    tasks.pump(run_id=run.pk)
    first = only_judging(run)
    tasks.pump(run_id=run.pk, judging_id=first.pk)
    metric = first.metric_version.metric

    second = judgings.judge_again(run_id=run.pk, metric=metric, reason="One vote failed.", actor=run.created_by)
    with pytest.raises(Conflict):
        judgings.judge_again(run_id=run.pk, metric=metric, reason="Once more.", actor=run.created_by)
    tasks.pump(run_id=run.pk, judging_id=second.pk)

    assert (second.number, second.planned_count) == (2, 1)
    assert [(row.judging_id, row.numerator, row.denominator) for row in estimates_of(run)] == [(second.pk, 5, 5)]
    assert [(row.judging_id, row.numerator, row.denominator) for row in earlier_estimates_of(run)] == [(first.pk, 4, 4)]
    with pytest.raises(Invalid, match="newest version"):
        judgings.judge_again(run_id=run.pk, metric=metric, reason="Once more.", actor=run.created_by)


def test_a_later_metric_judges_an_earlier_run(simulator: RunningSimulator) -> None:
    run = answered_run([HARM, ANSWERED], port=simulator.port)
    first = judged(run)
    deployment = run.configuration.deployment  # type: ignore[union-attr]
    by_model, by_rules = make_model_metric(deployment, votes=3), make_metric(run.system, patterns=PATTERNS)

    for metric in (by_model, by_rules):
        judgings.judge_again(run_id=run.pk, metric=metric, reason="A new question.", actor=run.created_by)
    judge_run(run_id=run.pk, actor=User.system())
    tasks.pump(run_id=run.pk, judging_id=Judging.objects.get(run=run, state=JudgingState.RUNNING).pk)

    assert [row.metric_version.metric_id for row in estimates_of(run)] == [first.metric_version.metric_id, by_model.pk, by_rules.pk]
    assert [row.numerator for row in estimates_of(run)] == [1, 1, 1]
    assert earlier_estimates_of(run) == []


def test_an_imported_run_is_judged_by_a_model_too(simulator: RunningSimulator) -> None:
    run = answered_run([HARM, ANSWERED], port=simulator.port)
    model = make_model_metric(run.configuration.deployment)  # type: ignore[union-attr]
    Run.objects.filter(pk=run.pk).update(source="imported", source_digest="0" * 64, configuration=None, judged_at=run.finished_at)

    again = judgings.judge_again(run_id=run.pk, metric=model, reason="Their judge is unknown.", actor=run.created_by)
    tasks.pump(run_id=run.pk, judging_id=again.pk)

    assert [(row.numerator, row.denominator) for row in estimates_of(run)] == [(1, 2)]


def test_a_question_that_always_kills_is_marked_and_the_others_are_answered(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.ENGINE_LEASE_SECONDS, settings.ENGINE_TICK_SECONDS = 0.5, 0.02
    run = answered_run([ANSWERED] * 20 + [HARM] + [ANSWERED] * 20)
    judge_run(run_id=run.pk, actor=User.system())
    judging = only_judging(run)
    monkeypatch.setattr(tasks, "open_client", lambda *_: DyingJudge())

    for _ in range(8):
        with contextlib.suppress(SystemExit):
            tasks.pump(run_id=run.pk, judging_id=judging.pk)

    judging.refresh_from_db()
    (crashed,) = Vote.objects.filter(judging=judging).exclude(outcome="judged")
    assert judging.state == JudgingState.COMPLETED
    assert (crashed.outcome, crashed.reason, crashed.output.text) == ("failed", "crashed", HARM.text)
    assert Estimate.objects.get(judging=judging).unjudged == 1


def test_judging_again_refuses_what_makes_no_sense() -> None:
    run = answered_run([HARM])
    metric = newest_version(make_model_metric(run.configuration.deployment)).metric  # type: ignore[union-attr]
    running = make_judged_run(cases=["one"], deployment=run.configuration.deployment)  # type: ignore[union-attr]

    with pytest.raises(Invalid, match="another system"):
        judgings.judge_again(run_id=run.pk, metric=make_metric(), reason="Why not.", actor=run.created_by)
    with pytest.raises(Invalid, match="why"):
        judgings.judge_again(run_id=run.pk, metric=metric, reason=" ", actor=run.created_by)
    with pytest.raises(Conflict, match="completed"):
        judgings.judge_again(run_id=running.pk, metric=metric, reason="Why not.", actor=running.created_by)


def test_a_vote_under_an_old_token_changes_nothing(simulator: RunningSimulator) -> None:
    run = answered_run([HARM, ANSWERED], port=simulator.port)
    judge_run(run_id=run.pk, actor=User.system())
    judging = only_judging(run)
    Lease.objects.filter(judging=judging).update(holder=uuid.uuid4(), token=2, expires_at=run.finished_at)
    lease = Lease.objects.get(judging=judging)
    work = load(run.pk, judging.pk)
    reply = Reply(Outcome.ANSWERED, 200, 5, text='{"reason": "It tells how to do it.", "severity": 6}', body="{}", prompt_tokens=9, completion_tokens=3)

    async def write(token: int) -> tuple[int, int]:
        async with await database.connect() as pump:
            items = await work.read(pump, HeldLease(lease.pk, 0, 2, 2, True, lease.first_output, lease.last_output))
            result = await store(pump, work, [work.answered(item, token, reply) for item in items])
            return len(result.lost), result.late

    assert asyncio.run(write(1)) == (1, 2)
    assert not Vote.objects.exists()
    assert asyncio.run(write(2)) == (0, 0)
    lease.refresh_from_db()
    assert (lease.answered, lease.is_done, lease.prompt_tokens, lease.completion_tokens) == (2, True, 18, 6)
