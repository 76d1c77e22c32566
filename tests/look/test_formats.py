from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raiportal.look import formats

NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)


def spaced(text: str) -> str:
    return text.replace(formats.NO_BREAK, " ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (1_488, "1,488"), (1_234_567, "1,234,567"), (-3, "−3"), (None, "–")],
)
def test_number_groups_thousands(value: int | None, shown: str) -> None:
    assert formats.number(value) == shown


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [
        (31 / 2_383, "1.3 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.0002, "0.02 %"),
        (0.9998, "99.98 %"),
        (0.0015, "0.2 %"),
        (0.725, "72.5 %"),
        (None, "–"),
    ],
)
def test_rate_keeps_one_decimal_unless_that_would_say_none_or_all(fraction: float | None, shown: str) -> None:
    assert spaced(formats.rate(fraction)) == shown


@given(st.floats(min_value=1e-6, max_value=1 - 1e-6))
def test_rate_never_calls_a_part_none_or_all(fraction: float) -> None:
    shown = float(formats.rate(fraction).split(formats.NO_BREAK)[0])

    assert 0 < shown < 100


@pytest.mark.parametrize(("low", "high", "shown"), [(0.0092, 0.0184, "0.9–1.8"), (0.0, 0.0015, "0.0–0.2"), (0.99, 0.9997, "99.00–99.97"), (None, None, "–")])
def test_interval_gives_both_bounds_the_same_decimals(low: float | None, high: float | None, shown: str) -> None:
    assert formats.interval(low, high) == shown


def test_counted_rate_names_numerator_denominator_and_interval() -> None:
    assert spaced(formats.counted_rate(31, 2_383, 0.0092, 0.0184)) == "31 of 2,383 (1.3 %, 95 % interval 0.9 to 1.8 %)"


@pytest.mark.parametrize(("fraction", "shown"), [(0.01, "1 %"), (0.005, "0.5 %"), (0.0125, "1.25 %"), (0, "0 %")])
def test_threshold_has_no_decimals_that_nobody_wrote(fraction: float, shown: str) -> None:
    assert spaced(formats.threshold(fraction)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.35, "350 ms"),
        (3.42, "3.4 s"),
        (9.96, "10 s"),
        (59.7, "1 min"),
        (281, "4 min 41 s"),
        (4_320, "1 h 12 min"),
        (3_605, "1 h"),
        (183_600, "2 d 3 h"),
        (None, "–"),
    ],
)
def test_duration_shows_the_two_largest_units(seconds: float | None, shown: str) -> None:
    assert spaced(formats.duration(seconds)) == shown


def test_milliseconds_are_durations() -> None:
    assert spaced(formats.milliseconds(3_600)) == "3.6 s"


@pytest.mark.parametrize(("amount", "shown"), [(Decimal("7.31"), "$7.31"), (Decimal("0.0042"), "$0.0042"), (1_204, "$1,204.00"), (0, "$0.00")])
def test_money_keeps_amounts_below_a_cent(amount: Decimal, shown: str) -> None:
    assert formats.money(amount) == shown


@pytest.mark.parametrize(
    ("delta", "shown"),
    [
        (datetime.timedelta(seconds=20), "just now"),
        (datetime.timedelta(minutes=3, seconds=40), "3 min ago"),
        (datetime.timedelta(hours=1, minutes=59), "1 h ago"),
        (datetime.timedelta(days=1, hours=3), "1 day ago"),
        (datetime.timedelta(days=6, hours=23), "6 days ago"),
        (datetime.timedelta(days=7), "15 Nov"),
        (datetime.timedelta(days=400), "18 Oct 2025"),
        (datetime.timedelta(hours=-2, minutes=-5), "in 2 h"),
        (datetime.timedelta(seconds=-5), "in a moment"),
    ],
)
def test_ago_is_relative_for_a_week(delta: datetime.timedelta, shown: str) -> None:
    assert spaced(formats.ago(NOW - delta, NOW)) == shown


@pytest.mark.parametrize(("name", "letters"), [("Clinical safety lead", "CL"), ("admin", "A"), ("", "")])
def test_initials_come_from_the_first_and_last_word(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


@given(st.integers(min_value=0, max_value=formats.FILLER_MOST))
def test_filler_is_as_long_as_the_hidden_text(length: int) -> None:
    assert len(formats.filler(length)) == length


def test_filler_of_a_long_text_stops_where_the_veil_does() -> None:
    assert len(formats.filler(100_000)) == formats.FILLER_MOST
