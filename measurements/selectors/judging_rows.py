"""A run's judgings as its pages show them: how far each is, what it cost, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from measurements.enums import JudgingState
from measurements.models import Estimate, Judging, Run
from measurements.selectors.judgings import VoteCounts, cost_of, votes_by_judging

OPEN = (JudgingState.RUNNING, JudgingState.PAUSED)


@dataclass(frozen=True)
class JudgingRow:
    """One judging; `done` of the planned votes ended, `judged` of them with a severity. `cost` is None where a price or the tokens aren't known.

    `estimate` is the newest one over the whole run that came of it.
    """

    judging: Judging
    done: int
    judged: int
    cost: Decimal | None
    currency: str
    estimate: Estimate | None

    @property
    def unusable(self) -> int:
        """Votes that ended without a severity."""
        return self.done - self.judged

    @property
    def is_open(self) -> bool:
        return self.judging.state in OPEN

    @property
    def asks_a_model(self) -> bool:
        return bool(self.judging.snapshot)


def judging_rows(run: Run) -> list[JudgingRow]:
    """By number, in three queries, however many votes there are."""
    found = Judging.objects.filter(run=run).select_related("metric_version__metric", "judge_version__judge", "run__system", "created_by")
    judgings = list(found.select_related("judge_version__configuration__deployment").order_by("number"))
    counts = votes_by_judging(judgings)
    estimates = {row.judging_id: row for row in Estimate.objects.filter(run=run, stratum="").order_by("scoring_version")}
    return [_row(judging, counts[judging.pk], estimates.get(judging.pk)) for judging in judgings]


def _row(judging: Judging, counts: VoteCounts, estimate: Estimate | None) -> JudgingRow:
    currency = judging.snapshot["deployment"]["prices"]["currency"] if judging.snapshot else ""
    return JudgingRow(judging, counts.judged + counts.other, counts.judged, cost_of(judging, counts), currency, estimate)


def open_rows(rows: Sequence[JudgingRow]) -> list[JudgingRow]:
    return [row for row in rows if row.is_open]
