"""The story of a run's faults as facts: what happened, what was done about it, what is missing, and what is to be done. Pages put it into words.

A fixed number of small queries: lease counters, the ledger's rows on the run and on its deployment, and the failed and retried outputs through their indexes.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import connection
from django.db.models import Count

from measurements.enums import FailureReason, Outcome, PauseCause, RunSource, RunState
from measurements.models import Circuit, Output, Run
from measurements.selectors.reported_models import Reported
from raiportal.audit.models import Entry
from systems.models import Deployment

CIRCUIT_CLOSED = "measurements.circuit_closed"
RUN_MOVES = ("measurements.run_paused", "measurements.run_resumed", "measurements.run_cancelled", "measurements.run_budget_changed")
EXAMPLES = 20  # kinds of failure told apart by what the endpoint said
MOST_READ = 1_000  # outputs read to say what calls that were made again had met
OPENINGS = 100  # newest circuit openings that are told

_COUNTERS = """
select coalesce(sum(answered + input_blocked + output_blocked + refused + failed), 0)::bigint as ended, coalesce(sum(failed), 0)::bigint as failed,
       coalesce(sum(attempts), 0)::bigint as attempts, count(*) filter (where token > 1) as handed_on,
       (select count(*) from attempt a where a.run_id = %(run)s and a.judging_id is null and a.count > 0) as suspects
from lease where run_id = %(run)s and judging_id is null
"""


class ToDo(Enum):
    """What a person can do about it. WAIT: nothing, it goes on by itself."""

    WAIT = "wait"
    RESUME = "resume"
    CHECK_KEY = "check_key"
    CHECK_RIGHTS = "check_rights"
    CHECK_ADDRESS = "check_address"
    ALLOW_ADDRESS = "allow_address"
    TOP_UP_QUOTA = "top_up_quota"
    RESUME_LATER = "resume_later"
    RESTORE_DEPLOYMENT = "restore_deployment"
    CHECK_ENDPOINT = "check_endpoint"
    RAISE_BUDGET = "raise_budget"
    BRING_SYSTEM_BACK = "bring_system_back"
    READ_FAILED = "read_failed"
    MEASURE_AGAIN = "measure_again"


_REMEDIES = {
    PauseCause.PERSON: (ToDo.RESUME,),
    PauseCause.QUOTA: (ToDo.TOP_UP_QUOTA, ToDo.RESUME),
    PauseCause.UNAUTHORIZED: (ToDo.CHECK_KEY, ToDo.RESUME),
    PauseCause.FORBIDDEN: (ToDo.CHECK_RIGHTS, ToDo.RESUME),
    PauseCause.NOT_FOUND: (ToDo.CHECK_ADDRESS, ToDo.RESUME),
    PauseCause.ENDPOINT_REFUSED: (ToDo.ALLOW_ADDRESS, ToDo.RESUME),
    PauseCause.RATE_LIMITED: (ToDo.RESUME_LATER,),
    PauseCause.DEPLOYMENT_CHANGED: (ToDo.RESTORE_DEPLOYMENT, ToDo.RESUME),
    PauseCause.ENDPOINT_DOWN: (ToDo.CHECK_ENDPOINT, ToDo.RESUME),
    PauseCause.BUDGET: (ToDo.RAISE_BUDGET, ToDo.RESUME),
    PauseCause.KEY_UNREADABLE: (ToDo.CHECK_KEY, ToDo.RESUME),
    PauseCause.SYSTEM_RETIRED: (ToDo.BRING_SYSTEM_BACK, ToDo.RESUME),
    PauseCause.RIGHT_LOST: (ToDo.RESUME,),
}


@dataclass(frozen=True)
class Failure:
    """Outputs that failed for one reason with one last error."""

    reason: FailureReason
    last_error: str
    outputs: int


@dataclass(frozen=True)
class Opening:
    """One time that the deployment's circuit was open. `seconds` None: it is open now. `has_answered` False: nobody asked it any more."""

    opened_at: datetime.datetime
    seconds: float | None
    probes: int
    last_error: str
    has_answered: bool


@dataclass(frozen=True)
class Pause:
    """One pause of the run. `by` is the person, None for the portal; `seconds` None: it is paused now."""

    at: datetime.datetime
    cause: PauseCause
    detail: str
    by: str | None
    seconds: float | None


@dataclass(frozen=True)
class Happened:
    """`suspects`: items that were watched when a worker died; `handed_on`: leases that changed hands."""

    failures: Sequence[Failure]
    openings: Sequence[Opening]
    pauses: Sequence[Pause]
    suspects: int
    handed_on: int
    reported: Sequence[Reported]  # more than one: the model changed within the run


@dataclass(frozen=True)
class Done:
    """`repeated_calls`: calls beyond one for each output, `recovered` by what they met of those that ended well in the end, the commonest first;
    `held_back_seconds`: for which the circuit kept calls back."""

    repeated_calls: int
    recovered: Sequence[tuple[str, int]]
    probes: int
    held_back_seconds: float
    automatic_pauses: int
    resumed: int


@dataclass(frozen=True)
class Lacking:
    """Outputs that are not there, or not there to be judged."""

    pending: int
    failed: int
    cancelled: int

    @property
    def outputs(self) -> int:
        return self.pending + self.failed + self.cancelled


@dataclass(frozen=True)
class Story:
    """What befell a run. `is_quiet`: nothing that has to be told."""

    happened: Happened
    done: Done
    missing: Lacking
    to_do: Sequence[ToDo]

    @property
    def is_quiet(self) -> bool:
        happened = self.happened
        told = (happened.failures, happened.openings, happened.pauses, happened.suspects, self.done.repeated_calls, len(happened.reported) > 1)
        return not any(told)


def circuit_of(deployment: Deployment) -> Circuit | None:
    """The deployment's open circuit; None: as far as anybody knows, its endpoint works."""
    return Circuit.objects.filter(deployment=deployment).first()


def story_of(run: Run) -> Story:
    """The story so far, in at most six queries whatever the run's size."""
    ended, failed, attempts, handed_on, suspects = _counters(run)
    failures = _failures(run) if failed else []
    openings = _openings(run)
    pauses, resumed = _pauses(run)
    cancelled = sum(failure.outputs for failure in failures if failure.reason == FailureReason.CANCELLED)
    reported = [Reported(each["model"], each["fingerprint"], int(each["outputs"])) for each in run.reported]
    repeated = max(attempts - (ended - cancelled), 0)
    missing = Lacking(pending=max(run.planned_count - ended, 0) if run.state != RunState.CANCELLED else 0, failed=failed - cancelled, cancelled=cancelled)
    return Story(
        happened=Happened(failures, openings, pauses, suspects, handed_on, reported),
        done=Done(
            repeated_calls=repeated,
            recovered=_recovered(run) if repeated else (),
            probes=sum(opening.probes for opening in openings),
            held_back_seconds=sum(opening.seconds or 0.0 for opening in openings),
            automatic_pauses=sum(pause.cause != PauseCause.PERSON for pause in pauses),
            resumed=resumed,
        ),
        missing=missing,
        to_do=_to_do(run, openings, missing),
    )


def _counters(run: Run) -> tuple[int, int, int, int, int]:
    if run.source == RunSource.IMPORTED:
        failed = Output.objects.filter(run=run, outcome=Outcome.FAILED).count()
        return run.planned_count, failed, run.planned_count, 0, 0
    with connection.cursor() as cursor:
        cursor.execute(_COUNTERS, {"run": run.pk})
        ended, failed, attempts, handed_on, suspects = cursor.fetchone()
    return ended, failed, attempts, handed_on, suspects


def _failures(run: Run) -> list[Failure]:
    """The commonest first; beyond the first kinds, those left are counted by their reason alone."""
    failed = Output.objects.filter(run=run, outcome=Outcome.FAILED).exclude(outcome=Outcome.ANSWERED)
    grouped = list(failed.order_by().values_list("reason", "last_error").annotate(count=Count("pk")).order_by("-count", "reason", "last_error"))
    rest: dict[str, int] = {}
    for reason, _, count in grouped[EXAMPLES:]:
        rest[reason] = rest.get(reason, 0) + count
    told = [Failure(FailureReason(reason), error, count) for reason, error, count in grouped[:EXAMPLES]]
    return told + [Failure(FailureReason(reason), "", count) for reason, count in rest.items()]


def _recovered(run: Run) -> list[tuple[str, int]]:
    """Last errors of outputs that ended well after more than one call, with their number; read up to a bound, so that it costs the same at any size."""
    retried = Output.objects.filter(run=run, attempts__gt=1).exclude(outcome=Outcome.FAILED).exclude(last_error="").order_by("pk")
    return Counter(retried.values_list("last_error", flat=True)[:MOST_READ]).most_common(EXAMPLES)


def _openings(run: Run) -> list[Opening]:
    """Of the run's deployment while the run was under way, oldest first; the one that is open now comes last."""
    deployment_id = run.snapshot["deployment"]["id"]
    if run.started_at is None or deployment_id is None:
        return []
    entries = Entry.objects.about("systems.deployment", deployment_id).filter(action=CIRCUIT_CLOSED, at__gte=run.started_at)
    newest = list(entries.select_related("payload").order_by("-pk")[:OPENINGS])
    found = [_opening(entry.payload.body["details"]) for entry in reversed(newest)]
    if run.state == RunState.RUNNING and (circuit := Circuit.objects.filter(deployment_id=deployment_id).first()) is not None:
        found.append(Opening(circuit.opened_at, None, circuit.probes, circuit.last_error, has_answered=False))
    return [opening for opening in found if run.finished_at is None or opening.opened_at <= run.finished_at]


def _opening(details: dict[str, Any]) -> Opening:
    opened_at = datetime.datetime.fromisoformat(details["opened_at"])
    return Opening(opened_at, float(details["seconds"]), int(details["probes"]), details["last_error"], bool(details["has_answered"]))


def _pauses(run: Run) -> tuple[list[Pause], int]:
    """Every pause, and how often the run was resumed."""
    entries = Entry.objects.about("measurements.run", run.pk).filter(action__in=RUN_MOVES).select_related("payload", "actor").order_by("pk")
    pauses: list[Pause] = []
    resumed = 0
    for entry in entries:
        if entry.action == "measurements.run_paused":
            pauses.append(_pause(entry))
        elif entry.action in ("measurements.run_resumed", "measurements.run_cancelled") and pauses and pauses[-1].seconds is None:
            last = pauses.pop()
            pauses.append(Pause(last.at, last.cause, last.detail, last.by, (entry.at - last.at).total_seconds()))
            resumed += entry.action == "measurements.run_resumed"
    return pauses, resumed


def _pause(entry: Entry) -> Pause:
    changes = entry.payload.body["changes"]
    cause = PauseCause(changes["cause"][1])
    by = str(entry.actor) if cause == PauseCause.PERSON and entry.actor is not None else None
    return Pause(entry.at, cause, changes["cause_detail"][1] if "cause_detail" in changes else "", by, None)


def _to_do(run: Run, openings: Sequence[Opening], missing: Lacking) -> list[ToDo]:
    if run.state == RunState.PAUSED:
        return list(_REMEDIES[PauseCause(run.cause)])
    if run.state == RunState.RUNNING:
        return [ToDo.WAIT] if openings and openings[-1].seconds is None else []
    if missing.failed:
        return [ToDo.READ_FAILED, ToDo.MEASURE_AGAIN]
    return [ToDo.MEASURE_AGAIN] if missing.outputs else []
