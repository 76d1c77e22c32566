"""What the pages show of a run's judgings: each with its progress, why it is paused, what to do, and the moves that this person may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from measurements import policies
from measurements.enums import JudgeKind, JudgingState, PauseCause, RunState
from measurements.forms.runs import JudgeAgainForm
from measurements.models import Estimate, Judging, Run
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors import runs as run_selectors
from measurements.selectors.judging_rows import JudgingRow, judging_rows
from measurements.views.amounts import money
from measurements.views.links import outputs_url
from measurements.workflow import JUDGING
from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.look import formats
from raiportal.look.marks import Mark
from raiportal.workflow import Offer

OWN_MOVES = ("pause", "resume", "cancel")  # those that people take
STATE_MARKS: dict[str, Mark] = {
    JudgingState.RUNNING: Mark("Judging", "running", "info"),
    JudgingState.PAUSED: Mark("Paused", "pause", "warn"),
    JudgingState.COMPLETED: Mark("Completed", "holds", "ok"),
    JudgingState.CANCELLED: Mark("Cancelled", "stop"),
}
PERSON_REMEDY = "Resume it to go on with the votes that are still missing."


@dataclass(frozen=True)
class JudgingLine:
    """One judging on a page. `cause` and `remedy` are said while it is paused; `fix_url` opens what has to be mended."""

    row: JudgingRow
    mark: Mark
    judge: str
    votes: str
    cost: str
    cause: str
    remedy: str
    fix_url: str
    moves: Mapping[str, Offer]
    harmful_url: str
    unjudged_url: str

    @property
    def judging(self) -> Judging:
        return self.row.judging

    @property
    def name(self) -> str:
        return f"{self.judging.metric_version.metric.name} v{self.judging.metric_version.number}"

    @property
    def hindrances(self) -> list[str]:
        """Why a move can't be taken, each reason once."""
        return list(dict.fromkeys(offer.reason for offer in self.moves.values() if not offer.is_open))


def line(row: JudgingRow, user: User) -> JudgingLine:
    judging = row.judging
    is_paused = judging.state == JudgingState.PAUSED
    offers = {offer.move.slug: offer for offer in JUDGING.available(judging, user)}
    version = judging.metric_version
    return JudgingLine(
        row=row,
        mark=STATE_MARKS[judging.state],
        judge=_judge_words(judging),
        votes=_votes_words(row),
        cost=money(row.cost, row.currency) if row.asks_a_model else "",
        cause=_cause_words(judging) if is_paused else "",
        remedy=_remedy(judging) if is_paused else "",
        fix_url=_fix_url(judging, user) if is_paused else "",
        moves={slug: offers[slug] for slug in OWN_MOVES if slug in offers and row.asks_a_model},
        harmful_url=outputs_url(judging.run, metric_version=version.pk, judged="harmful"),
        unjudged_url=outputs_url(judging.run, metric_version=version.pk, judged="unjudged"),
    )


def _judge_words(judging: Judging) -> str:
    """`model judge J-4 v1, gpt-x`."""
    kind = JudgeKind(judging.judge_version.judge.kind).label.lower()
    model = judging.snapshot["deployment"]["model"] if judging.snapshot else ""
    return f"{kind}{' judge' if kind != 'imported verdicts' else ','} {judging.judge_version}{f', {model}' if model else ''}"


def _votes_words(row: JudgingRow) -> str:
    """`240 of 300 votes, 3 without a verdict`; of a judge that is asked nothing a sentence."""
    if not row.asks_a_model:
        return "Judged when stored" if row.judging.judge_version.judge.kind != JudgeKind.IMPORTED else "Came with the file"
    unusable = f", {formats.number(row.unusable)} without a verdict" if row.unusable else ""
    return f"{formats.number(row.done)} of {formats.number(row.judging.planned_count)} votes{unusable}"


def _cause_words(judging: Judging) -> str:
    told = f". {judging.cause_detail.rstrip('. ')}" if judging.cause_detail else ""
    return f"{PauseCause(judging.cause).label}{told}."


def _remedy(judging: Judging) -> str:
    return PERSON_REMEDY if judging.cause == PauseCause.PERSON else run_selectors.REMEDIES[judging.cause]


def _fix_url(judging: Judging, user: User) -> str:
    configuration = judging.judge_version.configuration
    own = (PauseCause.PERSON, PauseCause.BUDGET, PauseCause.SYSTEM_RETIRED, PauseCause.RIGHT_LOST)
    if configuration is None or judging.cause in own or not roles.sees(user, configuration.deployment.system_id):
        return ""
    return reverse("deployment", args=[configuration.deployment_id])


# --- The tab ---
@dataclass(frozen=True)
class EarlierEstimate:
    """What an earlier judging made of the same run, kept readable."""

    estimate: Estimate
    harmful_url: str


def rows_context(run: Run, user: User) -> dict[str, Any]:
    lines = [line(row, user) for row in judging_rows(run)]
    return {"judging_lines": lines, "polls_judgings": any(each.judging.state == JudgingState.RUNNING for each in lines)}


def judgings_context(run: Run, user: User, form: JudgeAgainForm | None = None) -> dict[str, Any]:
    may_again = policies.may_judge_again(user, run) if run.state == RunState.COMPLETED else None
    return {
        **rows_context(run, user),
        "earlier": _earlier(run),
        "again_form": form or (JudgeAgainForm(system=run.system) if may_again else None),
        "again_refused": "" if may_again is None or may_again else may_again.reason,
    }


def _earlier(run: Run) -> Sequence[EarlierEstimate]:
    whole = [row for row in estimate_selectors.earlier_estimates_of(run) if not row.stratum]
    return [EarlierEstimate(row, outputs_url(run, metric_version=row.metric_version_id, judged="harmful")) for row in whole]
