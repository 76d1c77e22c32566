"""What becomes of a run when its endpoint misbehaves: a real worker against the simulator, times scaled by settings.

The simulator's own log is the oracle for what was called.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_django

from measurements.actions import runs
from measurements.models import Circuit, Estimate, Grant, Judgement, Output, Run
from measurements.selectors.spending import spending_of
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from systems.actions import add_configuration, retire_system, switch_off_deployment
from systems.models import Deployment
from tests.factories.accounts import make_user
from tests.factories.runs import make_run, prompts, simulated
from tests.factories.systems import make_system
from tests.measurements.workers import (
    Worker,
    flush_broker,
    peak_memory_bytes,
    require_sound,
    running_worker,
    stored,
    wait_for,
    wait_for_estimates,
    wait_for_outputs,
)
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

SLOTS = 8
GRANT_LOST = '"grant_not_held"'  # what the worker's log says of a pump that stood still
DOWN_SECONDS = 9  # in place of an hour
WORKER_MEMORY_BYTES = 512 * 1024**2
MEGABYTE = 10**6


@pytest.fixture(scope="module")
def worker(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    flush_broker()
    with django_db_blocker.unblock(), running_worker(tmp_path_factory.mktemp("worker"), "faults", ENGINE_DOWN_SECONDS=str(DOWN_SECONDS)) as worker:
        yield worker


@pytest.fixture
def simulator(worker: Worker) -> Iterator[RunningSimulator]:
    with running_simulator("--latency-ms", "20") as simulator:
        yield simulator


def started(simulator: RunningSimulator, cases: list[Any], **limits: Any) -> Run:
    return make_run(port=simulator.port, cases=cases, max_concurrency=SLOTS, start=True, **limits)


def ends(run: Run) -> Counter[str]:
    return Counter(reason or outcome for outcome, reason in Output.objects.filter(run=run).values_list("outcome", "reason"))


def wait_for_pause(run: Run, *, seconds: float = 30) -> None:
    wait_for(lambda: Run.objects.filter(pk=run.pk, state="paused").exists() and not Grant.objects.exists(), f"{run} was not paused", seconds=seconds)
    run.refresh_from_db()
    require_sound(run)


def wait_for_end(run: Run, *, seconds: float = 90) -> None:
    wait_for_estimates(run, seconds=seconds)
    wait_for(lambda: not Grant.objects.exists(), "A grant is left", seconds=5)
    run.refresh_from_db()
    require_sound(run)


# --- Asked to wait ---


def test_every_form_of_retry_after_is_honoured(simulator: RunningSimulator) -> None:
    """REL-14: seconds, a date, nothing, a negative number, rubbish; no busy loop, and nobody is called before the time."""
    asked = ["2", "date:3", "none", "-5", "soon", "1e9x"]
    cases = [*(f"[[simulate:429 times=1 retry-after={wait}]] tie a bowline" for wait in asked), *prompts(40)]
    run = started(simulator, cases)

    wait_for_end(run)

    log = simulator.log()
    assert not ends(run)["provider_error"]
    assert log["calls"] == len(cases) + len(asked)
    assert log["retry_after_undercut"] == 0
    assert not Entry.objects.filter(action="measurements.circuit_closed").exists()


def test_a_wish_to_wait_for_a_day_pauses_the_run(simulator: RunningSimulator) -> None:
    """REL-14: beyond the cap the run pauses and says so."""
    run = started(simulator, [*prompts(30), *(f"[[simulate:429 retry-after=86400]] {prompt}" for prompt in prompts(200, "later"))])

    wait_for_pause(run)

    assert (run.cause, "1,440 minutes" in run.cause_detail) == ("rate_limited", True)
    assert simulator.log()["calls"] <= stored(run) + SLOTS


# --- An endpoint that is down ---


def test_an_outage_opens_the_circuit_and_the_run_goes_on_after_it(simulator: RunningSimulator) -> None:
    """REL-15: bursts of every 5xx, few calls meanwhile, nothing lost, the run goes on by itself, and one row tells the story."""
    run = started(simulator, prompts(300))
    wait_for_outputs(run, 40)
    simulator.settings(share_500=0.25, share_502=0.25, share_503=0.25, share_504=0.25).raise_for_status()
    wait_for(lambda: Circuit.objects.exists(), "The circuit never opened")
    simulator.client.post("/_simulator/reset").raise_for_status()
    time.sleep(2.0)
    during = simulator.log()["calls"]
    kept = stored(run)
    simulator.settings(share_500=0, share_502=0, share_503=0, share_504=0).raise_for_status()
    back_at = time.monotonic()
    wait_for_outputs(run, kept + 1)
    resumed_seconds = time.monotonic() - back_at

    wait_for_end(run)

    assert 2 <= during <= SLOTS + 4  # 0.2, 0.4, 0.8, 1.6 s apart, and what was in flight
    assert resumed_seconds < 8
    assert not ends(run)["provider_error"]
    assert not Circuit.objects.exists()
    told = [entry.payload.body["details"] for entry in Entry.objects.filter(action="measurements.circuit_closed")]
    assert len(told) == 1
    assert told[0]["seconds"] >= 2
    assert told[0]["probes"] >= 2
    assert told[0]["has_answered"]
    assert told[0]["last_error"]


def test_calls_come_back_one_by_one_after_an_outage(simulator: RunningSimulator) -> None:
    """REL-15: no herd: the first calls after the outage are fewer than the slots."""
    run = make_run(deployment=simulated(simulator.port, make_system(), max_concurrency=32), cases=prompts(600), start=True)
    wait_for_outputs(run, 40)
    simulator.settings(share_503=1, latency_ms=200).raise_for_status()
    wait_for(lambda: Circuit.objects.exists(), "The circuit never opened")
    wait_for(lambda: simulator.log()["in_flight"] == 0, "Calls never ended")
    simulator.client.post("/_simulator/reset").raise_for_status()
    simulator.settings(share_503=0).raise_for_status()
    wait_for(lambda: simulator.log()["answers_completed"] >= 1, "No probe was answered", seconds=20)

    time.sleep(0.35)  # one round trip after the one of the probe

    assert simulator.log()["peak_in_flight"] <= 4
    wait_for_end(run)
    assert simulator.log()["peak_in_flight"] > 16


def test_an_endpoint_that_stays_down_pauses_the_run(simulator: RunningSimulator) -> None:
    """REL-15: after an hour (here some seconds) the run pauses with the cause; resumed, it goes on once the endpoint works."""
    run = started(simulator, prompts(120))
    wait_for_outputs(run, 20)
    simulator.settings(share_503=1).raise_for_status()

    wait_for_pause(run)

    assert run.cause == "endpoint_down"
    assert "overloaded" in run.cause_detail
    assert not ends(run)["provider_error"]
    simulator.settings(share_503=0).raise_for_status()
    time.sleep(1.0)
    runs.resume_run(run_id=run.pk, actor=run.created_by)
    wait_for_end(run)
    assert not ends(run)["provider_error"]


def test_two_runs_share_one_circuit(simulator: RunningSimulator, tmp_path: Path) -> None:
    """REL-15: what one pump finds out the other heeds; both go on afterwards."""
    deployment = simulated(simulator.port, make_system(), max_concurrency=SLOTS)
    with running_worker(tmp_path, "second"):
        first = make_run(deployment=deployment, cases=prompts(200, "first"), start=True)
        wait_for_outputs(first, 10)
        second = make_run(deployment=deployment, cases=prompts(200, "second"), start=True)
        wait_for_outputs(second, 10)
        simulator.settings(share_503=1).raise_for_status()
        wait_for(lambda: Circuit.objects.exists(), "The circuit never opened")
        time.sleep(0.6)
        simulator.client.post("/_simulator/reset").raise_for_status()
        time.sleep(2.5)
        during = simulator.log()
        simulator.settings(share_503=0).raise_for_status()
        wait_for_end(first)
        wait_for_end(second)

    assert during["calls"] <= 5
    assert during["peak_in_flight"] <= 1  # one probe by one pump
    assert Entry.objects.filter(action="measurements.circuit_closed").count() == 1
    assert not ends(first)["provider_error"] + ends(second)["provider_error"]


def test_bad_items_at_the_end_are_told_from_a_bad_endpoint(simulator: RunningSimulator) -> None:
    """REL-15: items that always fail end as failed after six calls each, though nothing else is left to ask."""
    bad = 7
    run = started(simulator, [*prompts(60), *(f"[[simulate:500]] {prompt}" for prompt in prompts(bad, "bad"))])

    wait_for_end(run, seconds=150)

    assert ends(run)["provider_error"] == bad
    assert Output.objects.filter(run=run, outcome="failed", attempts__gte=6).count() == bad


# --- Endpoints that hang ---


def test_hanging_and_dripping_end_at_the_deadline(simulator: RunningSimulator, worker: Worker) -> None:
    """REL-16: hang before headers, hang in the body, a byte now and then: each call ends at the wall-clock deadline and its slot is free again."""
    hung = ["hang", "hang-body", "drip seconds=0.4"]
    run = started(simulator, [*(f"[[simulate:{fault} times=2]] tie a bowline" for fault in hung), *prompts(100)], timeout_seconds=1)
    began = time.monotonic()

    wait_for_end(run)

    assert time.monotonic() - began < 45
    assert set(ends(run)) <= {"answered", "refused"}
    assert Output.objects.filter(run=run, attempts=3).count() == len(hung)
    wait_for(lambda: simulator.log()["in_flight"] == 0, "A call still hangs")


def test_what_hangs_for_ever_ends_as_a_timeout(simulator: RunningSimulator) -> None:
    """REL-16: never answered is a timeout, said of the case, and counted as neither safe nor harmful."""
    run = started(simulator, ["[[simulate:drip seconds=0.6]] tie a bowline", "[[simulate:hang]] tie a hitch", *prompts(30)], timeout_seconds=1)

    wait_for_end(run, seconds=150)

    assert ends(run)["timeout"] == 2
    whole = Estimate.objects.get(run=run, stratum="")
    assert (whole.denominator, whole.excluded) == (30, {"timeout": 2})


# --- Connections that break ---


def test_broken_connections_are_tried_again(simulator: RunningSimulator) -> None:
    """REL-17: reset or closed before and within the response; repeated by policy, never an answer."""
    broken = ["reset", "reset-body", "close", "close-body"]
    run = started(simulator, [*(f"[[simulate:{fault} times=2]] tie a bowline" for fault in broken), *prompts(60)])

    wait_for_end(run)

    assert set(ends(run)) <= {"answered", "refused"}
    assert Output.objects.filter(run=run, attempts=3).count() == len(broken)
    assert simulator.log()["calls"] == 64 + 2 * len(broken)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/v1", "refused the connection"),
        ("https://nowhere.invalid/v1", "could not be resolved"),
        ("https://127.0.0.1:{port}/v1", "TLS"),
    ],
)
def test_an_endpoint_that_cannot_be_reached_pauses_the_run(simulator: RunningSimulator, address: str, said: str) -> None:
    """REL-17: connection refused, no such name, TLS that fails: the run pauses and says why; nothing counts as safe or as harmful."""
    run = started(simulator, prompts(50), base_url=address.format(port=simulator.port))

    wait_for_pause(run)

    assert run.cause == "endpoint_down"
    assert said in run.cause_detail
    assert not Judgement.objects.filter(run=run).exists()
    assert set(ends(run)) <= {"provider_error"}
    assert stored(run) <= 1


# --- Rubbish ---


def test_rubbish_is_classified_at_once_and_kept(simulator: RunningSimulator, worker: Worker) -> None:
    """REL-18: one call each, the right reason, and a worker of bounded memory, whatever the endpoint sends."""
    ended = {
        "html": "unparseable",
        "empty": "empty",
        "cut-json": "unparseable",
        "wrong-type": "unparseable",
        "no-choices": "empty",
        "null-content": "empty",
        "tool-call": "empty",
        "refused-in-field": "refused",
        "unknown-finish": "answered",
        "wrong-charset": "unparseable",
        "gzip-bomb": "too_large",
        "huge-body": "too_large",
        "nul": "answered",
        "lone-surrogate": "answered",
        "bom": "answered",
        "duplicate-keys": "answered",
        "nan": "unparseable",
    }
    run = started(simulator, [f"[[simulate:{fault}]] tie a bowline" for fault in ended], timeout_seconds=30)

    wait_for_end(run)

    outputs = {output.case.messages[0]["content"]: output for output in Output.objects.filter(run=run).select_related("case")}
    found = {fault: outputs[f"[[simulate:{fault}]] tie a bowline"] for fault in ended}
    assert {fault: output.reason or output.outcome for fault, output in found.items()} == ended
    assert simulator.log()["calls"] == len(ended)
    assert all(output.attempts == 1 for output in found.values())
    assert "Simulated: an HTML page" in found["html"].body
    assert "\\u0000" in found["nul"].body or "\\\\u0000" in found["nul"].body
    assert peak_memory_bytes(worker.pump_process()) < WORKER_MEMORY_BYTES


@pytest.mark.full
def test_a_thousand_answers_of_a_megabyte_leave_memory_alone(simulator: RunningSimulator, worker: Worker) -> None:
    """REL-39: what a worker holds is what is in flight, not what it has stored."""
    run = started(simulator, [f"[[simulate:huge-body bytes={MEGABYTE}]] {prompt}" for prompt in prompts(1_000)], timeout_seconds=60)

    wait_for_end(run, seconds=420)

    assert ends(run) == {"answered": 1_000}
    assert min(len(text) for text in Output.objects.filter(run=run).values_list("text", flat=True)[:20]) >= MEGABYTE
    assert peak_memory_bytes(worker.pump_process()) < WORKER_MEMORY_BYTES


# --- Calls that make no sense any more ---


@pytest.mark.parametrize(("fault", "cause"), [("401", "unauthorized"), ("403", "forbidden"), ("404", "not_found"), ("insufficient_quota", "quota")])
def test_a_key_that_stops_working_pauses_the_run_at_once(simulator: RunningSimulator, worker: Worker, fault: str, cause: str) -> None:
    """REL-19: revoked, forbidden, gone or without credit in the middle of 600 items: at most the calls in flight fail.

    Those of each pump, to be exact: one that stands still on a busy machine until its grant ends (3 s here) drops its calls unread, and its successor
    has to find out by itself.
    """
    lost = worker.log.read_text().count(GRANT_LOST)
    run = started(simulator, prompts(200), repeats=3)
    wait_for_outputs(run, 60)
    simulator.client.post("/_simulator/reset").raise_for_status()
    simulator.settings(**{f"share_{fault}": 1}).raise_for_status()

    wait_for_pause(run)

    refused = sum(count for status, count in simulator.log()["statuses"].items() if status.startswith("4"))
    assert run.cause == cause
    assert "Simulated" in run.cause_detail
    assert 1 <= refused <= SLOTS * (1 + worker.log.read_text().count(GRANT_LOST) - lost)
    assert not ends(run)["provider_error"]
    simulator.settings(**{f"share_{fault}": 0}).raise_for_status()
    runs.resume_run(run_id=run.pk, actor=run.created_by)
    wait_for_end(run)
    assert set(ends(run)) <= {"answered", "refused"}


def test_content_filters_are_outcomes(simulator: RunningSimulator) -> None:
    """REL-20: blocked on the way in or out: an outcome with its categories, in the denominator, asked once."""
    blocked = [f"[[simulate:content-filter-prompt]] {text}" for text in prompts(3)] + [f"[[simulate:content-filter]] {text}" for text in prompts(4)]
    run = started(simulator, [*blocked, *prompts(13)])

    wait_for_end(run)

    found = ends(run)
    assert (found["input_blocked"], found["output_blocked"]) == (3, 4)
    assert all(output.filters for output in Output.objects.filter(run=run, outcome__in=("input_blocked", "output_blocked")))
    assert simulator.log()["calls"] == 20
    assert Estimate.objects.get(run=run, stratum="").denominator == 20


# --- What a person changes meanwhile ---


@pytest.mark.parametrize(("change", "cause"), [("deployment", "deployment_changed"), ("system", "system_retired")])
def test_what_is_switched_off_or_retired_stops_being_called(simulator: RunningSimulator, change: str, cause: str) -> None:
    """REL-36: the deployment switched off, the system retired: no further call within a second, and the run says why."""
    off: dict[str, Callable[[Run], object]] = {
        "deployment": lambda run: switch_off_deployment(deployment_id=run.configuration.deployment_id, reason="No longer used.", actor=run.created_by),
        "system": lambda run: retire_system(system_id=run.system_id, reason="No longer used.", actor=run.created_by),
    }
    run = started(simulator, prompts(600))
    wait_for_outputs(run, 20)

    off[change](run)

    wait_for_pause(run, seconds=10)
    calls = simulator.log()["calls"]
    assert run.cause == cause
    assert calls == stored(run) < 600
    time.sleep(0.5)
    assert simulator.log()["calls"] == calls


# --- Budgets ---


def spent_by(run: Run) -> tuple[int, Decimal]:
    found = spending_of(run)
    return found.tokens, found.cost


def brief_deployment(simulator: RunningSimulator) -> Deployment:
    """A deployment whose newest configuration allows short answers only, with prices."""
    deployment = simulated(simulator.port, make_system(), max_concurrency=SLOTS, input_price=Decimal(3), output_price=Decimal(12), currency="EUR")
    add_configuration(deployment=deployment, parameters={"max_tokens": 60}, actor=make_user(Role.ADMINISTRATOR))
    return deployment


def test_a_budget_in_tokens_stops_a_run_cleanly(simulator: RunningSimulator) -> None:
    """SEC-43: never beyond the budget, nothing left in flight; a higher budget and the run goes on."""
    deployment = brief_deployment(simulator)
    run = make_run(deployment=deployment, cases=prompts(300), budget_tokens=2_000, start=True)

    wait_for_pause(run)

    tokens, _ = spent_by(run)
    assert run.cause == "budget"
    assert "of 2,000 tokens" in run.cause_detail
    assert 2_000 - 2 * 80 < tokens <= 2_000
    assert simulator.log()["calls"] == stored(run) < 300
    runs.change_budget(run_id=run.pk, budget_cost=None, budget_tokens=10**6, reason="Worth it.", actor=run.created_by)
    runs.resume_run(run_id=run.pk, actor=run.created_by)
    wait_for_end(run)
    assert simulator.log()["calls"] == 300


def test_a_budget_in_money_stops_a_run_cleanly(simulator: RunningSimulator) -> None:
    """SEC-43: in the deployment's currency, by the prices of the plan."""
    deployment = brief_deployment(simulator)
    run = make_run(deployment=deployment, cases=prompts(300), budget_cost=Decimal("0.02"), start=True)

    wait_for_pause(run)

    _, cost = spent_by(run)
    assert (run.cause, "of 0.0200 EUR" in run.cause_detail) == ("budget", True)
    assert Decimal("0.0175") < cost <= Decimal("0.02")
