"""Readers of pages and their visits: seconds of a request over loopback, browser's side, the median of several: an upper bound of the server's own time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx2

from benchmarks.installation import Installation
from raiportal.embedded import folder

COOKIE = "sessionid"  # as Django names it
OK = 200


@dataclass(frozen=True)
class Reader:
    """Somebody signed in."""

    name: str
    key: str
    browser: httpx2.Client


@dataclass(frozen=True)
class Visit:
    """One page as a reader gets it: seconds (median, and the least, which says most on a busy machine) and bytes."""

    seconds: float
    least_seconds: float
    size: int


def visit(reader: Reader, path: str, times: int) -> Visit:
    """Of so many requests, after one that warms up. Any answer but 200 ends the benchmark."""
    seconds, size = [], 0
    for _ in range(times + 1):
        began = time.perf_counter()
        answer = reader.browser.get(path)
        seconds.append(time.perf_counter() - began)
        if answer.status_code != OK:
            raise SystemExit(f"{path}: {answer.status_code}")
        size = len(answer.content)
    return Visit(median(seconds[1:]), min(seconds[1:]), size)


def readers(portal: Installation, systems: list[int]) -> tuple[Reader, Reader, Reader]:
    """Somebody who reads every system, a viewer of the given ones, and the administrator."""
    keys = asked(portal, "people", *map(str, systems))
    names = {"every system": "everything", f"{len(systems)} of them": "some", "administrator": "administrator"}
    everything, some, administrator = (_reader(portal, name, keys[key]) for name, key in names.items())
    return everything, some, administrator


def _reader(portal: Installation, name: str, key: str) -> Reader:
    base = f"http://localhost:{portal.settled.port}"
    return Reader(name, key, httpx2.Client(base_url=base, cookies={COOKIE: key}, headers={"Accept-Encoding": "identity"}, timeout=60, trust_env=False))


def asked(portal: Installation, *arguments: str) -> Any:
    """What `benchmarks.reading` answers inside the installation's environment."""
    command = [sys.executable, "-m", "benchmarks.reading", *arguments]
    done = subprocess.run(command, env=portal.settled.environment, cwd=folder.CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])
