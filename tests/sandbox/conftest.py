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
    shares = {name: 0 for name in changed if name.startswith("share_")}
    shared_simulator.settings(latency_ms=0, jitter_ms=0, retry_after="1", **shares).raise_for_status()
    shared_simulator.client.post("/_simulator/reset").raise_for_status()
    return shared_simulator
