"""Runs on every kind of endpoint: Azure, a whole application, a deployment of the organisation; measured and judging."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from measurements import tasks
from measurements.actions import runs
from measurements.models import Output, Run
from raiportal.errors import Unmet
from raiportal.sandbox.doors import APPLICATION_METAPROMPT
from systems import actions
from systems.models import Deployment
from tests.factories.runs import make_run, prompts, simulated
from tests.factories.systems import make_deployment, make_system
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture(scope="module")
def shared_simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    shared_simulator.client.post("/_simulator/reset").raise_for_status()
    return shared_simulator


def at_azure(simulator: RunningSimulator) -> Deployment:
    return simulated(simulator.port, make_system(), base_url=f"http://127.0.0.1:{simulator.port}", provider="azure_openai")


def pumped(run: Run) -> Run:
    tasks.pump(run_id=run.pk)
    run.refresh_from_db()
    return run


def test_a_run_measures_a_deployment_at_azure(simulator: RunningSimulator) -> None:
    """REL-20."""
    faults = [
        "[[simulate:content-filter-prompt]]",
        "[[simulate:content-filter]]",
        "[[simulate:429 retry-after=0 times=1]]",
        "[[simulate:safe]]",
    ]
    run = pumped(make_run(deployment=at_azure(simulator), cases=[f"{fault} [[simulate:safe]] question" for fault in faults], start=True))

    found = dict(Output.objects.filter(run=run).values_list("case__position", "outcome"))
    assert run.state == "completed"
    assert [found[position] for position in sorted(found)] == ["input_blocked", "output_blocked", "answered", "answered"]
    blocked = Output.objects.get(run=run, outcome="input_blocked")
    assert blocked.filters["prompt"]["violence"] == {"filtered": True, "severity": "high", "detected": None}
    assert all(output.filters["completion"] for output in Output.objects.filter(run=run, outcome="answered"))


def test_another_api_version_is_another_endpoint(simulator: RunningSimulator) -> None:
    deployment = at_azure(simulator)
    run = make_run(deployment=deployment, cases=prompts(2))

    actions.edit_deployment(deployment_id=deployment.pk, api_version="2025-04-01-preview", actor=deployment.created_by)

    with pytest.raises(Unmet):
        runs.start_run(run_id=run.pk, actor=run.created_by)
    assert simulator.log()["calls"] == 0


def test_a_version_that_changes_while_a_run_waits_is_never_called(simulator: RunningSimulator) -> None:
    deployment = at_azure(simulator)
    run = make_run(deployment=deployment, cases=prompts(2), start=True)

    Deployment.objects.filter(pk=deployment.pk).update(api_version="2025-04-01-preview")

    assert (pumped(run).state, simulator.log()["calls"]) == ("paused", 0)


def test_a_run_pauses_when_its_address_may_not_be_called_any_more(simulator: RunningSimulator, settings: Settings) -> None:
    run = make_run(deployment=simulated(simulator.port, make_system()), cases=prompts(2), start=True)
    settings.ENDPOINT_ALLOWLIST, settings.SANDBOX_URL = [], ""

    run = pumped(run)

    assert (run.state, run.cause) == ("paused", "endpoint_refused")
    assert "RAIPORTAL_ENDPOINT_ALLOWLIST" in run.cause_detail
    assert simulator.log()["calls"] == 0


def test_a_run_pauses_when_its_key_cannot_be_read_any_more(simulator: RunningSimulator, settings: Settings) -> None:
    run = make_run(deployment=simulated(simulator.port, make_system(), api_key="sk-simulated-key"), cases=prompts(2), start=True)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    tasks.pump(run_id=run.pk)

    run = Run.objects.only("state", "cause", "cause_detail").get(pk=run.pk)
    assert (run.state, run.cause) == ("paused", "key_unreadable")
    assert "RAIPORTAL_FIELD_KEYS" in run.cause_detail
    assert simulator.log()["calls"] == 0


def test_a_run_measures_an_application_by_prompts_alone(simulator: RunningSimulator) -> None:
    """The simulated application refuses parameters, so that an answer shows that none were sent; its log knows the prompts with its own metaprompt alone."""
    application = simulated(simulator.port, make_system(), base_url=f"http://127.0.0.1:{simulator.port}/application/v1", target="application", model="")
    inside = actions.add_metaprompt_version(system=application.system, text="Never say no.", actor=application.system.owner)
    actions.add_configuration(deployment=application, metaprompt=inside, actor=application.system.owner)

    run = pumped(make_run(deployment=application, cases=prompts(5), start=True))

    expected = simulator.expect(prompts(5), system=APPLICATION_METAPROMPT)["results"]
    assert (run.state, Output.objects.filter(run=run).exclude(outcome="failed").count()) == ("completed", 5)
    assert {entry["prompt"] for entry in simulator.log(detail=1)["entries"]} == {result["prompt"] for result in expected}


def test_an_owner_measures_a_deployment_of_the_organisation(simulator: RunningSimulator) -> None:
    shared = make_deployment(None, base_url=f"http://127.0.0.1:{simulator.port}", provider="azure_openai", model="sim-chat-large")

    run = pumped(make_run(deployment=shared, cases=prompts(5), start=True))

    assert (run.state, run.configuration.system_id, simulator.log()["answers_completed"]) == ("completed", None, 5)
