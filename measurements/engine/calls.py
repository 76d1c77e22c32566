"""Calls in flight, and the answers that wait to be stored. Together they never exceed the slots."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import structlog

from measurements.engine import answers, retry
from measurements.engine.answers import Answer
from measurements.engine.breaker import Breaker, Probe
from measurements.engine.budget import Purse
from measurements.engine.items import MOST_CRASHES, Item, Trust, tokens_of
from measurements.engine.permit import Permit
from measurements.engine.pool import Pool
from measurements.engine.work import Work
from measurements.enums import FailureReason, PauseCause
from systems.providers import CallError, Client, NotSent, Reply, Retryable, RetryKind, Stop, StopCause
from systems.providers.connection_check import QUESTION

log = structlog.get_logger(__name__)

STORE_LATENCY_SHARE = 1 / 40  # of a call's latency that an answer may wait: a few percent with its commit
STORE_SECONDS = (0.010, 0.5)  # least and most that an answer waits to be stored
STORE_SLOTS_SHARE = 1 / 4  # with answers waiting in so many of the slots they are stored at once
LATENCY_WEIGHT = 0.05  # of the newest call in the running mean
SLOWEST_DECAY = 0.995  # each call, so that the slowest of some hundred calls is remembered

_CAUSES = {
    StopCause.QUOTA: PauseCause.QUOTA,
    StopCause.UNAUTHORIZED: PauseCause.UNAUTHORIZED,
    StopCause.FORBIDDEN: PauseCause.FORBIDDEN,
    StopCause.NOT_FOUND: PauseCause.NOT_FOUND,
    StopCause.ADDRESS_REFUSED: PauseCause.ENDPOINT_REFUSED,
}


@dataclass(frozen=True)
class Halt:
    """Why the work has to pause now."""

    cause: PauseCause
    detail: str


class Calls:
    """Makes the calls of one pump. `wake` is set when the pump has to look; `halt` once no further call makes sense."""

    def __init__(self, work: Work, client: Client, pool: Pool, permit: Permit, breaker: Breaker, purse: Purse) -> None:
        self._work, self._client, self._pool, self._permit = work, client, pool, permit
        self._breaker, self._purse = breaker, purse
        self._probe: Item | None = None  # in flight, to see whether the endpoint works again
        self.wake = asyncio.Event()
        self.halt: Halt | None = None
        self.tokens: dict[int, int] = {}  # of the leases held, by id
        self.unstored: list[Answer] = []
        self.deadline_seconds = work.deadline_seconds
        self.slowest_seconds = 0.0
        self._latency_seconds = 0.0
        self._waiting_since = 0.0
        self._in_flight: dict[asyncio.Task[None], Item] = {}

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def in_flight(self) -> list[Item]:
        return list(self._in_flight.values())

    @property
    def free_slots(self) -> int:
        return self._breaker.slots(self._permit.slots) - len(self._in_flight) - len(self.unstored)

    def has_room_for(self, item: Item) -> bool:
        """A slot, and no company for an item that is suspected to end its process."""
        if self.free_slots <= 0:
            return False
        if item.trust is Trust.ALONE:
            return not self._in_flight
        return not (len(self._in_flight) == 1 and self.in_flight[0].trust is Trust.ALONE)

    def start(self, item: Item, now: float) -> None:
        item.calls += 1
        item.began_at = item.began_at or self._breaker.working_time(now)
        self._purse.reserve(item)
        self._in_flight[asyncio.create_task(self._call(item))] = item

    def start_probe(self, item: Item, now: float) -> None:
        """Make the one call that shows whether the endpoint works again."""
        self._probe = item
        self._breaker.begin_probe()
        self.start(item, now)

    async def drop(self) -> None:
        """End the calls in flight; what they would have brought is lost."""
        tasks = list(self._in_flight)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- Answers ---

    @property
    def store_at(self) -> float:
        """When the answers that wait have to be stored, in monotonic seconds."""
        if not self.unstored:
            return float("inf")
        if self._is_batch():
            return self._waiting_since
        least, most = STORE_SECONDS
        return self._waiting_since + min(max(self._latency_seconds * STORE_LATENCY_SHARE, least), most)

    def was_stored(self, count: int, done: set[int], now: float) -> None:
        del self.unstored[:count]
        self._waiting_since = now
        for lease_id in done:
            self.tokens.pop(lease_id, None)

    def keep_crashed(self, item: Item) -> None:
        """An item that ended its pump so often that it is taken to be the cause."""
        item.calls = max(item.calls, item.crashes)
        self._fail(item, FailureReason.CRASHED, f"It ended its worker {MOST_CRASHES} times.")

    def _is_batch(self) -> bool:
        return len(self.unstored) >= max(1, round(self._permit.slots * STORE_SLOTS_SHARE)) or not self._in_flight

    def _keep(self, answer: Answer) -> None:
        if not self.unstored:
            self._waiting_since = time.monotonic()
            asyncio.get_running_loop().call_later(self.store_at - self._waiting_since, self.wake.set)
        self.unstored.append(answer)

    # --- One call ---

    async def _call(self, item: Item) -> None:
        kept = len(self.unstored)
        try:
            await self._ask(item)
        finally:
            del self._in_flight[asyncio.current_task()]  # type: ignore[arg-type]  # a task runs this
            if self.halt or self._breaker.has_news or len(self.unstored) == kept or self._is_batch():
                self.wake.set()

    async def _ask(self, item: Item) -> None:
        began = time.monotonic()
        try:
            reply = await self._client.complete(item.call, deadline_seconds=self.deadline_seconds, send_before=self._permit.fresh_until)
        except CallError as error:
            self._not_answered(item, error, time.monotonic(), is_probe=self._was_probe(item))
        except Exception:  # the edge of the worker's loop: one case that can't even be asked must not hold up the others
            log.exception("call_failed_unexpectedly", **self._work.named, item=item.number)
            if self._was_probe(item):
                self._breaker.drop_probe()
            self._purse.release(item)
            self._fail(item, FailureReason.PROVIDER_ERROR, "The portal could not make this call.")
        else:
            now = time.monotonic()
            self._breaker.answer(now, self._permit.slots, is_probe=self._was_probe(item))
            self._answer(item, reply, now - began)

    def _was_probe(self, item: Item) -> bool:
        if item is not self._probe:
            return False
        self._probe = None
        return self._breaker.probe is Probe.UNDER_WAY

    def _answer(self, item: Item, reply: Reply, seconds: float) -> None:
        self._latency_seconds += (seconds - self._latency_seconds) * (LATENCY_WEIGHT if self._latency_seconds else 1.0)
        self.slowest_seconds = max(seconds, self.slowest_seconds * SLOWEST_DECAY)
        self._purse.charge(item, reply.prompt_tokens, reply.completion_tokens)
        if reply.prompt_tokens is not None:
            self._permit.correct(item, reply.prompt_tokens + (reply.completion_tokens or 0))
        token = self.tokens.get(item.lease_id)
        if token is not None:
            self._keep(self._work.answered(item, token, reply))
        elif item.is_counted:
            answers.log_late(self._work.run_id, 1, {item.lease_id})

    def _not_answered(self, item: Item, error: CallError, now: float, *, is_probe: bool) -> None:
        self._purse.release(item)
        if isinstance(error, Retryable):
            self._tell_breaker(item, error, now, is_probe=is_probe)
            self._call_again(item, error, now)
            return
        if isinstance(error, Stop):
            self._breaker.answer(now, self._permit.slots, is_probe=is_probe)
            self.halt = self.halt or Halt(_CAUSES[error.cause], error.detail)
        elif is_probe:
            self._breaker.drop_probe()
        item.calls -= isinstance(error, NotSent)
        self._wait(item, now)

    def _tell_breaker(self, item: Item, error: Retryable, now: float, *, is_probe: bool) -> None:
        if error.kind is RetryKind.RATE_LIMITED:
            self._breaker.answer(now, self._permit.slots, is_probe=is_probe)
            return
        item.excused += self._breaker.is_open
        self._breaker.fail(item, error.detail, now, is_probe=is_probe)

    def _wait(self, item: Item, until: float) -> None:
        if item.is_counted:
            self._pool.add_waiting(item, until)

    def _call_again(self, item: Item, error: Retryable, now: float) -> None:
        item.last_error = error.detail
        if error.retry_after:
            self._permit.hold_off(now + min(error.retry_after, retry.RETRY_AFTER_CAP_SECONDS))
        elapsed_seconds = self._breaker.working_time(now) - item.began_at
        verdict = retry.after(error, calls=item.calls - item.excused, elapsed_seconds=elapsed_seconds)
        if verdict.given_up:
            self._fail(item, retry.reason_for(error), error.detail)
            return
        if verdict.too_long:
            minutes = -(-int(error.retry_after or 0) // 60)
            self.halt = self.halt or Halt(PauseCause.RATE_LIMITED, f"It asked not to be called for {minutes:,} minutes. Resume the run after that.")
        self._wait(item, now + verdict.wait_seconds)

    def plain_question(self) -> Item:
        """What is asked of an endpoint when every item at hand has failed: it tells a bad endpoint from bad items. Its answer is not kept."""
        return Item(lease_id=0, number=-1, call=QUESTION, tokens=tokens_of(QUESTION), is_counted=False)

    def _fail(self, item: Item, reason: FailureReason, detail: str) -> None:
        if (token := self.tokens.get(item.lease_id)) is not None:
            self._keep(answers.failed(item, token, reason, detail))
