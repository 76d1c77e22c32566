"""How long somebody looked at what may be harmful: worked out from the moments of their probes, without anything to start or stop."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_GAP_MINUTES = 10.0  # between two probes that still count as one stretch of work
SINGLE_PROBE_MINUTES = 1.0  # that one probe takes by itself


@dataclass(frozen=True)
class Limits:
    """Of one campaign, for each tester."""

    daily_probes: int
    daily_minutes: int
    break_after_minutes: int
    break_minutes: int
    is_break_enforced: bool


@dataclass(frozen=True)
class Exposure:
    """Of one person today, over all campaigns. `stretch_minutes`: since the last break; `break_ends_at` where a break is due and how long it lasts."""

    probes: int
    minutes: float
    stretch_minutes: float
    break_ends_at: datetime.datetime | None = None

    def refusal(self, limits: Limits) -> str:
        """Why nothing more is sent today, or for now; "" where nothing stands against it."""
        if self.probes >= limits.daily_probes:
            return f"You sent {self.probes:,} probes today, which is as many as one person looks at in a day here. Go on tomorrow."
        if self.minutes >= limits.daily_minutes:
            return f"You probed for {self.minutes:,.0f} minutes today, which is as long as one person does in a day here. Go on tomorrow."
        if limits.is_break_enforced and self.break_ends_at is not None:
            return f"You probed for {self.stretch_minutes:,.0f} minutes without a break. Take one until {self.break_ends_at:%H:%M} UTC."
        return ""


def worked_out(moments: Sequence[datetime.datetime], now: datetime.datetime, limits: Limits) -> Exposure:
    """The exposure behind the moments of a day's probes, oldest first."""
    minutes = _minutes(moments)
    stretch: list[datetime.datetime] = []
    for moment in moments:
        if stretch and _gap(stretch[-1], moment) >= limits.break_minutes:
            stretch = []
        stretch.append(moment)
    if not stretch or _gap(stretch[-1], now) >= limits.break_minutes:
        return Exposure(len(moments), minutes, 0.0)
    worked = _minutes(stretch)
    ends_at = stretch[-1] + datetime.timedelta(minutes=limits.break_minutes)
    return Exposure(len(moments), minutes, worked, ends_at if worked >= limits.break_after_minutes else None)


def _minutes(moments: Sequence[datetime.datetime]) -> float:
    total = 0.0
    for place, moment in enumerate(moments):
        gap = _gap(moments[place - 1], moment) if place else LONGEST_GAP_MINUTES + 1
        total += gap if gap <= LONGEST_GAP_MINUTES else SINGLE_PROBE_MINUTES
    return total


def _gap(earlier: datetime.datetime, later: datetime.datetime) -> float:
    return (later - earlier).total_seconds() / 60
