"""What one pump knows of whether its endpoint works. The other pumps learn of it through `circuit`.

A run of failed calls without an answer between them opens the circuit here at once and for the others with the next tick. While it is open
nothing is called but one probe at a time, by one pump. The first answer closes it; then calls come back as answers do, not all at once.
"""

from __future__ import annotations

from enum import Enum

from measurements.engine.circuit import Report, View
from measurements.engine.items import Item

FAILURES = 5  # calls in a row without an answer: one fewer than one item may make, and rarer than once in 100,000 calls where one in twenty fails


class Probe(Enum):
    """The call that this pump makes to see whether the endpoint works again. ALLOWED: not begun yet. FAILED: as its next tick will say."""

    NONE = "none"
    ALLOWED = "allowed"
    UNDER_WAY = "under_way"
    FAILED = "failed"


class Breaker:
    """Counts failures and keeps the clock that stands still while the circuit is open. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.is_open = False
        self.has_news = False  # worth a tick at once
        self.probe = Probe.NONE
        self._failures = 0
        self._has_tripped = False
        self._failed: list[Item] = []  # since the last answer
        self._last_error = ""
        self._answered_at: float | None = None
        self._opened_at = 0.0
        self._open_seconds = 0.0
        self._starts: int | None = None  # calls side by side after the circuit closed; None without limit

    def working_time(self, now: float) -> float:
        """A clock that stands still while nobody may call, so that an outage takes nothing from the time an item has."""
        return now - self._open_seconds - (now - self._opened_at if self.is_open else 0.0)

    def slots(self, granted: int) -> int:
        """How many of the granted slots may be used."""
        if self.is_open:
            return 0
        return granted if self._starts is None else min(granted, self._starts)

    # --- Calls ---

    def begin_probe(self) -> None:
        self.probe = Probe.UNDER_WAY

    def drop_probe(self) -> None:
        """The probe was not sent; another may be."""
        self.probe = Probe.ALLOWED

    def answer(self, now: float, granted: int, *, is_probe: bool = False) -> None:
        """The endpoint answered, whatever it said."""
        self._answered_at = now
        if is_probe:
            self.probe = Probe.NONE
        if self.is_open:
            self.has_news = True
            return
        self._failures = 0
        self._failed.clear()
        if self._starts is not None:
            self._starts = self._starts + 1 if self._starts < granted else None

    def fail(self, item: Item, detail: str, now: float, *, is_probe: bool) -> None:
        """A call brought no answer.

        An item that failed while others were answered is blamed for it, and says nothing about the endpoint any more.
        """
        self._last_error = detail
        self._failed.append(item)
        if is_probe:
            self.probe, self.has_news = Probe.FAILED, True
        elif not self.is_open and not item.is_blamed:
            self._failures += 1
            if self._failures >= FAILURES:
                self._has_tripped = self.has_news = True
                self._open(now)

    # --- Ticks ---

    def report(self, *, may_probe: bool) -> Report:
        """What to tell the other pumps."""
        self.has_news = False
        return Report(
            has_tripped=self._has_tripped,
            answered_at=self._answered_at,
            is_probing=self.probe is Probe.UNDER_WAY,
            probe_failed=self.probe is Probe.FAILED,
            may_probe=may_probe,
            last_error=self._last_error,
        )

    def heed(self, view: View, now: float) -> None:
        """Take over what all pumps together know."""
        self._has_tripped = False
        if view.is_open and not self.is_open:
            self._open(now)
        elif self.is_open and not view.is_open:
            self._close(now)
        if self.probe is not Probe.UNDER_WAY or not view.is_open:
            self.probe = Probe.ALLOWED if view.may_probe else Probe.NONE

    def _open(self, now: float) -> None:
        self.is_open, self._opened_at, self._starts = True, now, None

    def _close(self, now: float) -> None:
        self._open_seconds += now - self._opened_at
        self.is_open, self._starts, self._failures = False, 1, 0
        for item in self._failed:
            item.is_blamed = True
        self._failed.clear()
