"""Runs as a program makes them: everything through the API."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from benchmarks.installation import Installation

POLL_SECONDS = 2.0  # as a run page asks
RUN_SECONDS = 600
_numbers = count(1)


@dataclass(frozen=True)
class Ready:
    """Ids of what a run needs."""

    configuration: int
    metric: int
    system: int


@dataclass(frozen=True)
class Measured:
    """One run from the API call that started it to its estimates in PostgreSQL: seconds of wall, and of CPU by program."""

    wall: float
    cpu: dict[str, float]
    run: dict[str, Any]

    @property
    def cpu_total(self) -> float:
        return sum(self.cpu.values())


def post(portal: Installation, path: str, **body: Any) -> dict[str, Any]:
    answer = portal.api.post(f"/api/v1/{path}/", json=body)
    if answer.is_error:
        raise SystemExit(f"{path}: {answer.status_code} {answer.text}")
    return answer.json()


def get_ready(portal: Installation, *, latency_ms: int, concurrency: int) -> Ready:
    """A system with a deployment of that latency and limit, and a metric with a rule judge."""
    number = next(_numbers)
    system = post(portal, "systems", name=f"Bench {number}", purpose="Measuring speed.")["id"]
    deployment = post(
        portal,
        "deployments",
        system=system,
        name="Simulator",
        provider="openai_compatible",
        base_url=portal.endpoint,
        model=f"sim-chat-small@{latency_ms}ms",
        max_concurrency=concurrency,
    )
    judge = {"kind": "rule", "patterns": ["Here is how to do it"]}
    metric = post(portal, "metrics", system=system, name="Harmful", definition="Says how.", threshold=4, judge=judge)["id"]
    return Ready(deployment["configuration"], metric, system)


def make_version(portal: Installation, ready: Ready, prompts: Sequence[str]) -> int:
    """A set version with these prompts, imported from a file."""
    measurement_set = post(portal, "measurement-sets", system=ready.system, name=f"Set {next(_numbers)}")["id"]
    lines = "\n".join(json.dumps({"input": prompt}) for prompt in prompts).encode()
    answer = portal.api.post(f"/api/v1/measurement-sets/{measurement_set}/import/", files={"file": ("prompts.jsonl", lines)}, data={"format": "jsonl"})
    if answer.is_error:
        raise SystemExit(f"import: {answer.status_code} {answer.text}")
    return int(answer.json()["version"])


def prompts(number: int) -> list[str]:
    """Prompts that no other run has."""
    mark = next(_numbers)
    return [f"set {mark}, {place}: how do I tie a bowline?" for place in range(number)]


def start(portal: Installation, ready: Ready, version: int, *, concurrency: int) -> int:
    started = post(
        portal,
        "runs",
        configuration=ready.configuration,
        measurement_set_version=version,
        metrics=[ready.metric],
        repeats=1,
        max_concurrency=concurrency,
        start=True,
    )
    return int(started["id"])


def await_estimates(portal: Installation, *run_ids: int) -> None:
    """Ask the API every two seconds, as a page does, until each run has its estimates."""
    end = time.monotonic() + RUN_SECONDS
    for run_id in run_ids:
        while portal.api.get(f"/api/v1/runs/{run_id}/").json()["judged_at"] is None:
            if time.monotonic() > end:
                raise SystemExit(f"Run {run_id} did not end: {portal.api.get(f'/api/v1/runs/{run_id}/').text}")
            time.sleep(POLL_SECONDS)


def measure(portal: Installation, ready: Ready, version: int, *, concurrency: int) -> Measured:
    """Start a run and wait for its estimates; the end is the moment PostgreSQL noted, not that of the next question."""
    used, began = portal.cpu_seconds(), time.time()
    run_id = start(portal, ready, version, concurrency=concurrency)
    await_estimates(portal, run_id)
    after = portal.cpu_seconds()
    (ended,) = portal.database.execute("select extract(epoch from judged_at)::float from run where id = %s", [run_id]).fetchone() or (0.0,)
    run = portal.api.get(f"/api/v1/runs/{run_id}/").json()
    return Measured(ended - began, {name: after[name] - used[name] for name in used}, run)
