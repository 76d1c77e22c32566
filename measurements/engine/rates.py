"""Requests and tokens a minute: one pump's share of them, kept by pacing. Times are monotonic seconds."""

from __future__ import annotations

SECONDS_PER_MINUTE = 60.0
BURST_SECONDS = 0.25  # of a rate that may be used at once; enough that a busy loop doesn't lose what it was late for


class Bucket:
    """Lets through at most `per_minute` units in any minute; None lets everything through. Starts empty: its first unit has to grow.

    A cost may be corrected after the fact, which can take the level below zero.
    """

    def __init__(self, now: float) -> None:
        self._per_minute: float | None = None
        self._level = 0.0
        self._filled_at = now

    def limit(self, per_minute: float | None, now: float) -> None:
        """Set the share; what has grown so far stays, up to the new burst."""
        self._fill(now)
        self._per_minute = per_minute
        self._level = min(self._level, self._capacity)

    def take(self, cost: float, now: float) -> bool:
        """Take `cost` units if they are there. A cost above the burst passes when the bucket is full, and is paid off afterwards."""
        if self._per_minute is None:
            return True
        self._fill(now)
        if self._level < min(cost, self._capacity):
            return False
        self._level -= cost
        return True

    def correct(self, units: float) -> None:
        """Charge `units` more than was taken; fewer when negative."""
        self._level = min(self._level - units, self._capacity)

    def seconds_until(self, cost: float, now: float) -> float:
        """How long until `take` can succeed."""
        if self._per_minute is None:
            return 0.0
        self._fill(now)
        missing = min(cost, self._capacity) - self._level
        return max(0.0, missing / self._per_second) if self._per_second > 0 else SECONDS_PER_MINUTE

    @property
    def _capacity(self) -> float:
        return max(1.0, (self._per_minute or 0.0) / SECONDS_PER_MINUTE * BURST_SECONDS)

    @property
    def _per_second(self) -> float:
        """A full burst and a minute's growth together make one minute's share."""
        per_minute = self._per_minute or 0.0
        return max(per_minute - self._capacity + 1.0, per_minute / 2) / SECONDS_PER_MINUTE if per_minute >= 1.0 else per_minute / SECONDS_PER_MINUTE

    def _fill(self, now: float) -> None:
        if self._per_minute is not None:
            self._level = min(self._level + (now - self._filled_at) * self._per_second, self._capacity)
        self._filled_at = now
