"""A case that ends its process is found out, and its neighbours are not taken for it. Processes die here by an exception that nothing catches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from measurements import tasks
from measurements.models import Attempt, Output, Run
from systems.providers import Call, Outcome, Reply
from tests.factories.runs import make_run, prompts

pytestmark = [pytest.mark.django_db(transaction=True)]

LEASE_SECONDS = 0.5


class DyingClient:
    """Answers everything, unless `deadly` says that this call ends the process."""

    def __init__(self, deadly: Callable[[str], bool]) -> None:
        self._deadly = deadly
        self.calls: list[str] = []

    async def complete(self, call: Call, *, deadline_seconds: float, send_before: float) -> Reply:
        text = call.messages[-1]["content"]
        self.calls.append(text)
        if self._deadly(text):
            raise SystemExit
        return Reply(Outcome.ANSWERED, 200, 1, text="A bowline.", body="{}")

    async def aclose(self) -> None:
        return None


@pytest.fixture(autouse=True)
def short_lives(settings: Settings) -> None:
    settings.ENGINE_LEASE_SECONDS = LEASE_SECONDS
    settings.ENGINE_TICK_SECONDS = 0.02


def pump_until_done(run: Run, client: DyingClient, monkeypatch: pytest.MonkeyPatch, *, most_pumps: int = 20) -> int:
    """Start a pump whenever one has ended before the run did. Returns the number of deaths."""
    monkeypatch.setattr(tasks, "open_client", lambda *_: client)
    deaths = 0
    for _ in range(most_pumps):
        try:
            tasks.pump(run_id=run.pk)
        except SystemExit:
            deaths += 1
        if Run.objects.filter(pk=run.pk, state="completed").exists():
            return deaths
    raise AssertionError(f"The run is not done after {most_pumps} pumps and {deaths} deaths")


def test_a_case_that_always_kills_is_marked_and_the_others_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(cases=[*prompts(60), "poison", *prompts(60, "later")], start=True)
    client = DyingClient(lambda text: text == "poison")

    deaths = pump_until_done(run, client, monkeypatch)

    run.refresh_from_db()
    crashed = Output.objects.get(run=run, outcome="failed")
    assert run.state == "completed"
    assert (crashed.reason, crashed.case.messages[0]["content"], crashed.attempts) == ("crashed", "poison", 3)
    assert Output.objects.filter(run=run, outcome="answered").count() == 120
    assert deaths == 4


def test_deaths_at_random_moments_mark_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(cases=prompts(100), start=True)
    countdown = iter([7, 19, 5, 23, 11, 3])
    left = {"calls": next(countdown)}

    def deadly(text: str) -> bool:
        left["calls"] -= 1
        if left["calls"] == 0:
            left["calls"] = next(countdown, 10_000)
            return True
        return False

    deaths = pump_until_done(run, DyingClient(deadly), monkeypatch)

    assert deaths == 6
    assert Output.objects.filter(run=run, outcome="answered").count() == 100


def test_nothing_is_noted_while_nobody_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(cases=prompts(50), start=True)

    deaths = pump_until_done(run, DyingClient(lambda text: False), monkeypatch)

    assert deaths == 0
    assert not Attempt.objects.filter(run=run).exists()
