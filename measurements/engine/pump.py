"""A pump: one task that works on one run, or one judging, until that is done, is stopped, or the pump's time is over.

One coroutine does everything that touches the database or starts a call, turn by turn, so nothing here needs a lock; calls run as tasks beside it
(`calls`). A slot is free again only when its answer is stored, which is what bounds the calls that a crash repeats.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable
from enum import Enum

import structlog
from django.conf import settings

from measurements.engine import budget, drain, store
from measurements.engine.breaker import Breaker, Probe
from measurements.engine.budget import Prices, Purse
from measurements.engine.calls import Calls, Halt
from measurements.engine.circuit import View
from measurements.engine.database import Connection
from measurements.engine.grants import Need, Standing
from measurements.engine.items import MOST_CRASHES, Item, Take
from measurements.engine.permit import Permit
from measurements.engine.pool import Pool
from measurements.engine.share import Share, Tick
from measurements.engine.work import Work
from measurements.enums import PauseCause, RunState
from systems.providers import Client

log = structlog.get_logger(__name__)

LOW_WATER = 2  # times the slots: with fewer items waiting the next lease is taken, so that the pool doesn't run dry at its end
HUNGRY_TICKS = 5  # within one tick's time, while share and grant differ
DRAIN_SECONDS = 8.0  # for calls in flight when the worker shuts down; whoever stops workers waits longer


CloseCircuit = Callable[[datetime.datetime, bool], None]  # the moment it opened, and whether the endpoint has answered


class Ending(Enum):
    """Why a pump ended: every lease is done, the work was stopped, another pump has it, or somebody has to go on with it."""

    DONE = "done"
    STOPPED = "stopped"
    TAKEN = "taken"
    HANDED_ON = "handed_on"


class Pump:
    """`pause` is called in a thread when further calls make no sense; it has to commit the pause of the work.

    `close_circuit` is called there too; it has to commit that the endpoint may be called again.
    """

    def __init__(self, work: Work, client: Client, connection: Connection, pause: Callable[[Halt], None], close_circuit: CloseCircuit) -> None:
        now = time.monotonic()
        self._work, self._connection, self._pause, self._close_circuit = work, connection, pause, close_circuit
        self._share = Share(connection, work)
        self._pool, self._permit = Pool(), Permit(now)
        self._breaker, self._purse = Breaker(), Purse(Prices.of_snapshot(work.prices))
        self._calls = Calls(work, client, self._pool, self._permit, self._breaker, self._purse)
        self._state = RunState.RUNNING
        self._ends_at = now + settings.ENGINE_PUMP_SECONDS
        self._tick_at = now
        self._take_at = now  # in the future when there was no lease to take
        self._closing_at: float | None = None  # calls still in flight then are dropped
        self._ending: Ending | None = None

    async def run(self) -> Ending:
        """Work until there is a reason to end."""
        if not await self._is_needed():
            return Ending.TAKEN
        try:
            while self._ending is None:
                await self._turn()
            return await self._close(self._ending)
        finally:
            if left := len(self._calls) + len(self._calls.unstored):
                log.warning("calls_dropped", **self._work.named, calls=left)
            await self._calls.drop()

    async def _is_needed(self) -> bool:
        """Whether no other pump does this work. One that lives renews its grant, one that died doesn't, and its grant expires."""
        known = None
        while (other := await self._share.other_holder()) is not None:
            if (known is not None and other.expires_at != known) or drain.is_asked():
                return False
            known = other.expires_at
            await asyncio.sleep(min(_hungry_seconds(), other.left_seconds))
        return True

    async def _turn(self) -> None:
        """Do what is due, start what may be started, sleep until something happens."""
        self._calls.wake.clear()
        if time.monotonic() >= self._tick_at or self._breaker.has_news:
            await self._tick()
        if self._calls.halt is not None and self._state == RunState.RUNNING:
            self._state = RunState.PAUSED
            await asyncio.to_thread(self._pause, self._calls.halt)
        if time.monotonic() >= self._calls.store_at:
            await self._store()
        self._watch_the_end(time.monotonic())
        while self._ending is None and self._wants_lease(time.monotonic()):
            await self._take()
        if self._ending is None:
            await self._note_suspects()
            self._start_calls()
            await self._sleep()

    # --- Rounds with the database ---

    async def _tick(self) -> None:
        """Renew what is held, learn what may be called and whether the work goes on."""
        began = time.monotonic()
        tick = await self._share.renew(self._need(began))
        self._tick_at = began + settings.ENGINE_TICK_SECONDS
        allowance = tick.allowance
        if allowance.standing is Standing.HELD:
            self._state = RunState.PAUSED if self._calls.halt else tick.state
            self._permit.heed(allowance, began)
            await self._heed_circuit(allowance.circuit)
            await self._heed_run(tick)
            self._calls.deadline_seconds = allowance.timeout_seconds
            self._forget(set(self._calls.tokens) - set(tick.tokens))
            if allowance.slots != allowance.share:
                self._tick_at = began + _hungry_seconds()
            return
        self._permit.withdraw()
        if allowance.standing is Standing.CHANGED:
            self._calls.halt = self._calls.halt or Halt(PauseCause.DEPLOYMENT_CHANGED, "It has another address or model than planned, or is switched off.")
        else:
            log.warning("grant_not_held", **self._work.named, standing=allowance.standing.value)
            self._ending = Ending.TAKEN if allowance.standing is Standing.TAKEN else Ending.HANDED_ON

    async def _heed_circuit(self, view: View) -> None:
        """Do as all pumps together know of the endpoint; close the circuit if it was this one that got an answer."""
        if view.closing is not None:
            await asyncio.to_thread(self._close_circuit, view.closing, view.has_answered)
        self._breaker.heed(view, time.monotonic())
        if view.is_open and view.age >= settings.ENGINE_DOWN_SECONDS:
            detail = f"No answer for {round(view.age):,} seconds and {view.probes:,} single calls. The last error: {view.last_error}"
            self._calls.halt = self._calls.halt or Halt(PauseCause.ENDPOINT_DOWN, detail)

    async def _heed_run(self, tick: Tick) -> None:
        """Count the budget anew, and stop what belongs to a retired system or to somebody who may not run it any more."""
        if tick.has_budget or self._purse.is_limited:
            unreported = None if self._purse.is_limited else await budget.read_unreported(self._connection, self._work.run_id)
            spent = await budget.read(self._connection, self._work.run_id)
            self._purse.heed(spent, self._calls.in_flight, self._reported(), unreported)
        if tick.is_retired:
            self._calls.halt = self._calls.halt or Halt(PauseCause.SYSTEM_RETIRED, "Bring the system back to go on.")
        if not tick.has_right:
            self._calls.halt = self._calls.halt or Halt(PauseCause.RIGHT_LOST, "")

    def _reported(self) -> list[Take]:
        """What answers took that wait to be stored."""
        replies = [answer.reply for answer in self._calls.unstored if answer.reply is not None]
        return [Take(reply.prompt_tokens, reply.completion_tokens or 0) for reply in replies if reply.prompt_tokens is not None]

    def _need(self, now: float) -> Need:
        waits = self._permit.not_before - now
        report = self._breaker.report(may_probe=self._may_go_on())
        return Need(self._wanted(now), len(self._calls), waits if waits > 0 else None, self._life_seconds(), report)

    def _wanted(self, now: float) -> int:
        """Slots that can be used: the work's own limit, or what is left to do once there is no lease to take."""
        if self._closing_at is not None:
            return len(self._calls)
        left = len(self._pool) + len(self._calls) + len(self._calls.unstored)
        return self._work.max_concurrency if self._take_at <= now else min(self._work.max_concurrency, max(1, left))

    def _life_seconds(self) -> float:
        """Long enough that a dead pump's calls have ended at the endpoint before its slots go to another."""
        return max(float(settings.ENGINE_LEASE_SECONDS), self._calls.slowest_seconds)

    async def _store(self) -> None:
        batch = list(self._calls.unstored)
        stored = await store.store(self._connection, self._work, batch)
        now = time.monotonic()
        self._calls.was_stored(len(batch), stored.done, now)
        self._forget(stored.lost)
        if stored.done and not self._calls.tokens:
            self._take_at = now  # to see at once whether all is done

    def _wants_lease(self, now: float) -> bool:
        return self._may_work(now) and now >= self._take_at and self._pool.startable_count < LOW_WATER * self._permit.slots

    async def _take(self) -> None:
        """Take the next lease. When there is none, look again a tick later: another pump's may expire."""
        lease = await self._share.take(self._life_seconds())
        if lease is None:
            self._take_at = time.monotonic() + settings.ENGINE_TICK_SECONDS
            if not self._calls.tokens and not self._calls.unstored and await self._share.open_leases() == 0:
                self._ending = Ending.DONE
            return
        self._calls.tokens[lease.id] = lease.token
        for item in await self._work.read(self._connection, lease):
            if item.crashes >= MOST_CRASHES:
                self._calls.keep_crashed(item)
            else:
                self._pool.add(item)

    async def _note_suspects(self) -> None:
        """Note in the database, before they are begun, items of a lease over which a pump died."""
        if not self._may_work(time.monotonic()):
            return
        is_idle = not len(self._calls) and not self._calls.unstored
        if suspects := self._pool.suspects(self._calls.free_slots, is_idle=is_idle):
            await self._share.note(suspects)
            self._pool.add_noted(suspects)

    # --- Calls ---

    def _may_work(self, now: float) -> bool:
        return self._may_go_on() and self._permit.is_fresh(now)

    def _may_go_on(self) -> bool:
        return self._state == RunState.RUNNING and self._calls.halt is None and self._closing_at is None

    def _start_calls(self) -> None:
        if self._breaker.probe is Probe.ALLOWED:
            self._probe()
        while self._may_work(now := time.monotonic()) and (item := self._pool.peek(now)) is not None and self._calls.has_room_for(item):
            if self._permit.opens_at(item, now) > now:
                return
            if not self._purse.fits(item):
                self._stop_at_the_budget(item)
                return
            self._permit.use(item, now)
            self._calls.start(self._pool.pop(now), now)

    def _probe(self) -> None:
        """Ask the endpoint whether it works again: with an item that was never asked, since others may themselves be why they failed."""
        now = time.monotonic()
        question = self._calls.plain_question()
        if not self._may_work(now) or self._permit.opens_at(question, now) > now:
            return
        item = self._pool.pop_fresh(self._purse.fits) or question
        self._permit.use(item, now)
        self._calls.start_probe(item, now)

    def _stop_at_the_budget(self, item: Item) -> None:
        """Pause when nothing in flight can make room for the next call any more."""
        if not len(self._calls) and not self._calls.unstored:
            self._calls.halt = Halt(PauseCause.BUDGET, self._purse.sentence(item, self._work.prices["currency"]))
            self._calls.wake.set()

    async def _sleep(self) -> None:
        now = time.monotonic()
        seconds = self._next_moment(now) - now
        if seconds <= 0 or self._calls.wake.is_set():
            await asyncio.sleep(0)
            return
        timer = asyncio.get_running_loop().call_later(seconds, self._calls.wake.set)
        await self._calls.wake.wait()
        timer.cancel()

    def _next_moment(self, now: float) -> float:
        """When something is due that nothing but the clock will tell."""
        moment = min(self._tick_at, self._calls.store_at, self._closing_at or self._tick_at)
        if self._may_work(now) and self._calls.free_slots > 0:
            if (item := self._pool.peek(now)) is not None and self._calls.has_room_for(item) and self._purse.fits(item):
                moment = min(moment, self._permit.opens_at(item, now))
            if (retry_at := self._pool.next_retry_at) is not None and retry_at > now:
                moment = min(moment, retry_at)
        return moment

    def _forget(self, lost: set[int]) -> None:
        """Drop everything of leases that are not held any more; answers to calls in flight are dropped when they come."""
        for lease_id in lost:
            self._calls.tokens.pop(lease_id, None)
        if lost:
            self._pool.forget(lost)

    # --- Ending ---

    def _watch_the_end(self, now: float) -> None:
        """Close when the work is stopped, the worker shuts down or the time is over: start nothing, store what comes, give everything back."""
        if self._state == RunState.CANCELLED:
            self._ending = Ending.STOPPED
        is_draining = drain.is_asked()
        if self._closing_at is None and (is_draining or self._state != RunState.RUNNING or now >= self._ends_at):
            self._closing_at = now + self._calls.deadline_seconds
        if self._closing_at is not None and is_draining:
            self._closing_at = min(self._closing_at, now + DRAIN_SECONDS)
        if self._ending is None and self._closing_at is not None and not self._calls.unstored and (not len(self._calls) or now >= self._closing_at):
            self._ending = Ending.HANDED_ON

    async def _close(self, ending: Ending) -> Ending:
        """Give back what is held; what can't be stored any more is logged. Work that goes on, or goes on again, needs a successor."""
        if self._calls.unstored:
            await self._store()
        waits = self._permit.not_before - time.monotonic() if ending is Ending.HANDED_ON else 0.0
        state = await self._share.give_back([*self._pool, *self._calls.in_flight], waits=waits)
        return Ending.STOPPED if ending is Ending.HANDED_ON and state != RunState.RUNNING else ending


def _hungry_seconds() -> float:
    return float(settings.ENGINE_TICK_SECONDS) / HUNGRY_TICKS
