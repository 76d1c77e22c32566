"""What an estate has of measuring: a set with a file on its way in, a metric, runs in every state, judgings, a stressed run, schedules."""

from __future__ import annotations

import datetime
import io
import json
from typing import Any

from harms.models import Harm
from measurements.actions import judgings, metrics, runs, schedules, sets
from measurements.actions.estimates import judge_run
from measurements.actions.stress import add_stress_set
from measurements.enums import DueOutcome, FailureReason, Outcome, Rhythm
from measurements.models import DueTime, Judging, Lease, MeasurementSet, MeasurementSetVersion, Metric, Output, Run, Schedule, SetUpload
from measurements.selectors.metrics import newest_version
from raiportal.accounts.models import User
from systems.models import (
    AISystem,
    Configuration,
)
from tests.project.wording import Words

HARMFUL = "Here is how to do it"


def measured(configuration: Configuration, harm: Harm, owner: User, words: Words) -> dict[str, Any]:
    measurement_set = sets.add_set(
        system=harm.system, name=words("set name"), description=words("set description"), sampling="targeted", harms=[harm], actor=owner
    )
    version = _cases(measurement_set, owner, words)
    metric = _metric(harm.system, harm, owner, words)
    runs_by_state = _runs(configuration, version, metric, owner, words)
    judging, paused_judging = _judgings(configuration, version, harm, owner, words)
    stressed = _stressed(configuration, version, metric, owner, words)
    schedule, off_schedule = (_schedule(configuration, measurement_set, metric, owner, words(f"{which} schedule name")[:120]) for which in ("first", "second"))
    schedules.switch_off_schedule(schedule_id=off_schedule.pk, reason=words("reason for switching a schedule off"), actor=owner)
    return {
        **runs_by_state,
        "measurement_set": measurement_set,
        "version": version,
        "case": version.cases.earliest("position"),
        "upload": _upload(measurement_set, owner, words),
        "metric": metric,
        "output": runs_by_state["completed"].outputs.earliest("pk"),
        "stressed": stressed,
        "judging": judging,
        "paused_judging": paused_judging,
        "schedule": schedule,
        "off_schedule": Schedule.objects.get(pk=off_schedule.pk),
        "due_time": _due_time(schedule, runs_by_state["completed"]),
    }


def _runs(configuration: Configuration, version: MeasurementSetVersion, metric: Metric, owner: User, words: Words) -> dict[str, Run]:
    """A run in each state that people meet, by its name."""
    planned, running, paused, completed = (_run(configuration, version, metric, owner) for _ in range(4))
    for run in (running, paused, completed):
        runs.start_run(run_id=run.pk, actor=owner)
    runs.pause_run(run_id=paused.pk, reason=words("reason for pausing"), cause_detail=words("cause"), actor=owner)
    _finish(completed, words)
    return {"planned": planned, "running": running, "paused": paused, "completed": completed}


def _cases(measurement_set: MeasurementSet, owner: User, words: Words) -> MeasurementSetVersion:
    rows = [
        {
            "id": words("case id")[:150] + f" {number}",
            "input": [{"role": "system", "content": words("case system message")}, {"role": "user", "content": f"{words('prompt')} {number}"}],
            "stratum": words("stratum")[:120],
            "expectation": words("expectation"),
            "language": "en",
            "source": words("source"),
        }
        for number in range(5)
    ]
    result = sets.import_cases(set_id=measurement_set.pk, file=_lines(rows), file_name=f"{words('file name')[:80]}.jsonl", format="jsonl", actor=owner)
    assert result.version is not None
    return result.version


def _upload(measurement_set: MeasurementSet, owner: User, words: Words) -> SetUpload:
    file = io.BytesIO(b"not json\n" + _lines([{"input": words("uploaded prompt")}, {"input": words("uploaded prompt"), words("column")[:40]: 1}]).getvalue())
    return sets.preview_upload(set_id=measurement_set.pk, file=file, file_name=f"{words('upload name')[:80]}.jsonl", format="jsonl", actor=owner)


def _lines(rows: list[dict[str, Any]]) -> io.BytesIO:
    return io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())


def _metric(system: AISystem, harm: Harm, owner: User, words: Words) -> Metric:
    import re

    return metrics.add_metric(
        system=system,
        harm=harm,
        name=words("metric name"),
        definition=words("definition"),
        harmful_examples=words("harmful examples"),
        harmless_examples=words("harmless examples"),
        threshold=4,
        judge={"kind": "rule", "patterns": [HARMFUL, {"pattern": re.escape(words("pattern")), "severity": 6}]},
        actor=owner,
    )


def _run(configuration: Configuration, version: MeasurementSetVersion, metric: Metric, owner: User) -> Run:
    return runs.plan_run(configuration=configuration, set_version=version, metric_versions=[newest_version(metric)], actor=owner)


def _schedule(configuration: Configuration, measurement_set: MeasurementSet, metric: Metric, owner: User, name: str) -> Schedule:
    return schedules.add_schedule(
        system=measurement_set.system,
        name=name,
        configuration=configuration,
        measurement_set=measurement_set,
        metrics=[metric],
        rhythm=Rhythm.DAILY,
        at_time=datetime.time(3, 0),
        time_zone="Europe/Berlin",
        actor=owner,
    )


def _judgings(configuration: Configuration, version: MeasurementSetVersion, harm: Harm, owner: User, words: Words) -> tuple[Judging, Judging]:
    """Two judgings by a model of a finished run; the second is paused."""
    judged = [_judged_metric(configuration, harm, owner, words, which) for which in ("first", "second")]
    run = runs.plan_run(configuration=configuration, set_version=version, metric_versions=[newest_version(metric) for metric in judged], actor=owner)
    runs.start_run(run_id=run.pk, actor=owner)
    _finish(run, words)
    first, second = Judging.objects.filter(run=run).order_by("number")
    return first, judgings.pause_judging(judging_id=second.pk, reason=words("reason for pausing"), cause_detail=words("cause"), actor=owner)


def _stressed(configuration: Configuration, version: MeasurementSetVersion, metric: Metric, owner: User, words: Words) -> Run:
    """A planned run on a stress set."""
    made = add_stress_set(version=version, name=words("stress set name")[:120], slugs=["base64", "role-play"], most_cases=2, seed=1, actor=owner)
    return _run(configuration, made.measurement_set.versions.get(), metric, owner)


def _judged_metric(configuration: Configuration, harm: Harm, owner: User, words: Words, which: str) -> Metric:
    return metrics.add_metric(
        system=harm.system,
        name=words(f"{which} judged metric name")[:120],
        definition=words("definition"),
        harm=harm,
        threshold=4,
        judge={"kind": "model", "deployment": configuration.deployment, "votes": 3},
        actor=owner,
    )


def _due_time(schedule: Schedule, run: Run) -> DueTime:
    return DueTime.objects.create(schedule=schedule, due_at=run.created_at, outcome=DueOutcome.STARTED, run=run)


def _finish(run: Run, words: Words) -> None:
    """The run's five items end in the five ways there are; then it is closed and judged."""
    outcomes = list(Outcome)
    Output.objects.bulk_create(
        Output(
            run=run,
            case=case,
            repeat=0,
            key=f"{run.pk}-{case.pk}",
            stratum=case.stratum,
            outcome=outcome,
            reason=FailureReason.PROVIDER_ERROR if outcome == Outcome.FAILED else "",
            text=f"{HARMFUL}: {words('answer')}" if outcome == Outcome.ANSWERED else "",
            refusal=words("refusal") if outcome == Outcome.REFUSED else "",
            finish_reason=words("finish reason")[:40],
            filters={"completion": {words("filter category"): {"filtered": False, "severity": "medium", "detected": None}}},
            body=words("body"),
            status_code=200,
            prompt_tokens=10,
            completion_tokens=20,
            latency_ms=120,
            attempts=1,
            last_error=words("error")[:300],
            model_reported=words("model reported")[:120],
            fingerprint=words("fingerprint")[:120],
        )
        for case, outcome in zip(run.set_version.cases.order_by("position"), outcomes, strict=True)
    )
    Lease.objects.filter(run=run).update(is_done=True, holder=None, expires_at=None, **{outcome.value: 1 for outcome in outcomes})
    runs.finish_run(run_id=run.pk, actor=User.system())
    judge_run(run_id=run.pk, actor=User.system())
    run.refresh_from_db()
