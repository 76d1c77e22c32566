"""Importing prompts: rows a second with everything that belongs to it, and what it does to the web server's memory."""

from __future__ import annotations

import time

from benchmarks import memory, runs
from benchmarks.installation import Installation
from benchmarks.line import Line

LEAST_ROWS_A_SECOND = 1_500
FLAT_MEGABYTES = 30  # the file itself, its rows and their keys are a few megabytes; all of it at once would be more


def import_of_rows(portal: Installation, count: int) -> list[Line]:
    """One file through the API: read, checked, stored, written to the ledger. A smaller one before it warms the web server up."""
    ready = runs.get_ready(portal, latency_ms=5, concurrency=1)
    runs.make_version(portal, ready, runs.prompts(count // 10 or 1))
    prompts = runs.prompts(count)
    before = memory.megabytes(portal)["web"]
    with memory.sampling(portal, every_seconds=0.1) as samples:
        began = time.perf_counter()
        runs.make_version(portal, ready, prompts)
        seconds = time.perf_counter() - began
    highest = max((sample.megabytes["web"] for sample in samples), default=before)
    return [
        Line(f"import of {count:,} rows: rows a second", count / seconds, LEAST_ROWS_A_SECOND, f"{seconds:.2f} s", at_least=True),
        Line(f"import of {count:,} rows: MB more in the web server", highest - before, FLAT_MEGABYTES, f"{before:.0f} MB before, {highest:.0f} at most"),
    ]
