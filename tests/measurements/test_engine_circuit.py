"""The circuit breaker: what one pump sees, what all of them decide, and that a probe is one call by one pump."""

from __future__ import annotations

import datetime
import uuid

import pytest

from measurements.engine import circuit
from measurements.engine.breaker import FAILURES, Breaker, Probe
from measurements.engine.circuit import Report, Row, Step, View, decide
from measurements.engine.items import Item
from systems.providers import Call

MINE, OTHER = uuid.uuid4(), uuid.uuid4()
NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


def item(number: int = 0) -> Item:
    return Item(lease_id=1, number=number, call=Call([]), tokens=1)


def row(*, age: float = 10.0, probe_in: float = -1.0, prober: uuid.UUID | None = None) -> Row:
    return Row(NOON, age, probe_in, probes=2, prober=prober, last_error="Down.")


def tripped(at: float = 100.0) -> Breaker:
    breaker = Breaker()
    for number in range(FAILURES):
        breaker.fail(item(number), "Down.", at, is_probe=False)
    return breaker


# --- One pump ---


def test_failures_in_a_row_open_it_and_are_news() -> None:
    breaker = Breaker()
    for number in range(FAILURES - 1):
        breaker.fail(item(number), "Down.", 100.0, is_probe=False)
    assert not breaker.is_open

    breaker.fail(item(9), "Down.", 100.0, is_probe=False)

    assert (breaker.is_open, breaker.has_news, breaker.slots(32)) == (True, True, 0)
    assert breaker.report(may_probe=True).has_tripped


def test_an_answer_between_them_keeps_it_closed() -> None:
    breaker = Breaker()
    for number in range(3 * FAILURES):
        breaker.fail(item(number), "Down.", 100.0, is_probe=False)
        if number % (FAILURES - 1) == 0:
            breaker.answer(100.0, granted=8)

    assert not breaker.is_open


def test_time_stands_still_while_it_is_open() -> None:
    breaker = tripped(at=100.0)

    assert breaker.working_time(400.0) == 100.0
    breaker.heed(View(), 400.0)

    assert breaker.working_time(410.0) == 110.0


def test_calls_come_back_one_more_for_each_answer() -> None:
    breaker = tripped()
    breaker.heed(View(), 101.0)
    used = [breaker.slots(4)]
    for _ in range(4):
        breaker.answer(102.0, granted=4)
        used.append(breaker.slots(4))

    assert used == [1, 2, 3, 4, 4]


def test_an_item_that_failed_alone_is_no_sign_against_the_endpoint() -> None:
    breaker, bad = Breaker(), item()
    for _ in range(FAILURES):
        breaker.fail(bad, "It chokes on this one.", 100.0, is_probe=False)
    breaker.heed(View(), 101.0)

    for _ in range(3 * FAILURES):
        breaker.fail(bad, "It chokes on this one.", 102.0, is_probe=False)

    assert bad.is_blamed
    assert not breaker.is_open


def test_a_pump_hears_of_an_open_circuit_and_of_its_end() -> None:
    breaker = Breaker()
    breaker.heed(View(is_open=True), 100.0)
    assert breaker.slots(8) == 0
    assert breaker.probe is Probe.NONE

    breaker.heed(View(is_open=True, may_probe=True), 101.0)
    assert breaker.probe is Probe.ALLOWED

    breaker.heed(View(), 102.0)
    assert (breaker.slots(8), breaker.probe) == (1, Probe.NONE)


def test_a_failed_probe_is_news_and_nothing_else() -> None:
    breaker = tripped()
    breaker.heed(View(is_open=True, may_probe=True), 101.0)
    breaker.begin_probe()
    assert breaker.report(may_probe=True).is_probing

    breaker.fail(item(), "Still down.", 102.0, is_probe=True)
    assert breaker.has_news

    report = breaker.report(may_probe=True)
    assert (report.probe_failed, report.has_tripped, report.last_error) == (True, False, "Still down.")


# --- All pumps ---


@pytest.mark.parametrize(
    ("found", "report", "step"),
    [
        (None, Report(), Step.NOTHING),
        (None, Report(has_tripped=True), Step.OPEN),
        (row(), Report(may_probe=True), Step.PROBE),
        (row(), Report(may_probe=False), Step.NOTHING),
        (row(probe_in=3.0), Report(may_probe=True), Step.NOTHING),
        (row(prober=OTHER), Report(may_probe=True), Step.NOTHING),
        (row(prober=MINE), Report(may_probe=True, is_probing=True), Step.NOTHING),
        (row(prober=MINE), Report(may_probe=True, probe_failed=True), Step.POSTPONE),
        (row(prober=MINE), Report(may_probe=True), Step.NOTHING),
        (row(prober=MINE), Report(may_probe=False, is_probing=True), Step.NOTHING),
        (row(prober=MINE), Report(may_probe=False), Step.POSTPONE),  # it was paused before it could ask
        (row(prober=uuid.uuid4()), Report(may_probe=True), Step.PROBE),  # the prober is dead: it holds no grant
    ],
)
def test_each_tick_takes_one_step(found: Row | None, report: Report, step: Step) -> None:
    assert decide(found, report, MINE, {OTHER}, answered_ago=None, is_first=False) is step


@pytest.mark.parametrize(("answered_ago", "step"), [(9.9, Step.CLOSE), (10.1, Step.NOTHING), (None, Step.NOTHING)])
def test_only_an_answer_since_it_opened_closes_it(answered_ago: float | None, step: Step) -> None:
    assert decide(row(age=10.0, probe_in=5.0), Report(), MINE, set(), answered_ago=answered_ago, is_first=False) is step


@pytest.mark.parametrize(("age", "is_first", "step"), [(3_600.0, True, Step.CLOSE), (3_600.0, False, Step.PROBE), (3_599.0, True, Step.PROBE)])
def test_what_nobody_has_watched_for_an_hour_is_forgotten(age: float, is_first: bool, step: Step) -> None:
    assert decide(row(age=age), Report(may_probe=True), MINE, set(), answered_ago=None, is_first=is_first) is step


def test_probes_grow_apart_up_to_half_a_minute() -> None:
    assert [circuit.probe_interval(probes) for probes in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert circuit.probe_interval(10_000) == 30
