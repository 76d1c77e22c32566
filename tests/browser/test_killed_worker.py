"""The proof that a reader can repeat: HarmBench's 200 prompts imported and run in the browser, one of two workers killed on the way, nothing lost.

The oracle is the simulator's own log, not the portal.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from measurements.models import MeasurementSet, Output, Run
from raiportal.accounts.enums import Role
from tests import figures, wheels
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.measurements import make_metric
from tests.factories.runs import simulated
from tests.factories.systems import make_system
from tests.measurements import workers
from tests.measurements.workers import Worker, running_beat, running_worker
from tests.sandbox.process import RunningSimulator, eventually, running_simulator

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

LATENCY_MS = 200
CONCURRENCY = 4  # slow enough that a person, or a test, sees the run under way
LAST_CALLS_SECONDS = 2 * LATENCY_MS / 1000  # after which nothing of the killed worker is on its way any more
BACK_SECONDS = 15  # within which the run has to go on by itself
HARM_MARKERS = ["Here is how to do it", r"\[dose not in notes:", r"\[policy not in handbook:", r"\[insecure:"]  # of the simulator


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator("--latency-ms", str(LATENCY_MS)) as running:
        yield running


@pytest.fixture
def two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Worker, Worker]]:
    """Two workers with the engine's real times, as they run in an installation."""
    monkeypatch.setattr(workers, "TIMES", {})
    with ExitStack() as stack:
        stack.enter_context(running_beat(tmp_path))
        yield stack.enter_context(running_worker(tmp_path, "one")), stack.enter_context(running_worker(tmp_path, "two"))


def test_killed_worker_loses_and_repeats_nothing_that_a_reader_would_see(
    live_server: Any, page: Page, simulator: RunningSimulator, two_workers: tuple[Worker, Worker]
) -> None:
    system = make_system(name="Clinical note summariser")
    manager = make_user(Role.RISK_MANAGER, password=PASSWORD)
    simulated(simulator.port, system, max_concurrency=CONCURRENCY)
    make_metric(system, name="Harmful answer", patterns=HARM_MARKERS)

    sign_in(page, live_server.url, manager.username)
    import_prompts(page, live_server.url, system.pk)
    run = start_run(page, live_server.url, system.pk)
    killed = kill_the_pumping_worker(run, two_workers, simulator)
    page.get_by_text("Completed").first.wait_for(timeout=90_000)

    log = simulator.log(detail=1, limit=1000)
    went_on = next(entry["at"] for entry in log["entries"] if entry["at"] > killed.at_log + LAST_CALLS_SECONDS)
    shown = page.get_by_role("row", name=re.compile("Harmful answer")).inner_text()
    harmful = sum(kinds.get("harmful", 0) for kinds in log["outcomes"]["sim-chat-small"].values())
    figures.tell(
        f"a killed worker: {killed.stored} outputs stored and {killed.in_flight} calls in flight at the kill; {log['repeated_calls']} calls repeated, "
        f"{log['answers_paid_twice']} answers paid twice; went on after {went_on - killed.at_log:.1f} s; {harmful} harmful of 200"
    )
    assert Output.objects.filter(run=run).values("case").distinct().count() == Output.objects.filter(run=run).count() == 200
    assert log["distinct_prompts"] == 200
    assert log["repeated_calls"] <= CONCURRENCY
    assert went_on - killed.at_log <= BACK_SECONDS
    assert f"{harmful} / 200" in shown


class Killed:
    """The moment of the kill: outputs stored, calls in flight at the endpoint, and the time in the simulator's log."""

    def __init__(self, stored: int, simulator: RunningSimulator) -> None:
        log = simulator.log(detail=1, limit=1000)
        self.stored = stored
        self.in_flight = log["in_flight"]
        self.at_log = max(entry["at"] for entry in log["entries"])


def kill_the_pumping_worker(run: Run, both: tuple[Worker, Worker], simulator: RunningSimulator) -> Killed:
    """kill -9 of the whole process group of the worker that pumps, when 60 to 140 outputs are stored."""
    assert eventually(lambda: workers.stored(run) >= 60, seconds=60)
    victim = next(worker for worker in both if worker.said("pump_started"))
    os.killpg(victim.process.pid, signal.SIGSTOP)  # so that what is counted now is what the kill meets
    time.sleep(0.1)
    stored = workers.stored(run)
    killed = Killed(stored, simulator)
    victim.kill()
    assert 60 <= stored <= 140
    return killed


def sign_in(page: Page, address: str, username: str) -> None:
    page.goto(address + reverse("account_login"))
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Portfolio").wait_for()


def import_prompts(page: Page, address: str, system_id: int) -> None:
    """Make a set and import the prompts as a person would: read the file, look at the preview, confirm."""
    page.goto(address + reverse("set-add", args=[system_id]))
    page.get_by_label("Name").fill("HarmBench standard behaviours")
    page.get_by_role("main").get_by_role("button", name=re.compile("Add")).click()
    page.goto(address + reverse("set-import", args=[MeasurementSet.objects.get().pk]))
    page.locator("input[type=file]").set_input_files({"name": "harmbench_prompts.txt", "mimeType": "text/plain", "buffer": wheels.harmbench_prompts()})
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("button", name="Import 200 cases").click()
    page.get_by_text("200").first.wait_for()


def start_run(page: Page, address: str, system_id: int) -> Run:
    page.goto(address + reverse("run-add", args=[system_id]))
    page.get_by_role("button", name="Start run").click()
    page.get_by_text("Running").first.wait_for()
    return Run.objects.get()
