"""Growth: what a run costs when it is ten and a hundred times as long, on tables that already hold analysed runs."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from statistics import median

from benchmarks import memory, rows, runs
from benchmarks.installation import Installation
from benchmarks.line import Line
from benchmarks.memory import Sample

SMALLEST = 1_000
STEP = 10
LATENCY_MS = 5
CPU_EXPONENT, WALL_EXPONENT = 1.02, 1.05
STATEMENTS_SHARE, STATEMENTS_BASE = 1 / 50, 50
FLAT_RATIO = 1.05  # of memory at the end to memory halfway, when every process has done each of its tasks once; half of the prompts lie between
COMPARED_SHARE = 0.1  # of a run's time that is looked at in either place
SAMPLE_SECONDS = 0.5
FEWEST_SAMPLES = 30
SHOWN_SAMPLES = 8

_STATEMENTS = """
select coalesce(sum(calls), 0)::bigint from pg_stat_statements s join pg_roles r on r.oid = s.userid
where r.rolname = %s and query not like '%%FOR KEY SHARE OF x'
"""


@dataclass(frozen=True)
class Size:
    """A run of `prompts`: seconds of CPU of all our processes and of wall, statements that PostgreSQL got from us, memory over time."""

    prompts: int
    cpu: float
    wall: float
    statements: int
    samples: list[Sample]


def growth(portal: Installation, prompts: int) -> list[Line]:
    """Runs of 1,000, 10,000 ... up to `prompts`."""
    portal.database.execute("create extension if not exists pg_stat_statements")
    count = min(SMALLEST, prompts)
    sizes = [_run(portal, count)]
    while (count := count * STEP) <= prompts:
        sizes.append(_run(portal, count))
    steps = [line for smaller, larger in itertools.pairwise(sizes) for line in _steps(smaller, larger)]
    return [*(line for size in sizes for line in _one(size)), *steps, *_memory(sizes[-1])]


def _run(portal: Installation, count: int) -> Size:
    ready = runs.get_ready(portal, latency_ms=LATENCY_MS, concurrency=rows.CONCURRENCY)
    version = runs.make_version(portal, ready, runs.prompts(count))
    portal.analyse()
    portal.database.execute("select pg_stat_statements_reset()")
    with memory.sampling(portal, every_seconds=SAMPLE_SECONDS) as samples:
        ours = runs.measure(portal, ready, version, concurrency=rows.CONCURRENCY)
    return Size(count, ours.cpu_total, ours.wall, _statements(portal), samples)


def _statements(portal: Installation) -> int:
    """Statements that the portal sent since the last reset, its heartbeats and the answers to this benchmark's polls included.

    PostgreSQL's own checks of deferred foreign keys are counted there too, and left out here.
    """
    row = portal.database.execute(_STATEMENTS, [portal.settled.login.user]).fetchone()
    return row[0] if row else 0


def _one(size: Size) -> list[Line]:
    what = f"{size.prompts:,} prompts, {LATENCY_MS} ms"
    return [
        Line(f"{what}: prompts a second", size.prompts / size.wall, None, f"{size.wall:.2f} s, {size.cpu / size.prompts * 1_000:.3f} ms CPU a prompt"),
        Line(
            f"{what}: statements",
            size.statements,
            size.prompts * STATEMENTS_SHARE + STATEMENTS_BASE,
            f"{size.statements / size.prompts:.3f} a prompt",
            unattainable="" if _few(size) else "an answer is stored before its slot is free again, so that a kill repeats only calls in flight",
        ),
    ]


def _few(size: Size) -> bool:
    return size.statements <= size.prompts * STATEMENTS_SHARE + STATEMENTS_BASE


def _steps(smaller: Size, larger: Size) -> list[Line]:
    what = f"{smaller.prompts:,} -> {larger.prompts:,}"
    return [
        Line(f"{what}: exponent of CPU", _exponent(smaller.cpu, larger.cpu), CPU_EXPONENT, f"{smaller.cpu:.2f} -> {larger.cpu:.2f} s"),
        Line(f"{what}: exponent of wall", _exponent(smaller.wall, larger.wall), WALL_EXPONENT, f"{smaller.wall:.2f} -> {larger.wall:.2f} s"),
    ]


def _exponent(smaller: float, larger: float) -> float:
    return math.log(larger / smaller) / math.log(STEP)


def _memory(size: Size) -> list[Line]:
    """Memory at the end of the longest run beside memory halfway; a short run says nothing."""
    if len(size.samples) < FEWEST_SAMPLES:
        return []
    part, half = max(1, round(len(size.samples) * COMPARED_SHARE)), len(size.samples) // 2
    shown = size.samples[:: max(1, len(size.samples) // SHOWN_SAMPLES)]
    lines = []
    for program in ("workers", "web"):
        used = [sample.megabytes[program] for sample in size.samples]
        over_time = ", ".join(f"{sample.at_seconds:.0f} s {sample.megabytes[program]:.0f}" for sample in shown)
        ratio = median(used[-part:]) / median(used[half - part : half])
        lines.append(Line(f"{size.prompts:,} prompts: memory of {program}, end / halfway", ratio, FLAT_RATIO, f"MB: {over_time}; at most {max(used):.0f}"))
    return lines
