"""One simulator process for these tests, with an empty log and no faults at the start of each."""

from collections.abc import Iterator

import pytest

from .process import RunningSimulator, running_simulator


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    changed = shared_simulator.client.get("/_simulator/settings").json()
    shared_simulator.settings(**dict.fromkeys(changed)).raise_for_status()
    shared_simulator.client.post("/_simulator/reset").raise_for_status()
    return shared_simulator
