"""The items a pump has and has not called: ready ones, suspects, and those that wait for their next call."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

from measurements.engine.items import Item, Trust

WATCHED_AT_ONCE = 16  # suspects noted in one statement


class Pool:
    """Hands out items in the order in which they may be begun. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._ready: deque[Item] = deque()
        self._watched: deque[Item] = deque()
        self._alone: list[Item] = []
        self._waiting: list[tuple[float, int, Item]] = []  # a heap by the moment of the next call
        self._order = count()

    def __len__(self) -> int:
        return len(self._ready) + len(self._watched) + len(self._alone) + len(self._waiting)

    def __iter__(self) -> Iterator[Item]:
        yield from self._ready
        yield from self._watched
        yield from self._alone
        yield from (item for _, _, item in self._waiting)

    @property
    def startable_count(self) -> int:
        """Items that need nothing but a slot, or a note first."""
        return len(self._ready) + len(self._watched)

    @property
    def next_retry_at(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def add(self, item: Item) -> None:
        if item.trust is Trust.ALONE:
            self._alone.append(item)
        else:
            (self._watched if item.trust is Trust.WATCHED else self._ready).append(item)

    def add_waiting(self, item: Item, until: float) -> None:
        heapq.heappush(self._waiting, (until, next(self._order), item))

    def add_noted(self, items: list[Item]) -> None:
        self._ready.extend(items)

    def suspects(self, slots: int, *, is_idle: bool) -> list[Item]:
        """Items to be noted now: a few watched ones once nothing else is ready; one of the others when there is nothing else at all (`is_idle`:
        nothing in flight), the least suspicious first. They leave the pool."""
        if self._ready or slots <= 0:
            return []
        if self._watched:
            return [self._watched.popleft() for _ in range(min(WATCHED_AT_ONCE, slots, len(self._watched)))]
        if self._alone and is_idle and not self._waiting:
            return [self._alone.pop(min(range(len(self._alone)), key=lambda place: self._alone[place].crashes))]
        return []

    def peek(self, now: float) -> Item | None:
        """The next item to call: one whose wait is over, else one that is ready."""
        if self._waiting and self._waiting[0][0] <= now:
            return self._waiting[0][2]
        return self._ready[0] if self._ready else None

    def pop(self, now: float) -> Item:
        if self._waiting and self._waiting[0][0] <= now:
            return heapq.heappop(self._waiting)[2]
        return self._ready.popleft()

    def pop_fresh(self, fits: Callable[[Item], bool]) -> Item | None:
        """An item that was never called, if one is ready."""
        return self._ready.popleft() if self._ready and not self._ready[0].calls and fits(self._ready[0]) else None

    def forget(self, lease_ids: set[int]) -> None:
        """Drop the items of leases that are not held any more."""
        self._ready = deque(item for item in self._ready if item.lease_id not in lease_ids)
        self._watched = deque(item for item in self._watched if item.lease_id not in lease_ids)
        self._alone = [item for item in self._alone if item.lease_id not in lease_ids]
        self._waiting = [entry for entry in self._waiting if entry[2].lease_id not in lease_ids]
        heapq.heapify(self._waiting)
