"""When a schedule is due: every day, week or month at a time of day in the time zone of a place. Pure functions; moments that come out are in UTC.

Clocks change, so a local time may not exist on a day, or come twice. A time that doesn't exist is due at the first moment after the gap; of one that
comes twice the first is due, once. A month without the day is due on its last one.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from measurements.enums import Rhythm

DAYS_A_WEEK = 7
MONTHS_A_YEAR = 12
ONE_DAY = datetime.timedelta(days=1)
NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})  # names of the time zone database that say nothing about a place


@dataclass(frozen=True)
class Timing:
    """A rhythm with what it needs: `weekday` 0 (Monday) to 6 of a weekly one, `month_day` 1 to 31 of a monthly one; `time_zone` is an IANA name."""

    rhythm: str
    at_time: datetime.time
    time_zone: str
    weekday: int | None = None
    month_day: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def due_after(timing: Timing, after: datetime.datetime) -> datetime.datetime:
    """The first due time later than `after`."""
    return next(due_times_after(timing, after))


def next_due_times(timing: Timing, after: datetime.datetime, count: int) -> list[datetime.datetime]:
    return list(islice(due_times_after(timing, after), count))


def due_times_until(timing: Timing, first: datetime.datetime, until: datetime.datetime) -> list[datetime.datetime]:
    """`first`, which is a due time, and those after it, as far as `until`, which is included. None when `first` is later."""
    if first > until:
        return []
    return [first, *takewhile(lambda moment: moment <= until, due_times_after(timing, first))]


def due_times_after(timing: Timing, after: datetime.datetime) -> Iterator[datetime.datetime]:
    """Every due time later than `after`, in order, without end. Days on which a gap moves two of them to one moment are due once."""
    latest = after.astimezone(datetime.UTC)
    for day in _days(timing, after.astimezone(timing.zone).date() - ONE_DAY):
        moment = moment_of(day, timing.at_time, timing.zone)
        if moment > latest:
            latest = moment
            yield moment


def shift_of(timing: Timing, moment: datetime.datetime) -> str:
    """What is odd about the local time of a due time, as a sentence; "" for the usual one."""
    local = moment.astimezone(timing.zone)
    if local.time() != timing.at_time:
        return f"{timing.at_time:%H:%M} doesn't exist on this day, since the clocks go forward."
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        return f"{timing.at_time:%H:%M} comes twice on this day; this is the first of the two."
    if timing.rhythm == Rhythm.MONTHLY and local.day != timing.month_day:
        return "The last day of the month."
    return ""


@cache
def time_zones() -> tuple[str, ...]:
    """The names of all time zones that this machine knows, in order."""
    return tuple(sorted(available_timezones() - NO_PLACES))


# --- Days ---
def _days(timing: Timing, first: datetime.date) -> Iterator[datetime.date]:
    """The days of the rhythm from `first` on."""
    if timing.rhythm == Rhythm.MONTHLY:
        yield from _month_days(timing.month_day or 1, first)
        return
    step = 1 if timing.rhythm == Rhythm.DAILY else DAYS_A_WEEK
    day = first if timing.weekday is None else first + ONE_DAY * ((timing.weekday - first.weekday()) % DAYS_A_WEEK)
    while True:
        yield day
        day += ONE_DAY * step


def _month_days(month_day: int, first: datetime.date) -> Iterator[datetime.date]:
    year, month = first.year, first.month
    while True:
        day = datetime.date(year, month, min(month_day, calendar.monthrange(year, month)[1]))
        if day >= first:
            yield day
        year, month = (year, month + 1) if month < MONTHS_A_YEAR else (year + 1, 1)


# --- From a local time to a moment ---
def moment_of(day: datetime.date, at_time: datetime.time, zone: ZoneInfo) -> datetime.datetime:
    """The moment in UTC at which a clock in `zone` shows this day and time: the first if it does twice, the end of the gap if it never does."""
    local = datetime.datetime.combine(day, at_time, zone)  # fold 0: the first of two
    moment = local.astimezone(datetime.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    return _end_of_gap(local.replace(fold=1).astimezone(datetime.UTC), moment, zone)


def _end_of_gap(before: datetime.datetime, after: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """The moment between these two at which the offset changes, by halving; changes fall on whole seconds."""
    old = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.datetime.fromtimestamp(middle, zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return datetime.datetime.fromtimestamp(high, datetime.UTC)
