"""Answers out of a file made into a run: its outputs, what another tool's machines made of them, and how people labelled them.

Written in batches by COPY, so that a file's answers are never in memory together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import connection

from measurements import policies
from measurements.actions import metrics as metric_actions
from measurements.actions.runs import JUDGE, measured_snapshot
from measurements.engine.items import output_key
from measurements.enums import Outcome, RunSource, RunState
from measurements.imports import Answer, ImportedMetric, ParsedCase
from measurements.imports.results import Results
from measurements.models import Lease, MeasurementSetVersion, MetricVersion, OutsideLabeller, Run, RunMetric
from measurements.selectors import imported
from measurements.selectors.metrics import newest_version
from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from systems.models import AISystem

BATCH_ANSWERS = 500
OUTPUT_COLUMNS = (
    "id, run_id, case_id, repeat, key, stratum, outcome, reason, text, refusal, finish_reason, body, prompt_tokens, completion_tokens, latency_ms, "
    "attempts, last_error, model_reported, fingerprint"
)
JUDGEMENT_COLUMNS = (
    "run_id, output_id, metric_version_id, judge_version_id, outside_labeller_id, severity, is_harmful, reason, is_contradicted"  # the rest stays empty
)
COPY_OUTPUTS = f"copy output ({OUTPUT_COLUMNS}) from stdin"
COPY_JUDGEMENTS = f"copy judgement ({JUDGEMENT_COLUMNS}) from stdin"
NEXT_OUTPUT_IDS = "select nextval(pg_get_serial_sequence('output', 'id')) from generate_series(1, %s)"


@dataclass(frozen=True)
class FileOfAnswers:
    """What is known of the file that a run comes from."""

    name: str
    digest: str  # SHA-256
    format: str


Placed = tuple[ParsedCase, int, Answer]


def add_imported_run(*, version: MeasurementSetVersion, cases: Iterator[ParsedCase], found: Results, file: FileOfAnswers, actor: User) -> Run:
    """The run that a file's answers are, complete from the beginning. `version` holds all cases of the file; `found` is what a first reading counted.

    The caller is in a transaction, holds the lock on the set and has made sure that this file has no run there yet. Raises PolicyDenied.
    """
    system = version.measurement_set.system
    policies.may_measure(actor, system).require()
    AISystem.objects.lock(system.pk)  # two imports into two of its sets may bring the same new metric
    metrics = {metric.name: _metric_version(system, metric, found.origin.tool, actor) for metric in found.metrics}
    run = Run.objects.create(
        system=system,
        source=RunSource.IMPORTED,
        source_digest=file.digest,
        set_version=version,
        repeats=found.repeats,
        max_concurrency=1,
        planned_count=found.answers,
        state=RunState.COMPLETED,
        finished_at=clocks.now(),
        snapshot=_snapshot(version, list(metrics.values()), found, file),
        created_by=actor,
    )
    if not found.origin.is_selection:  # a rate is worked out from machines' verdicts; labels alone are shown by labeller
        RunMetric.objects.bulk_create(RunMetric(run=run, metric_version=metric) for name, metric in metrics.items() if found.verdicts.get(name))
    writer = _Writer(run, metrics, actor)
    writer.write(cases)
    Lease.objects.create(run=run, number=0, first_item=0, item_count=run.planned_count, is_done=True, **writer.counts)
    _record(run, found, file, actor)
    queue.on_commit(JUDGE, run_id=run.pk)
    return run


def _record(run: Run, found: Results, file: FileOfAnswers, actor: User) -> None:
    ledger.record(
        "measurements.run_imported",
        subject=run,
        actor=actor,
        set_version=run.set_version_id,
        format=file.format,
        file_name=file.name,
        file_digest=file.digest,
        answers=found.answers,
        outcomes=found.outcomes,
        verdicts=sum(found.verdicts.values()),
        labels=found.label_count,
        labellers=len(found.labels),
    )


def _metric_version(system: AISystem, metric: ImportedMetric, tool: str, actor: User) -> MetricVersion:
    """The newest version of the metric that holds the other tool's verdicts, on the scale that the file is on."""
    row = metric_actions.find_or_add_imported_metric(
        system=system, name=metric.name, definition=metric.definition, scale=metric.scale, threshold=metric.threshold, tool=tool, actor=actor
    )
    return newest_version(row)


def _snapshot(version: MeasurementSetVersion, metrics: Sequence[MetricVersion], found: Results, file: FileOfAnswers) -> dict[str, Any]:
    """The shape of a planned run's snapshot, with what the file doesn't tell left empty."""
    origin, models = found.origin, sorted(found.models)
    model = origin.model or (models[0] if len(models) == 1 else "")
    nothing_known = {"id": None, "provider": "", "target": "", "base_url": "", "requests_per_minute": None, "tokens_per_minute": None, "timeout_seconds": None}
    return {
        "configuration": {"id": None, "digest": "", "snapshot": {"model": model}},
        "deployment": {
            **nothing_known,
            "name": model or f"asked by {origin.tool}",
            "model": model,
            "max_concurrency": 1,
            "prices": {"input": None, "output": None, "currency": "USD"},
        },
        **measured_snapshot(version, metrics),
        "imported": {
            "tool": origin.tool,
            "tool_version": origin.tool_version,
            "model": model,
            "models": found.models,
            "measured_at": origin.measured_at,
            "is_selection": origin.is_selection,
            "file_name": file.name,
            "file_digest": file.digest,
            "format": file.format,
            "left_over": found.left_over,
        },
    }


@dataclass
class _Writer:
    """Writes the outputs of one run, batch by batch, and counts how they ended."""

    run: Run
    metrics: dict[str, MetricVersion]
    actor: User
    counts: dict[str, int] = field(default_factory=lambda: {**dict.fromkeys(Outcome.values, 0), "attempts": 0, "prompt_tokens": 0, "completion_tokens": 0})
    labellers: dict[str, int] = field(default_factory=dict)

    def write(self, cases: Iterator[ParsedCase]) -> None:
        answers = ((case, repeat, answer) for case in cases for repeat, answer in case.answers)
        while batch := list(islice(answers, BATCH_ANSWERS)):
            self._write(batch)

    def _write(self, batch: Sequence[Placed]) -> None:
        places = imported.placed_cases(self.run.set_version, {case.key for case, _, _ in batch})
        self._know_labellers({label.rater for _, _, answer in batch for label in answer.labels})
        outputs: list[tuple[Any, ...]] = []
        judgements: list[tuple[Any, ...]] = []
        for output_id, (case, repeat, answer) in zip(_next_output_ids(len(batch)), batch, strict=True):
            outputs.append(self._output(output_id, places[case.key], case.key, repeat, answer))
            judgements += self._judgements(output_id, answer)
            self._count(answer)
        _copy(COPY_OUTPUTS, outputs)
        _copy(COPY_JUDGEMENTS, judgements)

    def _output(self, output_id: int, place: imported.PlacedCase, key: str, repeat: int, answer: Answer) -> tuple[Any, ...]:
        named = (output_id, self.run.pk, place.id, repeat, output_key(self.run.source_digest, key, repeat), place.stratum)
        ended = (answer.outcome.value, answer.reason.value if answer.reason else "", answer.text, answer.refusal, answer.finish_reason, "")
        figures = (answer.prompt_tokens, answer.completion_tokens, answer.latency_ms, 1)
        return (*named, *ended, *figures, answer.last_error, answer.model, "")

    def _judgements(self, output_id: int, answer: Answer) -> Iterator[tuple[Any, ...]]:
        for verdict in answer.verdicts:
            version = self.metrics[verdict.metric.name]
            yield self._judgement(output_id, version, version.judge_version_id, None, verdict.severity, verdict.reason)
        for label in answer.labels:
            yield self._judgement(output_id, self.metrics[label.metric.name], None, self.labellers[label.rater], label.severity, label.reason)

    def _judgement(
        self, output_id: int, version: MetricVersion, judge_version_id: int | None, labeller_id: int | None, severity: int, reason: str
    ) -> tuple[Any, ...]:
        return (self.run.pk, output_id, version.pk, judge_version_id, labeller_id, severity, severity >= version.threshold, reason, False)

    def _count(self, answer: Answer) -> None:
        self.counts[answer.outcome.value] += 1
        self.counts["attempts"] += 1
        self.counts["prompt_tokens"] += answer.prompt_tokens or 0
        self.counts["completion_tokens"] += answer.completion_tokens or 0

    def _know_labellers(self, names: set[str]) -> None:
        """Ids of labellers by name; those that the system doesn't know yet are added, in order, so that two imports don't wait for each other."""
        new = sorted(names - set(self.labellers))
        if not new:
            return
        system = self.run.system
        OutsideLabeller.objects.bulk_create((OutsideLabeller(system=system, name=name, created_by=self.actor) for name in new), ignore_conflicts=True)
        self.labellers.update(OutsideLabeller.objects.filter(system=system, name__in=new).values_list("name", "pk"))


def _next_output_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_OUTPUT_IDS, [count])
        return [row[0] for row in cursor.fetchall()]


def _copy(statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
