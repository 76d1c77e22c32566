"""Runs as lists, pages and the API show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from measurements.enums import CLOSED_STATES, Outcome, PauseCause, RunState
from measurements.models import Estimate, Lease, MeasurementSet, MeasurementSetVersion, Output, Run
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors.progress import cost_of_tokens
from raiportal.look.marks import RUNNING, Mark
from systems.models import AISystem, Configuration

OUTCOMES = tuple(Outcome.values)

STATE_MARKS: dict[str, Mark] = {
    RunState.PLANNED: Mark("Planned", "draft"),
    RunState.RUNNING: RUNNING,
    RunState.PAUSED: Mark("Paused", "pause", "warn"),
    RunState.COMPLETED: Mark("Completed", "holds", "ok"),
    RunState.CANCELLED: Mark("Cancelled", "stop"),
    RunState.FAILED: Mark("Failed", "fails", "bad"),
}
JUDGING = Mark("Working out estimates", "running", "info")
WITH_GAPS = Mark("With gaps", "stale", "warn")
NOT_CONCLUSIVE = Mark("Not conclusive", "fails", "bad")

REMEDIES: dict[str, str] = {
    PauseCause.PERSON: "Resume it to go on with the outputs that are still missing.",
    PauseCause.QUOTA: "Raise the quota with the provider, or wait until it is renewed, then resume.",
    PauseCause.UNAUTHORIZED: "Enter the API key of the deployment again, test the connection, then resume.",
    PauseCause.FORBIDDEN: "Give the key the right to call this model at the provider, then resume.",
    PauseCause.NOT_FOUND: "Check address and model of the deployment. A corrected address needs a new run; otherwise resume.",
    PauseCause.ENDPOINT_REFUSED: "Ask whoever runs this portal to put the host on the list of allowed endpoints, then resume.",
    PauseCause.RATE_LIMITED: "Wait until the provider takes calls again, or lower the deployment's limits, then resume.",
    PauseCause.DEPLOYMENT_CHANGED: "Switch the deployment on again, or undo the change, then resume. For a changed endpoint plan a new run.",
    PauseCause.ENDPOINT_DOWN: "Find out with whoever runs the endpoint why it fails, test the connection, then resume.",
    PauseCause.BUDGET: "Give the run a higher budget, then resume; or cancel what is left.",
    PauseCause.KEY_UNREADABLE: "Give the portal back the field keys it had, or enter the API key of the deployment again; then resume.",
    PauseCause.SYSTEM_RETIRED: "Bring the system back before you resume, or cancel what is left.",
    PauseCause.RIGHT_LOST: "Somebody who may run it can resume it; it is theirs from then on.",
}


# --- Querysets ---
def with_parts(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Runs with all that a line about them names."""
    return runs.select_related("system__scope", "configuration__deployment", "set_version__measurement_set", "created_by", "responsible")


def run_count(system: AISystem) -> int:
    return Run.objects.filter(system=system).count()


def configurations_measured(system: AISystem) -> QuerySet[Configuration]:
    of_system = Run.objects.filter(system=system, configuration=OuterRef("pk"))
    return Configuration.objects.filter(Exists(of_system)).order_by("-pk")


def sets_measured(system: AISystem) -> QuerySet[MeasurementSet]:
    measured = Run.objects.filter(system=system, set_version=OuterRef("pk"))
    used = MeasurementSetVersion.objects.filter(Exists(measured), measurement_set__system=system).values("measurement_set_id")
    return MeasurementSet.objects.filter(pk__in=used).order_by("name", "pk")


# --- Counts ---
@dataclass(frozen=True)
class Counts:
    """How many of a run's planned outputs ended how, and the tokens that they took."""

    planned: int
    outcomes: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())

    @property
    def pending(self) -> int:
        return self.planned - self.done

    @property
    def done_rate(self) -> float:
        return self.done / self.planned

    @property
    def failed(self) -> int:
        return self.outcomes[Outcome.FAILED]

    def as_plain(self) -> dict[str, int]:
        """The seven figures of the API."""
        return {"planned": self.planned, **self.outcomes, "pending": self.pending}


def counts_of(runs: Iterable[Run]) -> dict[int, Counts]:
    """By run id, in one query over lease counters: for closed and open runs alike, without counting outputs."""
    by_id = {run.pk: run for run in runs}
    names = (*OUTCOMES, "prompt_tokens", "completion_tokens")
    summed = Lease.objects.filter(run__in=by_id, judging=None).values("run_id").annotate(**{f"{name}_sum": Sum(name) for name in names}).order_by()
    sums: dict[int, Any] = {row["run_id"]: row for row in summed}
    return {pk: _counts(run, sums.get(pk, {})) for pk, run in by_id.items()}


def _counts(run: Run, sums: Mapping[str, int]) -> Counts:
    outcomes = {name: sums.get(f"{name}_sum", 0) for name in OUTCOMES}
    return Counts(run.planned_count, outcomes, sums.get("prompt_tokens_sum", 0), sums.get("completion_tokens_sum", 0))


def cost_of(run: Run, counts: Counts) -> Decimal | None:
    """By the prices that held when the run was planned."""
    return cost_of_tokens(run.snapshot["deployment"]["prices"], counts.outcomes["answered"], counts.prompt_tokens, counts.completion_tokens)


def failures_of(run: Run) -> dict[str, int]:
    """Failed outputs by reason, most first; counted from rows by the index of those that weren't answered."""
    counted = Output.objects.filter(run=run, outcome=Outcome.FAILED).values_list("reason").annotate(outputs=Count("pk")).order_by("-outputs", "reason")
    return dict(counted)


# --- Lists ---
@dataclass(frozen=True)
class RunRow:
    """One run in a list: state, progress, and the estimate of its first metric over the whole run."""

    run: Run
    counts: Counts
    estimate: Estimate | None
    more_metrics: int

    @property
    def mark(self) -> Mark:
        return mark_of(self.run)

    @property
    def flags(self) -> list[Mark]:
        return flags_of(self.run, self.counts, [self.estimate] if self.estimate else [])


def rows(runs: Sequence[Run]) -> list[RunRow]:
    """Lines of a list, in two queries more."""
    counts, estimates = counts_of(runs), estimate_selectors.whole_runs(runs)
    return [_row(run, counts[run.pk], estimates[run.pk]) for run in runs]


def _row(run: Run, counts: Counts, estimates: Sequence[Estimate]) -> RunRow:
    return RunRow(run, counts, estimates[0] if estimates else None, max(len(estimates) - 1, 0))


def mark_of(run: Run) -> Mark:
    return JUDGING if is_judging(run) else STATE_MARKS[run.state]


def is_judging(run: Run) -> bool:
    """Whether all outputs are in and the estimates are still to come."""
    return run.state == RunState.COMPLETED and run.judged_at is None


def is_live(run: Run) -> bool:
    """Whether the run's page has to look again by itself."""
    return run.state in (RunState.RUNNING, RunState.PAUSED) or is_judging(run)


def phase_of(run: Run) -> str:
    """What decides which page a run has: its state, and whether its estimates are still to come."""
    return "judging" if is_judging(run) else run.state


def flags_of(run: Run, counts: Counts, estimates: Sequence[Estimate]) -> list[Mark]:
    """What has to be known about a closed run's figures before they are used; worked out, never stored."""
    if run.state not in CLOSED_STATES:
        return []
    has_gaps = counts.failed or counts.pending or any(estimate.unjudged for estimate in estimates)
    flags = [WITH_GAPS] if has_gaps else []
    return [*flags, NOT_CONCLUSIVE] if any(not estimate.is_conclusive for estimate in estimates) else flags


# --- One run in the API's words ---
def as_plain(run: Run, counts: Counts, estimates: Sequence[Estimate]) -> dict[str, Any]:
    cost = cost_of(run, counts)
    return {
        "id": run.pk,
        "code": run.code,
        "system": run.system_id,
        "configuration": run.configuration_id,
        "measurement_set_version": run.set_version_id,
        "metrics": [metric["metric"] for metric in run.snapshot["metrics"]],
        "repeats": run.repeats,
        "max_concurrency": run.max_concurrency,
        "budget_cost": None if run.budget_cost is None else float(run.budget_cost),
        "budget_tokens": run.budget_tokens,
        "source": run.source,
        "imported": run.snapshot.get("imported"),
        "reported": run.reported,
        "state": run.state,
        "cause": run.cause or None,
        "cause_detail": run.cause_detail,
        "responsible": run.runs_for_id,
        "counts": counts.as_plain(),
        "estimates": [estimate_selectors.as_plain(estimate) for estimate in estimates],
        "has_gaps": WITH_GAPS in flags_of(run, counts, estimates),
        "cost": None if cost is None else float(cost),
        "currency": run.snapshot["deployment"]["prices"]["currency"],
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "judged_at": run.judged_at,
    }
