"""Faults of endpoint and machine: what they cost a run, and what they cost a bare loop that meets the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import rows, runs
from benchmarks.installation import Installation
from benchmarks.line import Line

LATENCY_MS = 50
SHARES = {"share_429": 0.05, "share_500": 0.05}
FAULTY = sum(SHARES.values())
LEAST = 1 / (1 - FAULTY)  # requests a prompt: faults are drawn for each attempt anew, so one in ten second calls fails as well
GOAL = 1.08
SLACK = 1.01
CLIENT_RETRIES = 2  # the vendor's client makes a failed call again so often unless told otherwise


def failing_endpoint(portal: Installation, count: int) -> list[Line]:
    """5 % 429 and 5 % 500, drawn for each attempt. What is needed is known: one more call for each call that failed."""
    ready = runs.get_ready(portal, latency_ms=LATENCY_MS, concurrency=rows.CONCURRENCY)
    version = runs.make_version(portal, ready, runs.prompts(count))
    with _failing(portal):
        ours = runs.measure(portal, ready, version, concurrency=rows.CONCURRENCY)
        log = portal.log()
    counts = ours.run["counts"]
    needed = count + _faults(log)
    what = f"5 % 429 + 5 % 500, {count:,} prompts"
    return [
        Line(f"{what}: prompts without an answer", count - counts["answered"] - counts["refused"], 0, f"in {ours.wall:.0f} s"),
        Line(
            f"{what}: requests / N",
            log["calls"] / count,
            GOAL,
            f"{log['calls']:,} requests, {_faults(log):,} of them failed; expected {LEAST:.3f} N",
            unattainable=f"each attempt fails with {FAULTY:.0%}, so N answers take N / (1 - {FAULTY:g}) = {LEAST:.2f} N requests",
        ),
        Line(f"{what}: requests / fewest possible", log["calls"] / needed, SLACK, f"{log['calls']:,} / {needed:,}"),
        Line(f"{what}: Retry-After undercut", log["retry_after_undercut"], 0, "by the endpoint's own log"),
    ]


def bare_loop(portal: Installation, count: int) -> list[Line]:
    """The same faults, and a kill halfway, for a script that asks in a loop and keeps its answers in memory."""
    lines = []
    for retries in (0, CLIENT_RETRIES):
        with _failing(portal):
            ended = json.loads(_loop(portal, count, retries=retries).communicate()[0])
            log = portal.log()
        what = f"a bare loop, {retries} retries, 5 % 429 + 5 % 500, {count:,} prompts"
        figures = f"{ended['answered']:,} answered with {log['calls']:,} requests in {ended['wall']:.0f} s; {log['retry_after_undercut']} Retry-After undercut"
        lines.append(Line(f"{what}: prompts without an answer", count - ended["answered"], None, figures))
    return [*lines, *_killed_loop(portal, count)]


def _killed_loop(portal: Installation, count: int) -> list[Line]:
    """kill -9 when half of the answers are in, and the script started again."""
    portal.reset_log()
    script = _loop(portal, count, retries=CLIENT_RETRIES)
    rows.await_that(lambda: portal.log()["answers_completed"] >= count // 2)
    script.kill()
    script.communicate()
    lost = portal.log()["answers_completed"]
    _loop(portal, count, retries=CLIENT_RETRIES).communicate()
    log = portal.log()
    what = f"a bare loop, kill -9 at half of {count:,}"
    return [
        Line(f"{what}: answers lost", lost, None, "all that it had"),
        Line(f"{what}: calls made twice", log["calls"] - count, None, f"{log['calls']:,} calls; nobody starts it again by itself"),
    ]


def _loop(portal: Installation, count: int, *, retries: int) -> subprocess.Popen[str]:
    options = ["--retries", str(retries), "--mark", runs.prompts(1)[0]]
    return subprocess.Popen([*rows.floor_command(portal, count, LATENCY_MS), *options], stdout=subprocess.PIPE, text=True)


@contextmanager
def _failing(portal: Installation) -> Iterator[None]:
    """The endpoint fails by shares, and its log begins anew."""
    portal.simulator.post("/_simulator/settings", json=SHARES).raise_for_status()
    portal.reset_log()
    try:
        yield
    finally:
        portal.simulator.post("/_simulator/settings", json=dict.fromkeys(SHARES, 0)).raise_for_status()


def _faults(log: dict[str, Any]) -> int:
    return sum(log["statuses"].get(status, 0) for status in ("429", "500"))
