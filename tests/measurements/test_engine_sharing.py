"""Shares of slots, rates a minute and waits between calls: pure rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.engine import retry
from measurements.engine.grants import fair_shares
from measurements.engine.rates import Bucket
from systems.providers import Retryable, RetryKind


@pytest.mark.parametrize(
    ("limit", "wanted", "shares"),
    [
        (32, [32], [32]),
        (32, [32, 32], [16, 16]),
        (32, [4, 32], [4, 28]),
        (10, [8, 8, 1], [5, 4, 1]),
        (2, [1, 1, 1], [1, 1, 0]),
        (8, [0, 3], [0, 3]),
        (8, [], []),
    ],
)
def test_slots_are_shared_fairly(limit: int, wanted: list[int], shares: list[int]) -> None:
    assert fair_shares(limit, wanted) == shares


@given(st.integers(0, 50), st.lists(st.integers(0, 40), max_size=8))
def test_shares_waste_nothing_and_favour_nobody(limit: int, wanted: list[int]) -> None:
    shares = fair_shares(limit, wanted)

    assert sum(shares) == min(limit, sum(wanted))
    assert all(share <= want for share, want in zip(shares, wanted, strict=True))
    short = [share for share, want in zip(shares, wanted, strict=True) if share < want]
    assert not short or max(shares) <= min(short) + 1


@given(st.integers(1, 5_000), st.lists(st.floats(0.0, 3.0), min_size=1, max_size=400))
def test_no_minute_gets_more_requests_than_its_share(per_minute: int, pauses: list[float]) -> None:
    now, started = 0.0, []
    bucket = Bucket(now)
    bucket.limit(per_minute, now)
    for pause in pauses:
        now += pause
        while bucket.take(1, now):
            started.append(now)

    for first in range(len(started)):
        within = sum(moment < started[first] + 60.0 - 1e-6 for moment in started[first:])
        assert within <= per_minute


def test_a_bucket_says_when_it_will_give() -> None:
    bucket = Bucket(0.0)
    bucket.limit(60, 0.0)

    wait = bucket.seconds_until(1, 0.0)

    assert wait == pytest.approx(1.0)
    assert not bucket.take(1, 0.9)
    assert bucket.take(1, 1.0 + 1e-9)


def test_a_bucket_charges_what_a_call_really_took() -> None:
    bucket = Bucket(0.0)
    bucket.limit(6_000, 0.0)
    assert bucket.take(10, 10.0)

    bucket.correct(190)

    assert bucket.seconds_until(10, 10.0) > 1.5


def test_a_wish_to_wait_is_never_undercut() -> None:
    error = Retryable(RetryKind.RATE_LIMITED, "later", retry_after=20.0)

    verdict = retry.after(error, calls=1, elapsed_seconds=0.0)

    assert verdict.wait_seconds >= 20.0


def test_waits_grow_and_are_spread() -> None:
    waits = [[retry.backoff(calls) for _ in range(200)] for calls in (1, 4, 20)]

    assert max(waits[0]) <= 1.0 < max(waits[1]) <= 8.0 < max(waits[2]) <= retry.BACKOFF_CAP_SECONDS
    assert min(waits[1]) < 1.0


@pytest.mark.parametrize(
    ("retry_after", "calls", "elapsed", "verdict"),
    [(None, 6, 0.0, "given_up"), (None, 1, 901.0, "given_up"), (60.0, 1, 850.0, "given_up"), (121.0, 1, 0.0, "too_long"), (None, 5, 0.0, "")],
)
def test_calls_end_after_six_or_fifteen_minutes(retry_after: float | None, calls: int, elapsed: float, verdict: str) -> None:
    found = retry.after(Retryable(RetryKind.RATE_LIMITED, "later", retry_after=retry_after), calls=calls, elapsed_seconds=elapsed)

    assert (found.given_up, found.too_long) == (verdict == "given_up", verdict == "too_long")
