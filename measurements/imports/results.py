"""What a file holds beyond cases, counted as it goes by: answers and how they ended, verdicts, labels, and what has no place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from measurements.imports.answers import Answer, ImportedMetric, LeftOver, Origin
from measurements.imports.cases import ParsedCase
from measurements.imports.parsing import Parsed

MOST_NAMES = 100  # different names counted of each kind; further ones are counted together
FURTHER = "(further ones)"


@dataclass(frozen=True)
class Results:
    """What came with the cases. `outcomes`, `models`, `verdicts` (by metric) and `labels` (by rater) map names to numbers; `repeats` is the most
    answers that one prompt has, at least 1."""

    answers: int
    repeats: int
    outcomes: dict[str, int]
    models: dict[str, int]
    verdicts: dict[str, int]
    labels: dict[str, int]
    left_over: dict[str, int]
    metrics: tuple[ImportedMetric, ...]
    origin: Origin

    @property
    def label_count(self) -> int:
        return sum(self.labels.values())


class ResultTally:
    """Counts everything of a file that is no case; the counts stay small whatever the file holds."""

    def __init__(self) -> None:
        self._answers, self._repeats = 0, 1
        self._outcomes: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._verdicts: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()
        self._left_over: Counter[str] = Counter()
        self._metrics: dict[str, ImportedMetric] = {}
        self._origin = Origin()

    def note(self, row: Parsed) -> None:
        if isinstance(row, LeftOver):
            _count(self._left_over, row.name, row.count)
        elif isinstance(row, Origin):
            self._note_origin(row)
        elif isinstance(row, ParsedCase):
            for number, answer in row.answers:
                self._repeats = max(self._repeats, number + 1)
                self._note_answer(answer)

    def results(self) -> Results:
        model = self._origin.model
        return Results(
            answers=self._answers,
            repeats=self._repeats,
            outcomes=dict(self._outcomes),
            models=dict(self._models) or ({model: self._answers} if model and self._answers else {}),
            verdicts=dict(self._verdicts),
            labels=dict(self._labels),
            left_over=dict(self._left_over),
            metrics=tuple(self._metrics.values()),
            origin=self._origin,
        )

    def _note_answer(self, answer: Answer) -> None:
        self._answers += 1
        self._outcomes[answer.reason.value if answer.reason else answer.outcome.value] += 1
        if answer.model:
            _count(self._models, answer.model)
        for verdict in answer.verdicts:
            self._metrics.setdefault(verdict.metric.name, verdict.metric)
            _count(self._verdicts, verdict.metric.name)
        for label in answer.labels:
            self._metrics.setdefault(label.metric.name, label.metric)
            _count(self._labels, label.rater)

    def _note_origin(self, told: Origin) -> None:
        known = self._origin
        for metric in told.metrics:
            self._metrics.setdefault(metric.name, metric)
        self._origin = replace(
            known,
            tool=known.tool or told.tool,
            tool_version=known.tool_version or told.tool_version,
            model=known.model or told.model,
            measured_at=known.measured_at or told.measured_at,
            is_selection=known.is_selection or told.is_selection,
        )


def _count(counted: Counter[str], name: str, number: int = 1) -> None:
    counted[name if name in counted or len(counted) < MOST_NAMES else FURTHER] += number
