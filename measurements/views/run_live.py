"""A run under way, ready for its page: figures, outcome bar, budget, judging, and a tag that stays the same while nothing shown has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from measurements.enums import Outcome, RunState
from measurements.models import Run
from measurements.selectors import runs as selectors
from measurements.selectors.faults import circuit_of
from measurements.selectors.judging_rows import judging_rows, open_rows
from measurements.selectors.progress import Progress, progress
from measurements.selectors.spending import Spent, spending_of
from measurements.views import judging_parts, run_story
from measurements.views.amounts import money
from measurements.views.links import outputs_url
from measurements.views.run_story import clock
from raiportal.accounts.models import User
from raiportal.look import formats
from raiportal.look.charts import OutcomeBar, outcome_bar

FOOT_WORDS = {
    RunState.PLANNED: "Nothing has been called yet.",
    RunState.RUNNING: "Judging and estimates follow when the outputs are in. You can close this page, and the run goes on.",
    RunState.PAUSED: "No new call is made while it is paused. What is stored stays.",
    "judging": "All outputs are in. The estimates follow when they are judged. You can close this page, and the judging goes on.",
}
LEGEND_CLASSES = {Outcome.INPUT_BLOCKED.value: "o-blocked", Outcome.OUTPUT_BLOCKED.value: "o-blocked"}  # others are called like their outcome


@dataclass(frozen=True)
class Entry:
    """One entry of the outcome bar's legend, with the rows that it counts."""

    css: str
    count: int
    words: str
    url: str


@dataclass(frozen=True)
class Waiting:
    """Why a running run makes no calls just now, and when it will."""

    title: str
    text: str


@dataclass(frozen=True)
class Live:
    """A run under way. `tag` stays the same while nothing that is shown has changed."""

    progress: Progress
    bar: OutcomeBar
    legend: list[Entry]
    cost: str
    of_budget: str
    allowed: int
    phase: str
    polls: bool
    judgings: Sequence[judging_parts.JudgingLine]
    story: run_story.Told | None
    waiting: Waiting | None
    tag: str

    @property
    def foot(self) -> str:
        if self.phase != RunState.RUNNING:
            return FOOT_WORDS.get(self.phase, "")
        if not self.progress.pumps and self.progress.waits_until is None:
            return "No worker is at it just now. It goes on by itself as soon as one is free."
        return FOOT_WORDS[RunState.RUNNING]

    @property
    def percent(self) -> int:
        return int(self.progress.done_rate * 100)  # rounded down: 100 % is said when all are in


def live(run: Run, user: User) -> Live:
    now, spent, phase = progress(run), spending_of(run), selectors.phase_of(run)
    rows = open_rows(judging_rows(run)) if phase == "judging" else []
    story, waiting = run_story.told(run), _waiting(run, now)
    return Live(
        progress=now,
        bar=outcome_bar({**now.counts, "pending": now.pending}),
        legend=_legend(run, now),
        cost=_cost_words(run, now, spent),
        of_budget=_of_budget(run, spent),
        allowed=_allowed(run),
        phase=phase,
        polls=selectors.is_live(run),
        judgings=[judging_parts.line(row, user) for row in rows],
        story=story,
        waiting=waiting,
        tag=hashlib.sha256(repr((phase, run.cause, run.cause_detail, now, spent, rows, story, waiting)).encode()).hexdigest()[:16],
    )


def _waiting(run: Run, now: Progress) -> Waiting | None:
    """The circuit breaker's word comes first: while it is open nobody calls, whatever else the endpoint asked for."""
    if run.state != RunState.RUNNING or run.configuration is None:
        return None
    circuit = circuit_of(run.configuration.deployment)
    if circuit is not None:
        said = f" The last error: {circuit.last_error.rstrip('. ')}." if circuit.last_error else ""
        probe = f"The next single call goes out at {clock(circuit.probe_at)}; {_tried(circuit.probes)}"
        held = f"Calls to {run.configuration.deployment} are held back, since several in a row failed.{said}"
        text = f"{held} {probe} The run goes on by itself when one is answered."
        return Waiting(f"The endpoint has been failing since {clock(circuit.opened_at)}", text)
    if now.waits_until is not None:
        text = "It asked for a pause between calls. The run goes on by itself after that."
        return Waiting(f"The endpoint wants no call before {clock(now.waits_until)}", text)
    return None


def _tried(probes: int) -> str:
    return f"{formats.number(probes)} {'has' if probes == 1 else 'have'} been tried so far." if probes else "none has been tried so far."


def _allowed(run: Run) -> int:
    return min(run.max_concurrency, run.configuration.deployment.max_concurrency) if run.configuration else run.max_concurrency


def _cost_words(run: Run, now: Progress, spent: Spent) -> str:
    """With judging; "" where it isn't known."""
    if now.cost is None or not spent.is_priced:
        return ""
    return money(spent.cost, run.snapshot["deployment"]["prices"]["currency"])


def _of_budget(run: Run, spent: Spent) -> str:
    """`of $15 budget`, `12,000 of 50,000 tokens`, or both."""
    parts = []
    if spent.budget_cost is not None:
        parts.append(f"of {money(spent.budget_cost, run.snapshot['deployment']['prices']['currency'])} budget")
    if spent.budget_tokens is not None:
        parts.append(f"{formats.number(spent.tokens)} of {formats.number(spent.budget_tokens)} tokens")
    return ", ".join(parts)


def _legend(run: Run, now: Progress) -> list[Entry]:
    """Every outcome with the rows that it counts; what is waiting has no rows yet."""
    entries = []
    for outcome in Outcome:
        count = now.counts[outcome]
        url = outputs_url(run, outcome=outcome.value) if count else ""
        entries.append(Entry(LEGEND_CLASSES.get(outcome.value, f"o-{outcome.value}"), count, outcome.label.lower(), url))
    return [*entries, Entry("o-pending", now.pending, "waiting", "")]
