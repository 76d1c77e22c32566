"""Clocks against their targets: how long something has taken, or how much time is left for it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from raiportal.look import formats
from raiportal.look.charts import percentage
from raiportal.look.marks import Mark

SOON_SHARE = 0.75  # of the target has passed: what is left is getting short
GOAL_SHARE = 0.8  # where the target's tick stands, so that a bar can go past it

ClockState = Literal["done", "late", "running", "soon", "over"]
MARKS: dict[ClockState, tuple[str, str]] = {
    "done": ("holds", "ok"),
    "late": ("fails", "bad"),
    "running": ("running", "info"),
    "soon": ("clock", "warn"),
    "over": ("fails", "bad"),
}
CLASSES: dict[ClockState, str] = {"done": "done", "late": "over", "running": "", "soon": "soon", "over": "over"}


@dataclass(frozen=True)
class Clock:
    """What is timed, from when, and the target in seconds. `stopped_at` is when it was done; `note` follows the target's words."""

    label: str
    started_at: datetime.datetime
    target_seconds: int
    stopped_at: datetime.datetime | None = None
    note: str = ""

    @property
    def due_at(self) -> datetime.datetime:
        return self.started_at + datetime.timedelta(seconds=self.target_seconds)


@dataclass(frozen=True)
class ClockFace:
    """A clock as it stands at a moment: `figure` with `unit` ("left", "over", "" when done), `bar` the length of its bar."""

    clock: Clock
    state: ClockState
    figure: str
    unit: str
    bar: str
    when: str  # it is due, or was done

    @property
    def css(self) -> str:
        return f"clock {CLASSES[self.state]}".strip()

    @property
    def mark(self) -> Mark:
        shape, tone = MARKS[self.state]
        return Mark(self.clock.label, shape, tone)  # type: ignore[arg-type]  # tones of the table above

    @property
    def goal(self) -> str:
        return percentage(GOAL_SHARE)

    @property
    def target(self) -> str:
        return f"target {formats.duration(self.clock.target_seconds)}"

    @property
    def is_ticking(self) -> bool:
        return self.clock.stopped_at is None


def clock_face(clock: Clock, now: datetime.datetime) -> ClockFace:
    """How the clock stands: done or late when stopped, else running, soon (a quarter of its time is left) or over."""
    when = formats.moment(clock.stopped_at or clock.due_at, now)
    seconds = ((clock.stopped_at or now) - clock.started_at).total_seconds()
    left = clock.target_seconds - seconds
    bar = percentage(min(max(seconds / clock.target_seconds, 0.0) * GOAL_SHARE, 1.0))
    if clock.stopped_at is not None:
        late = f"{_span(-left)} late" if left < 0 else ""
        return ClockFace(clock, "late" if left < 0 else "done", _span(seconds), late, bar, when)
    if left < 0:
        return ClockFace(clock, "over", _span(-left), "over", bar, when)
    return ClockFace(clock, "soon" if seconds >= SOON_SHARE * clock.target_seconds else "running", _span(left), "left", bar, when)


def _span(seconds: float) -> str:
    """The two largest units, but no seconds: a clock that people glance at."""
    minutes = int(seconds // 60)
    return formats.duration(minutes * 60) if minutes else f"under 1{formats.NO_BREAK}min"
