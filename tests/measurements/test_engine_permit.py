"""A call is let go only under a grant that was confirmed lately."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

from pytest_django import Settings

from measurements.engine.answers import replied
from measurements.engine.breaker import Breaker
from measurements.engine.budget import Prices, Purse
from measurements.engine.calls import Calls
from measurements.engine.grants import Allowance, Standing
from measurements.engine.items import Item
from measurements.engine.permit import Permit
from measurements.engine.pool import Pool
from measurements.engine.work import Work
from systems.providers import Call, NotSent, Outcome, Reply


class CountingClient:
    """Counts the calls that really went out."""

    def __init__(self) -> None:
        self.calls = 0

    async def complete(self, call: Call, *, deadline_seconds: float, send_before: float) -> Reply:
        if time.monotonic() >= send_before:
            raise NotSent("Too late.")
        self.calls += 1
        return Reply(Outcome.REFUSED, 200, 1)

    async def aclose(self) -> None:
        return None


def item() -> Item:
    return Item(lease_id=1, number=0, call=Call([]), tokens=1)


def confirmed(at: float, **limits: Any) -> Permit:
    permit = Permit(at)
    permit.heed(Allowance(Standing.HELD, slots=4, share=4, **limits), at)
    return permit


def started(permit: Permit) -> tuple[CountingClient, Pool]:
    """What became of one call that was started and then ran."""
    client, pool = CountingClient(), Pool()

    async def run() -> None:
        calls = Calls(cast(Work, SimpleNamespace(deadline_seconds=1.0, run_id=1, answered=replied)), client, pool, permit, Breaker(), Purse(Prices(None, None)))
        calls.tokens[1] = 1
        calls.start(item(), time.monotonic())
        await asyncio.sleep(0.01)

    asyncio.run(run())
    return client, pool


def test_a_call_goes_out_under_a_fresh_grant() -> None:
    client, pool = started(confirmed(time.monotonic()))

    assert (client.calls, len(pool)) == (1, 0)


def test_a_process_that_stood_still_lets_no_started_call_go(settings: Settings) -> None:
    client, pool = started(confirmed(time.monotonic() - 0.61 * settings.ENGINE_LEASE_SECONDS))

    assert client.calls == 0
    assert [waiting.calls for waiting in pool] == [0]


def test_a_wish_to_wait_of_another_pump_is_heeded() -> None:
    now = time.monotonic()

    permit = confirmed(now, resumes_in=3.0)

    assert permit.opens_at(item(), now) >= now + 3.0


def test_a_new_pump_gives_the_others_a_tick_to_lower_their_rates(settings: Settings) -> None:
    now = time.monotonic()

    assert confirmed(now).opens_at(item(), now) == now
    assert confirmed(now, requests_per_minute=60_000.0).opens_at(item(), now + 0.5) >= now + settings.ENGINE_TICK_SECONDS
