"""When schedules are due: days, clocks that change, and what holds of every rhythm in every place."""

from __future__ import annotations

import calendar
import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from measurements.enums import Rhythm
from measurements.rhythms import Timing, due_after, due_times_until, moment_of, next_due_times, shift_of, time_zones

ONE_DAY = datetime.timedelta(days=1)
LONGEST_SHIFT = datetime.timedelta(hours=26)  # the largest known change of a clock skips a day (Samoa, 2011)
PLACES = ("UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca")


def utc(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=datetime.UTC)  # type: ignore[arg-type, misc]


def daily(hour: int, minute: int = 0, zone: str = "Europe/Berlin") -> Timing:
    return Timing(Rhythm.DAILY, datetime.time(hour, minute), zone)


def monthly(day: int, hour: int = 3, zone: str = "UTC") -> Timing:
    return Timing(Rhythm.MONTHLY, datetime.time(hour), zone, month_day=day)


# --- Clocks that change (REL-31) ---
def test_time_stays_local_when_the_clocks_change() -> None:
    assert due_after(daily(9), utc(2027, 3, 27, 12)) == utc(2027, 3, 28, 7)
    assert due_after(daily(9), utc(2027, 3, 26, 12)) == utc(2027, 3, 27, 8)


def test_time_that_does_not_exist_is_due_at_the_end_of_the_gap() -> None:
    due = next_due_times(daily(2, 30), utc(2027, 3, 27, 12), 2)

    assert due == [utc(2027, 3, 28, 1), utc(2027, 3, 29, 0, 30)]
    assert shift_of(daily(2, 30), due[0]) == "02:30 doesn't exist on this day, since the clocks go forward."


def test_time_that_comes_twice_is_due_at_the_first_and_once() -> None:
    due = next_due_times(daily(2, 30), utc(2027, 10, 30, 12), 2)

    assert due == [utc(2027, 10, 31, 0, 30), utc(2027, 11, 1, 1, 30)]
    assert shift_of(daily(2, 30), due[0]) == "02:30 comes twice on this day; this is the first of the two."
    assert due_after(daily(2, 30), utc(2027, 10, 31, 1, 0)) == utc(2027, 11, 1, 1, 30), "between the two it has been due already"


def test_gap_at_midnight_moves_it_within_the_day() -> None:
    assert due_after(daily(0, 30, "America/Havana"), utc(2027, 3, 13, 12)) == utc(2027, 3, 14, 5)


def test_gap_of_half_an_hour_ends_at_its_own_minute() -> None:
    due = moment_of(datetime.date(2027, 10, 3), datetime.time(2, 15), ZoneInfo("Australia/Lord_Howe"))

    assert due.astimezone(ZoneInfo("Australia/Lord_Howe")).time() == datetime.time(2, 30)


def test_day_that_a_place_skipped_is_due_once() -> None:
    due = next_due_times(daily(0, 0, "Pacific/Apia"), utc(2011, 12, 29, 8), 3)

    assert due == [utc(2011, 12, 29, 10), utc(2011, 12, 30, 10), utc(2011, 12, 31, 10)]


# --- Days ---
def test_month_without_the_day_is_due_on_its_last() -> None:
    days = [due.date() for due in next_due_times(monthly(31), utc(2027, 1, 1), 4)]

    assert days == [datetime.date(2027, 1, 31), datetime.date(2027, 2, 28), datetime.date(2027, 3, 31), datetime.date(2027, 4, 30)]


def test_leap_day_is_february_s_last_where_there_is_one() -> None:
    assert due_after(monthly(29), utc(2028, 2, 1)) == utc(2028, 2, 29, 3)
    assert due_after(monthly(29), utc(2027, 2, 1)) == utc(2027, 2, 28, 3)
    assert due_after(monthly(30), utc(2028, 1, 31)) == utc(2028, 2, 29, 3)
    assert due_after(daily(3, zone="UTC"), utc(2028, 2, 28, 12)) == utc(2028, 2, 29, 3)


def test_month_turns_over_into_the_next_year() -> None:
    assert due_after(monthly(15), utc(2027, 12, 20)) == utc(2028, 1, 15, 3)


def test_weekday_is_that_of_the_place() -> None:
    monday_in_auckland = Timing(Rhythm.WEEKLY, datetime.time(8), "Pacific/Auckland", weekday=0)

    assert due_after(monday_in_auckland, utc(2027, 6, 1)) == utc(2027, 6, 6, 20)


def test_due_time_itself_is_not_after_itself() -> None:
    assert due_after(daily(3, zone="UTC"), utc(2027, 5, 5, 3)) == utc(2027, 5, 6, 3)


def test_times_until_a_moment_include_both_ends() -> None:
    timing = daily(3, zone="UTC")

    assert due_times_until(timing, utc(2027, 5, 5, 3), utc(2027, 5, 7, 3)) == [utc(2027, 5, 5, 3), utc(2027, 5, 6, 3), utc(2027, 5, 7, 3)]
    assert due_times_until(timing, utc(2027, 5, 5, 3), utc(2027, 5, 5, 2, 59)) == []


def test_places_that_say_nothing_about_a_place_are_not_offered() -> None:
    assert "Europe/Berlin" in time_zones()
    assert not {"Factory", "localtime", "posixrules"} & set(time_zones())


# --- What holds of every rhythm in every place ---
@st.composite
def timings(draw: st.DrawFn) -> Timing:
    rhythm = draw(st.sampled_from(Rhythm.values))
    return Timing(
        rhythm,
        datetime.time(draw(st.integers(0, 23)), draw(st.integers(0, 59))),
        draw(st.sampled_from(PLACES)),
        weekday=draw(st.integers(0, 6)) if rhythm == Rhythm.WEEKLY else None,
        month_day=draw(st.integers(1, 31)) if rhythm == Rhythm.MONTHLY else None,
    )


moments = st.integers(int(utc(2010, 1, 1).timestamp()), int(utc(2038, 1, 1).timestamp())).map(
    lambda second: datetime.datetime.fromtimestamp(second, datetime.UTC)
)
APART = {
    Rhythm.DAILY: (datetime.timedelta(hours=20), ONE_DAY + LONGEST_SHIFT),
    Rhythm.WEEKLY: (6 * ONE_DAY - LONGEST_SHIFT, 8 * ONE_DAY + LONGEST_SHIFT),
    Rhythm.MONTHLY: (27 * ONE_DAY, 32 * ONE_DAY + LONGEST_SHIFT),
}


@given(timings(), moments)
def test_due_times_follow_each_other_a_rhythm_apart(timing: Timing, after: datetime.datetime) -> None:
    due = next_due_times(timing, after, 5)
    shortest, longest = APART[Rhythm(timing.rhythm)]

    assert after < due[0] <= after + longest
    assert all(shortest <= later - earlier <= longest for earlier, later in pairwise(due))


@given(timings(), moments)
def test_due_times_have_the_chosen_day_and_time_unless_the_clocks_went_forward(timing: Timing, after: datetime.datetime) -> None:
    for due in next_due_times(timing, after, 3):
        local = due.astimezone(timing.zone)
        if "doesn't exist" in shift_of(timing, due):
            before = (due - datetime.timedelta(seconds=1)).astimezone(timing.zone)
            assert before.utcoffset() < local.utcoffset(), "the first moment after a gap"  # type: ignore[operator]
            continue
        assert local.time() == timing.at_time
        assert local.fold == 0
        assert timing.weekday in (None, local.weekday())
        if timing.month_day is not None:
            assert local.day == min(timing.month_day, calendar.monthrange(local.year, local.month)[1])


@given(timings(), moments, st.integers(0, 10**6))
def test_asking_at_any_moment_between_two_due_times_gives_the_second(timing: Timing, after: datetime.datetime, share: int) -> None:
    first, second = next_due_times(timing, after, 2)

    assert due_after(timing, first + (second - first) * share / (10**6 + 1)) == second


@given(timings(), moments)
def test_nothing_is_due_twice_and_nothing_is_left_out(timing: Timing, after: datetime.datetime) -> None:
    first = due_after(timing, after)
    stepped = [first]
    while len(stepped) < 6:
        stepped.append(due_after(timing, stepped[-1]))

    assert due_times_until(timing, first, stepped[-1]) == stepped
