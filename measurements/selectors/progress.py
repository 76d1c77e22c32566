"""How far a run is, how fast, and what it costs: from lease counters and a bounded sample of its newest outputs, never from counting rows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles

from django.db import connection

from measurements.enums import Outcome, RunState
from measurements.models import Grant, Output, Run
from raiportal import clocks

SAMPLE = 200  # newest outputs looked at for rate and latency
RATE_WINDOW_SECONDS = 10.0
PRICE_UNIT_TOKENS = 1_000_000

_COUNTERS = """
select coalesce(sum(answered), 0), coalesce(sum(input_blocked), 0), coalesce(sum(output_blocked), 0), coalesce(sum(refused), 0),
       coalesce(sum(failed), 0), coalesce(sum(attempts), 0), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0)
from lease where run_id = %s and judging_id is null
"""


@dataclass(frozen=True)
class Progress:
    """Where a run stands. `counts` maps outcomes to outputs; rates are outputs a second; `cost` is None where a price isn't known."""

    planned: int
    counts: dict[str, int]
    attempts: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal | None
    currency: str
    per_second: float | None = None
    seconds_left: float | None = None
    in_flight: int = 0
    slots_allowed: int = 0
    pumps: int = 0
    waits_until: datetime.datetime | None = None  # the endpoint asked for it
    median_latency_ms: int | None = None
    p95_latency_ms: int | None = None

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    @property
    def pending(self) -> int:
        return self.planned - self.done

    @property
    def done_rate(self) -> float:
        """Share of the planned outputs that ended, 0 to 1."""
        return self.done / self.planned


@dataclass(frozen=True)
class _Work:
    """What live grants say about a run."""

    in_flight: int
    slots: int
    pumps: int
    waits_until: datetime.datetime | None


@dataclass(frozen=True)
class _Pace:
    per_second: float | None
    median_latency_ms: int | None
    p95_latency_ms: int | None


def progress(run: Run) -> Progress:
    """Two small queries for a run that is not under way, four for one that is, whatever its size."""
    outcomes, (attempts, prompt_tokens, completion_tokens) = _counters(run)
    prices = run.snapshot["deployment"]["prices"]
    now = clocks.now()
    pace = _pace(run, now)
    work = _work(run, now) if run.state in (RunState.RUNNING, RunState.PAUSED) else _Work(0, 0, 0, None)
    pending = run.planned_count - sum(outcomes.values())
    moving = run.state == RunState.RUNNING and pace.per_second
    return Progress(
        planned=run.planned_count,
        counts=outcomes,
        attempts=attempts,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost=cost_of_tokens(prices, outcomes["answered"], prompt_tokens, completion_tokens),
        currency=prices["currency"],
        per_second=pace.per_second,
        seconds_left=pending / pace.per_second if moving and pace.per_second else None,
        in_flight=work.in_flight,
        slots_allowed=work.slots,
        pumps=work.pumps,
        waits_until=work.waits_until,
        median_latency_ms=pace.median_latency_ms,
        p95_latency_ms=pace.p95_latency_ms,
    )


def _counters(run: Run) -> tuple[dict[str, int], tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTERS, [run.pk])
        row = [int(value) for value in cursor.fetchone()]
    answered, input_blocked, output_blocked, refused, failed, attempts, prompt_tokens, completion_tokens = row
    outcomes: dict[str, int] = {
        Outcome.ANSWERED.value: answered,
        Outcome.INPUT_BLOCKED.value: input_blocked,
        Outcome.OUTPUT_BLOCKED.value: output_blocked,
        Outcome.REFUSED.value: refused,
        Outcome.FAILED.value: failed,
    }
    return outcomes, (attempts, prompt_tokens, completion_tokens)


def cost_of_tokens(prices: Mapping[str, str | None], answered: int, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """What answers cost, in the snapshot's currency. None where a price isn't known, or where the endpoint reports no tokens for its answers."""
    if prices["input"] is None or prices["output"] is None or (answered and not prompt_tokens):
        return None
    return (Decimal(prices["input"]) * prompt_tokens + Decimal(prices["output"]) * completion_tokens) / PRICE_UNIT_TOKENS


def _work(run: Run, now: datetime.datetime) -> _Work:
    grants = list(Grant.objects.filter(run=run, expires_at__gt=now))
    waits = [grant.resumes_at for grant in grants if grant.resumes_at is not None and grant.resumes_at > now]
    return _Work(sum(grant.in_flight for grant in grants), sum(grant.slots for grant in grants), len(grants), max(waits, default=None))


def _pace(run: Run, now: datetime.datetime) -> _Pace:
    """From the newest outputs: outputs a second over the last ten seconds (of a closed run: over its whole life), and latencies."""
    sample = list(Output.objects.filter(run=run).order_by("-pk").values_list("created_at", "latency_ms")[:SAMPLE])
    latencies = sorted(latency for _, latency in sample if latency is not None)
    middle = round(median(latencies)) if latencies else None
    high = round(quantiles(latencies, n=20, method="inclusive")[-1]) if len(latencies) > 1 else middle
    return _Pace(_per_second(run, [at for at, _ in sample], now), middle, high)


def _per_second(run: Run, newest: list[datetime.datetime], now: datetime.datetime) -> float | None:
    if run.started_at is None or not newest:
        return None
    if run.finished_at is not None:
        return run.planned_count / max((run.finished_at - run.started_at).total_seconds(), 0.001)
    recent = [at for at in newest if (now - at).total_seconds() <= RATE_WINDOW_SECONDS]
    if not recent:
        return 0.0
    whole_window = len(recent) < len(newest) or len(newest) < SAMPLE
    start = max(run.started_at, now - datetime.timedelta(seconds=RATE_WINDOW_SECONDS)) if whole_window else recent[-1]
    return len(recent) / max((now - start).total_seconds(), 0.001)
