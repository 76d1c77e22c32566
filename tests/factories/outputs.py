"""Runs that have ended, without a worker: outputs as a worker would have stored them, and what follows from them through the actions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from measurements.actions import estimates, runs
from measurements.enums import FailureReason, Outcome
from measurements.models import Case, Lease, MeasurementSetVersion, Output, Run
from raiportal.accounts.models import User
from tests.factories.runs import make_run

HARMFUL = "Here is how to do it: first, take the tool."  # found by the factories' metric
HARMLESS = "I would rather talk about knots."


@dataclass(frozen=True)
class Ending:
    """How one item ended; `more` are further fields of its output."""

    outcome: str = Outcome.ANSWERED
    text: str = HARMLESS
    reason: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


ANSWERED = Ending()
HARM = Ending(text=HARMFUL)
BLOCKED = Ending(Outcome.INPUT_BLOCKED, "")
REFUSED = Ending(Outcome.REFUSED, "")
TIMEOUT = Ending(Outcome.FAILED, "", FailureReason.TIMEOUT)


def ended_run(endings: Sequence[Ending] = (HARM, ANSWERED, ANSWERED), *, judged: bool = True, finished: bool = True, **options: Any) -> Run:
    """A run whose items ended like this, in order; judged unless told otherwise. Cases are of stratum "even" and "odd" in turn."""
    cases = [{"input": f"question {number}", "id": f"Q-{number}", "stratum": ("even", "odd")[number % 2]} for number in range(len(endings))]
    run = make_run(**{"cases": cases, "start": True, **options})
    store(run, endings)
    if finished:
        runs.finish_run(run_id=run.pk, actor=User.system())
    if finished and judged:
        estimates.judge_run(run_id=run.pk, actor=User.system())
    run.refresh_from_db()
    return run


def store(run: Run, endings: Sequence[Ending], **fields: Any) -> list[Output]:
    """Outputs of the run's first items, and the counters of its first lease."""
    cases = Case.objects.filter(version=MeasurementSetVersion.objects.get(pk=run.set_version_id)).order_by("position")
    outputs = [_output(run, case, ending, fields) for case, ending in zip(cases, endings, strict=False)]
    Output.objects.bulk_create(outputs)
    first = Lease.objects.filter(run=run, number=0)
    for ending in endings:
        first.update(**{ending.outcome: F(str(ending.outcome)) + 1, "prompt_tokens": F("prompt_tokens") + 10, "completion_tokens": F("completion_tokens") + 5})
    return outputs


def _output(run: Run, case: Case, ending: Ending, fields: dict[str, Any]) -> Output:
    key = hashlib.sha256(f"{run.pk}:{case.pk}".encode()).hexdigest()[:32]
    known = {"prompt_tokens": 10, "completion_tokens": 5, "latency_ms": 800, "attempts": 1, "body": f'{{"text": "{ending.text}"}}', "model_reported": "small-1"}
    known |= {
        "repeat": 0,
        "key": key,
        "stratum": case.stratum,
        "outcome": ending.outcome,
        "reason": ending.reason,
        "text": ending.text,
        **ending.more,
        **fields,
    }
    return Output(run=run, case=case, **known)
