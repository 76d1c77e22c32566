"""The rows of the table: what is measured, and the goal it is held against."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import runs
from benchmarks.installation import Installation
from benchmarks.line import Line
from raiportal.embedded import programs

CONCURRENCY = 32
WARM_PROMPTS = 2_000
BACK_SECONDS = 2.0  # that a killed runner stays away
MILLISECONDS = 1_000


def warm_up(portal: Installation) -> None:
    """An earlier run, analysed, so that tables, planner, connections and caches are as in daily use."""
    ready = runs.get_ready(portal, latency_ms=5, concurrency=CONCURRENCY)
    runs.measure(portal, ready, runs.make_version(portal, ready, runs.prompts(WARM_PROMPTS)), concurrency=CONCURRENCY)
    portal.analyse()


def against_the_floor(portal: Installation, count: int, latency_ms: int = 50) -> list[Line]:
    ready = runs.get_ready(portal, latency_ms=latency_ms, concurrency=CONCURRENCY)
    version = runs.make_version(portal, ready, runs.prompts(count))
    portal.analyse()
    floor = _floor(portal, count, latency_ms)
    ours = runs.measure(portal, ready, version, concurrency=CONCURRENCY)
    parts = ", ".join(f"{name} {seconds / count * MILLISECONDS:.3f}" for name, seconds in ours.cpu.items())
    what = f"{count:,} prompts, {latency_ms} ms, {CONCURRENCY} slots"
    return [
        Line(f"{what}: wall / floor", ours.wall / floor["wall"], 1.2, f"{ours.wall:.2f} s / {floor['wall']:.2f} s"),
        Line(
            f"{what}: CPU / floor",
            ours.cpu_total / floor["cpu"],
            1.0,
            f"{ours.cpu_total / count * MILLISECONDS:.3f} / {floor['cpu'] / count * MILLISECONDS:.3f} ms a prompt ({parts})",
        ),
    ]


def slow_endpoint(portal: Installation, count: int, latency_ms: int = 500) -> list[Line]:
    ready = runs.get_ready(portal, latency_ms=latency_ms, concurrency=CONCURRENCY)
    version = runs.make_version(portal, ready, runs.prompts(count))
    floor = _floor(portal, count, latency_ms)
    ours = runs.measure(portal, ready, version, concurrency=CONCURRENCY)
    best = math.ceil(count / CONCURRENCY) * latency_ms / MILLISECONDS
    figures = f"{ours.wall:.2f} s / {best:.2f} s; the bare client takes {floor['wall']:.2f} s"
    return [Line(f"{count:,} prompts, {latency_ms} ms: wall / ideal", ours.wall / best, 1.05, figures)]


def shared_limit(portal: Installation, count: int, latency_ms: int = 200) -> list[Line]:
    """Two runs on one deployment, each by a pump of its own, on two runners."""
    ready = runs.get_ready(portal, latency_ms=latency_ms, concurrency=CONCURRENCY)
    versions = [runs.make_version(portal, ready, runs.prompts(count)) for _ in range(2)]
    portal.reset_log()
    began = time.time()
    started = [runs.start(portal, ready, version, concurrency=CONCURRENCY) for version in versions]
    runs.await_estimates(portal, *started)
    log = portal.log()
    (ended,) = portal.database.execute("select extract(epoch from max(finished_at))::float from run where id = any(%s)", [started]).fetchone() or (0.0,)
    busy = 2 * count * latency_ms / MILLISECONDS / ((ended - began) * CONCURRENCY)
    what = f"two runs of {count:,}, {latency_ms} ms, one limit of {CONCURRENCY}"
    return [
        Line(f"{what}: most calls at once", log["peak_in_flight"], CONCURRENCY, "by the endpoint's own log"),
        Line(f"{what}: share of slots busy", busy, 0.85, f"{2 * count * latency_ms / MILLISECONDS:.0f} s of calls in {ended - began:.1f} s", at_least=True),
    ]


def killed_runner(portal: Installation, count: int, latency_ms: int = 50) -> list[Line]:
    """kill -9 of every runner when half of the outputs are stored; they come back two seconds later."""
    ready = runs.get_ready(portal, latency_ms=latency_ms, concurrency=CONCURRENCY)
    version = runs.make_version(portal, ready, runs.prompts(count))
    portal.reset_log()
    run_id = runs.start(portal, ready, version, concurrency=CONCURRENCY)
    await_that(lambda: _stored(portal, run_id) >= count // 2)
    for name in programs.runner_names():
        portal.kill(name)
    kept, calls = _stored(portal, run_id), portal.log()["calls"]
    time.sleep(BACK_SECONDS)
    back = time.monotonic()
    for name in programs.runner_names():
        portal.start_again(name)
    await_that(lambda: portal.log()["calls"] > calls)
    away = time.monotonic() - back
    runs.await_estimates(portal, run_id)
    counts = portal.api.get(f"/api/v1/runs/{run_id}/").json()["counts"]
    lost = count - counts["answered"] - counts["refused"]
    what = f"kill -9 at half of {count:,}"
    return [
        Line(f"{what}: outputs lost", lost, 0, f"{kept:,} were stored when it died, {counts['answered'] + counts['refused']:,} in the end"),
        Line(f"{what}: calls made twice", portal.log()["calls"] - count, CONCURRENCY, f"{portal.log()['calls']:,} calls"),
        Line(f"{what}: seconds until it goes on", away, 15.0, "from the start of the new runner to the next call at the endpoint"),
    ]


def floor_command(portal: Installation, count: int, latency_ms: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.floor", portal.endpoint, f"sim-chat-small@{latency_ms}ms", str(count), str(CONCURRENCY)]


def _floor(portal: Installation, count: int, latency_ms: int) -> dict[str, float]:
    return json.loads(subprocess.run(floor_command(portal, count, latency_ms), capture_output=True, text=True, check=True).stdout)


def _stored(portal: Installation, run_id: int) -> int:
    row = portal.database.execute("select coalesce(sum(answered + refused + failed), 0)::int from lease where run_id = %s", [run_id]).fetchone()
    return row[0] if row else 0


def await_that(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("What the benchmark waited for did not come.")
        time.sleep(0.05)
