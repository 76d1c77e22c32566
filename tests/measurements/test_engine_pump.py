"""A pump in this process against a simulator in another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from measurements import tasks
from measurements.models import Estimate, Judgement, Lease, Output, Run
from measurements.selectors.progress import progress
from tests.factories.runs import make_run, prompts
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
