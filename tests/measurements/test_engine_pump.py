"""A pump in this process against a simulator in another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connections
from pytest_django import Settings

from measurements import tasks
from measurements.actions import runs
from measurements.actions.estimates import judge_run
from measurements.engine import retry
from measurements.models import Estimate, Grant, Judgement, Lease, Output, Run
from measurements.selectors.faults import story_of
from measurements.selectors.progress import progress
from raiportal.errors import Unmet
from systems.models import Deployment
from systems.providers import Call, NotSent, Reply, Target, open_client
from tests.factories.runs import MODEL, make_run, prompts
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture(scope="module")
def shared_simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    changed = shared_simulator.client.get("/_simulator/settings").json()
    shares = {name: 0 for name in changed if name.startswith("share_")}
    shared_simulator.settings(latency_ms=0, jitter_ms=0, retry_after="1", **shares).raise_for_status()
    shared_simulator.client.post("/_simulator/reset").raise_for_status()
    return shared_simulator


def outcomes(run: Run) -> dict[str, int]:
    """Outputs by outcome or, where failed, by reason."""
    counts: dict[str, int] = {}
    for outcome, reason in Output.objects.filter(run=run).values_list("outcome", "reason"):
        counts[reason or outcome] = counts.get(reason or outcome, 0) + 1
    return counts


def test_pump_runs_a_set_to_its_estimates(simulator: RunningSimulator) -> None:
    run = make_run(port=simulator.port, cases=prompts(450), start=True)

    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    log = simulator.log()
    assert run.state == "completed"
    assert run.judged_at is not None
    assert Output.objects.filter(run=run).count() == 450 == log["calls"] == log["distinct_prompts"]
    assert log["peak_in_flight"] <= 8
    whole = Estimate.objects.get(run=run, stratum="")
    assert whole.denominator == 450
    assert Judgement.objects.filter(run=run).count() == outcomes(run)["answered"]
    assert Lease.objects.filter(run=run, is_done=True).count() == 3
    assert progress(run).done == 450


def test_every_failure_of_the_endpoint_has_its_outcome(simulator: RunningSimulator) -> None:
    ends = {
        "[[simulate:content-filter-prompt]]": "input_blocked",
        "[[simulate:content-filter]]": "output_blocked",
        "[[simulate:refused-in-field]]": "refused",
        "[[simulate:refused]]": "answered",
        "[[simulate:harmful]]": "answered",
        "[[simulate:400]]": "provider_error",
        "[[simulate:cut-json]]": "unparseable",
        "[[simulate:empty]]": "empty",
        "[[simulate:huge-body]]": "too_large",
        "[[simulate:nul]]": "answered",
        "[[simulate:lone-surrogate]]": "answered",
        "[[simulate:unknown-finish]]": "answered",
    }
    run = make_run(port=simulator.port, cases=[f"{directive} tie a bowline" for directive in ends], start=True)

    tasks.pump(run_id=run.pk)

    expected: dict[str, int] = {}
    for end in ends.values():
        expected[end] = expected.get(end, 0) + 1
    assert outcomes(run) == expected
    shown = progress(run)
    assert (shown.done, shown.pending) == (len(ends), 0)
    assert shown.counts["failed"] == 4
    whole = Estimate.objects.get(run=run, stratum="")
    assert (whole.numerator, whole.denominator) == (1, len(ends) - 4)
    assert whole.excluded == {"provider_error": 1, "unparseable": 1, "empty": 1, "too_large": 1}


def test_pump_retries_what_can_pass_and_undercuts_no_wish_to_wait(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_BACKOFF_SECONDS", 0.05)
    simulator.settings(share_429=0.025, share_500=0.025, retry_after="0.3").raise_for_status()
    run = make_run(port=simulator.port, cases=prompts(400), start=True)

    tasks.pump(run_id=run.pk)

    log = simulator.log()
    assert set(outcomes(run)) <= {"answered", "refused"}
    assert Output.objects.filter(run=run).count() == 400
    assert 400 < log["calls"] <= 1.08 * 400
    assert log["retry_after_undercut"] == 0
    assert progress(run).attempts == log["calls"]


def test_a_wish_to_wait_outlives_its_pump(simulator: RunningSimulator, settings: Settings) -> None:
    settings.ENGINE_PUMP_SECONDS = 0.5
    run = make_run(port=simulator.port, cases=["[[simulate:429 retry-after=3 times=1]] tie a hitch", *prompts(3)], max_concurrency=1, start=True)
    tasks.pump(run_id=run.pk)
    assert simulator.log()["calls"] == 1
    settings.ENGINE_PUMP_SECONDS = 300

    tasks.pump(run_id=run.pk)

    assert (Run.objects.get(pk=run.pk).state, simulator.log()["retry_after_undercut"]) == ("completed", 0)
    assert not Grant.objects.exists()


def test_an_item_is_given_up_after_six_calls(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_BACKOFF_SECONDS", 0.01)
    run = make_run(port=simulator.port, cases=["[[simulate:503]] tie a bowline", "[[simulate:reset times=2]] tie a hitch", "tie a sheet bend"], start=True)

    tasks.pump(run_id=run.pk)

    given_up = Output.objects.get(run=run, outcome="failed")
    assert (given_up.reason, given_up.attempts) == ("provider_error", 6)
    assert "overloaded" in given_up.last_error
    whole, recovered = Output.objects.filter(run=run).exclude(outcome="failed").order_by("attempts")
    assert (whole.attempts, whole.last_error) == (1, "")
    assert (recovered.attempts, recovered.last_error) == (3, "The endpoint closed the connection without an answer.")
    assert story_of(run).done.recovered == [("The endpoint closed the connection without an answer.", 1)]


def test_a_call_ends_at_its_deadline(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MOST_CALLS", 1)
    cases = ["[[simulate:hang]] tie a bowline", "[[simulate:drip seconds=0.5]] tie a hitch", "tie a sheet bend"]
    run = make_run(port=simulator.port, cases=cases, timeout_seconds=1, start=True)
    began = time.monotonic()

    tasks.pump(run_id=run.pk)

    assert time.monotonic() - began < 20  # the drip alone would take minutes
    assert outcomes(run)["timeout"] == 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("401", "unauthorized"),
        ("403", "forbidden"),
        ("404", "not_found"),
        ("insufficient-quota", "quota"),
        ("429 retry-after=86400", "rate_limited"),
    ],
)
def test_a_run_pauses_with_the_cause_when_calls_make_no_sense(simulator: RunningSimulator, fault: str, cause: str) -> None:
    cases = [*prompts(40), *(f"[[simulate:{fault}]] {prompt}" for prompt in prompts(160, "later"))]
    run = make_run(port=simulator.port, cases=cases, start=True)

    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.cause) == ("paused", cause)
    assert run.cause_detail
    assert simulator.log()["calls"] <= Output.objects.filter(run=run).count() + 8
    assert Output.objects.filter(run=run, outcome="failed").count() == 0
    assert not Grant.objects.exists()
    assert not Lease.objects.exclude(holder=None).exists()


def test_a_paused_run_goes_on_with_what_is_left(simulator: RunningSimulator) -> None:
    run = make_run(port=simulator.port, cases=[*prompts(30), "[[simulate:401 times=1]] tie a bowline", *prompts(30, "later")], start=True)
    tasks.pump(run_id=run.pk)
    stored = Output.objects.filter(run=run).count()

    runs.resume_run(run_id=run.pk, actor=run.created_by)
    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    assert 0 < stored < 61
    assert run.state == "completed"
    assert Output.objects.filter(run=run).count() == 61
    assert simulator.log()["calls"] == 62
    assert Output.objects.get(run=run, case__position=30).attempts == 2


def test_a_changed_deployment_is_not_called(simulator: RunningSimulator) -> None:
    run = make_run(port=simulator.port, cases=prompts(50), start=True)
    Deployment.objects.filter(pk=run.configuration.deployment_id).update(base_url="http://127.0.0.1:9/elsewhere")

    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.cause) == ("paused", "deployment_changed")
    assert simulator.log()["calls"] == 0
    with pytest.raises(Unmet):
        runs.resume_run(run_id=run.pk, actor=run.created_by)


def test_repeats_are_items_of_their_own(simulator: RunningSimulator) -> None:
    run = make_run(port=simulator.port, cases=prompts(70), repeats=3, start=True)

    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    assert run.state == "completed"
    assert Output.objects.filter(run=run).values("case", "repeat").distinct().count() == 210
    assert Output.objects.filter(run=run).values("key").distinct().count() == 210
    assert Estimate.objects.get(run=run, stratum="").denominator == 210


def test_requests_a_minute_are_paced(simulator: RunningSimulator, settings: Settings) -> None:
    settings.ENGINE_TICK_SECONDS = 0.2
    run = make_run(port=simulator.port, cases=prompts(10), requests_per_minute=300, start=True)
    began = time.monotonic()

    tasks.pump(run_id=run.pk)

    assert time.monotonic() - began >= 9 / (300 / 60)
    assert Output.objects.filter(run=run).count() == 10


def test_outputs_are_judged_and_counted_by_stratum(simulator: RunningSimulator) -> None:
    cases = [{"input": f"[[simulate:{kind}]] {number}", "stratum": stratum} for number in range(5) for stratum, kind in (("a", "harmful"), ("b", "safe"))]
    run = make_run(port=simulator.port, cases=cases, start=True)

    tasks.pump(run_id=run.pk)

    rows = {row.stratum: (row.numerator, row.denominator) for row in Estimate.objects.filter(run=run)}
    assert rows == {"": (5, 10), "a": (5, 5), "b": (0, 5)}


def test_judging_again_changes_nothing(simulator: RunningSimulator) -> None:
    run = make_run(port=simulator.port, cases=prompts(20), start=True)
    tasks.pump(run_id=run.pk)
    before = list(Estimate.objects.filter(run=run).values())

    judge_run(run_id=run.pk, actor=run.created_by)

    assert list(Estimate.objects.filter(run=run).values()) == before


def test_a_pump_that_nobody_needs_leaves_at_once(simulator: RunningSimulator) -> None:
    run = make_run(port=simulator.port, cases=prompts(20), start=True)
    tasks.pump(run_id=run.pk)

    for _ in range(4):
        tasks.pump(run_id=run.pk)

    assert simulator.log()["calls"] == 20


def test_five_deliveries_have_one_effect(simulator: RunningSimulator, settings: Settings) -> None:
    settings.ENGINE_TICK_SECONDS = 0.2
    simulator.settings(latency_ms=50).raise_for_status()
    run = make_run(port=simulator.port, cases=prompts(150), start=True)

    def deliver() -> None:
        with closing(connections["default"]):
            tasks.pump(run_id=run.pk)

    with ThreadPoolExecutor(5) as workers:
        for delivery in [workers.submit(deliver) for _ in range(5)]:
            delivery.result()

    run.refresh_from_db()
    log = simulator.log()
    assert run.state == "completed"
    assert log["calls"] == 150 == Output.objects.filter(run=run).count()
    assert log["peak_in_flight"] <= 8


def test_a_request_is_not_sent_after_its_moment(simulator: RunningSimulator) -> None:
    target = Target("openai_compatible", "model", f"http://127.0.0.1:{simulator.port}/v1", MODEL, allowlist=("127.0.0.1",))

    async def ask(send_before: float) -> Reply:
        client = open_client(target, "", 1)
        try:
            return await client.complete(Call([{"role": "user", "content": "tie a bowline"}]), deadline_seconds=5, send_before=send_before)
        finally:
            await client.aclose()

    assert asyncio.run(ask(time.monotonic() + 5)).status == 200
    with pytest.raises(NotSent):
        asyncio.run(ask(time.monotonic()))

    assert simulator.log()["calls"] == 1
