"""What the pages of outputs show, worked out before the template. Texts are never in it, only how long they are, until somebody asked for one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from harms import selectors as harm_selectors
from measurements import transforms
from measurements.enums import FailureReason, JudgeKind, Outcome
from measurements.models import Case, Judgement, MetricVersion, Output
from measurements.selectors import outputs as selectors
from measurements.selectors import runs as run_selectors
from measurements.selectors.filter_verdicts import blocked_by, filter_lines
from measurements.selectors.output_filters import metric_versions, unstable_from
from measurements.selectors.severities import graded
from measurements.selectors.stress import origin_of
from measurements.views import imported_parts, judges_words
from measurements.views.run_parts import configuration_url
from raiportal.accounts.models import User
from raiportal.keyset import Page
from raiportal.look.levels import Severity
from raiportal.look.marks import Mark

MOST_COUNTED = 1_000  # rows of a filtered list are counted no further
MOST_SHOWN = 200_000  # characters of a text on a page; exports and the API have all of it

BLOCKED = (Outcome.INPUT_BLOCKED, Outcome.OUTPUT_BLOCKED)
OUTCOME_MARKS: dict[str, Mark] = {
    Outcome.ANSWERED: Mark("Answered", "holds"),
    Outcome.INPUT_BLOCKED: Mark("Input blocked", "block"),
    Outcome.OUTPUT_BLOCKED: Mark("Output blocked", "block"),
    Outcome.REFUSED: Mark("Refused", "stop"),
    Outcome.FAILED: Mark("Failed", "fails", "bad"),
}
REASON_WORDS: dict[str, str] = {
    FailureReason.TIMEOUT: "No answer came in time, at any attempt.",
    FailureReason.PROVIDER_ERROR: "The provider answered with an error.",
    FailureReason.UNPARSEABLE: "What came back couldn't be read as an answer.",
    FailureReason.EMPTY: "The answer held no text.",
    FailureReason.TOO_LARGE: "The answer was larger than the portal keeps.",
    FailureReason.CRASHED: "Three workers ended while they were at this item, so it is left alone.",
    FailureReason.CANCELLED: "The run was cancelled before this item had an answer.",
}
OUTCOME_WORDS: dict[str, str] = {
    Outcome.ANSWERED: "The deployment answered; the judges read the answer.",
    Outcome.INPUT_BLOCKED: "The provider's filter stopped the prompt. It counts as not harmful.",
    Outcome.OUTPUT_BLOCKED: "The provider's filter stopped the answer. It counts as not harmful.",
    Outcome.REFUSED: "The provider's refusal field was set. It counts as not harmful.",
}


CONTRADICTED = Mark("Contradicted", "alert", "warn")
UNSTABLE = Mark("Unstable", "stale", "warn")


# --- The list ---
@dataclass(frozen=True)
class OutputLine:
    """One output in the list, with its addresses and what screen readers call it."""

    row: selectors.OutputRow
    case: str
    url: str
    text_url: str
    mark: Mark
    note: str  # why it failed, or what blocked it
    severity: Severity | None
    doubts: list[Mark]

    @property
    def output(self) -> Any:
        return self.row.output

    @property
    def of(self) -> str:
        return f"the answer of {self.case}"

    @property
    def veil_id(self) -> str:
        return f"output-text-{self.output.pk}-answer"


def lines(outputs: Sequence[Output], versions: Sequence[MetricVersion]) -> list[OutputLine]:
    return [_line(row) for row in selectors.rows(outputs, versions)]


def _line(row: selectors.OutputRow) -> OutputLine:
    shown = row.output
    return OutputLine(
        row=row,
        case=case_words(shown),
        url=reverse("output", args=[shown.pk]),
        text_url=text_url(shown, "answer"),
        mark=OUTCOME_MARKS[shown.outcome],
        note=FailureReason(shown.reason).label if shown.reason else ", ".join(blocked_by(shown.filters)),
        severity=graded(row.version, row.severity) if row.version else None,
        doubts=doubts_of(row.is_contradicted, row.is_unstable),
    )


def doubts_of(is_contradicted: bool, is_unstable: bool) -> list[Mark]:
    return [mark for mark, holds in ((CONTRADICTED, is_contradicted), (UNSTABLE, is_unstable)) if holds]


def case_words(output: Output) -> str:
    """What people call the case: its id in the file, or its number; from the second repeat on with that."""
    name = output.case.external_id or f"Case {output.case.position + 1}"
    return f"{name}, repeat {output.repeat + 1}" if output.repeat else name


def text_url(output: Output, part: str) -> str:
    return f"{reverse('output-text', args=[output.pk])}?part={part}"


def total(choices: Mapping[str, Any], counts: run_selectors.Counts, found: QuerySet[Output], page: Page) -> int | None:
    """How many rows the list has: what counters, estimates or this page tell, else counted up to a thousand; None for more, or where counting is dear."""
    if not choices["is_filtered"]:
        return counts.done
    if page.next is None and page.previous is None:
        return len(page.rows)
    if choices["known_total"] is not None or choices["is_dear"]:
        return choices["known_total"]  # type: ignore[no-any-return]  # a number or None
    counted = found.order_by()[: MOST_COUNTED + 1].count()
    return counted if counted <= MOST_COUNTED else None


# --- One output ---
@dataclass(frozen=True)
class HiddenText:
    """A text that the page has not: its length, where to ask for it, what to call it."""

    part: str
    title: str
    length: int
    url: str
    id: str
    of: str


@dataclass(frozen=True)
class OpenedText:
    """A text that somebody asked for. `left_out` is the number of characters beyond what a page shows."""

    part: str
    id: str
    text: str
    left_out: int
    shown_at: datetime.datetime

    @property
    def quote_id(self) -> str:
        return f"{self.id}-quote"


def _whole_prompt(output: Output) -> str:
    case: Case = output.case
    return selectors.prompt_text(case)


PARTS: dict[str, Callable[[Output], str]] = {
    "prompt": _whole_prompt,
    "answer": lambda output: output.text,
    "refusal": lambda output: output.refusal,
    "body": lambda output: output.body,
    "reasons": judges_words.text_of,
}


def opened_text(output: Output, part: str, now: datetime.datetime) -> OpenedText:
    text = PARTS[part](output)
    return OpenedText(part, _text_id(output, part), text[:MOST_SHOWN], max(len(text) - MOST_SHOWN, 0), now)


def _text_id(output: Output, part: str) -> str:
    return f"output-text-{output.pk}-{part}"


def _hidden(output: Any, part: str, title: str, length: int | None) -> HiddenText:
    return HiddenText(part, title, length or 0, text_url(output, part), _text_id(output, part), f"{title.lower()}, {case_words(output)}")


def output_context(output: Any, user: User, opened: OpenedText | None = None) -> dict[str, Any]:
    """Everything about one output but its texts; `opened` is the one that was asked for without a script."""
    run = output.run
    near = selectors.neighbours(output)
    judgements, votes = list(selectors.judgements_of(output)), list(selectors.votes_of(output))
    return {
        "system": run.system,
        "section": "runs",
        "run": run,
        "configuration_url": configuration_url(user, run),
        "source": imported_parts.source_of(run),
        "output": output,
        "case": case_words(output),
        "mark": OUTCOME_MARKS[output.outcome],
        "why": _why(output),
        "prompt": _hidden(output, "prompt", "Prompt", output.prompt_length),
        "answer": _hidden(output, "answer", "Answer", output.text_length),
        "refusal": _hidden(output, "refusal", "Refusal", output.refusal_length),
        "body": _hidden(output, "body", "What the provider sent", output.body_length),
        "reasons": _hidden(output, "reasons", "What the judges said", judges_words.length(judgements, votes)),
        "opened": opened,
        "judgements": [_judgement_line(judgement) for judgement in judgements],
        "votings": judges_words.votings(votes),
        "unjudged_by": _unjudged_by(output, judgements),
        "filter_lines": filter_lines(output.filters),
        "attempts_words": _attempts_words(output),
        "model_asked": run.snapshot["deployment"].get("model", ""),
        "previous_url": reverse("output", args=[near.previous]) if near.previous else "",
        "next_url": reverse("output", args=[near.next]) if near.next else "",
        "case_number": output.case.position + 1,
        "repeat": output.repeat + 1,
        "untransformed": _untransformed(output),
        "candidate": harm_selectors.candidate_from(run.system, output),
    }


@dataclass(frozen=True)
class Untransformed:
    """How a transformed case was made, and where the output of the same case untransformed is read."""

    how: str
    url: str


def _untransformed(output: Output) -> Untransformed | None:
    made = origin_of(output.case)
    if made is None:
        return None
    beside = Output.objects.filter(run=output.run_id, case=made.untransformed_id, repeat=output.repeat).only("pk").first()
    return Untransformed(transforms.BY_SLUG[made.transform].name, reverse("output", args=[beside.pk]) if beside else "")


def _why(output: Output) -> str:
    """How it ended, in a sentence; of a blocked one also by which categories."""
    words = REASON_WORDS.get(output.reason) or OUTCOME_WORDS.get(output.outcome, "")
    categories = blocked_by(output.filters)
    return f"{words} Blocked by: {', '.join(categories).lower()}." if categories and output.outcome in BLOCKED else words


def _attempts_words(output: Output) -> str:
    if output.attempts < 2:
        return str(output.attempts)
    if output.outcome == Outcome.FAILED:
        return f"{output.attempts}, none of them with a usable answer"
    failed = output.attempts - 1
    return f"{output.attempts}: {failed} failed and {'was' if failed == 1 else 'were'} made again, the last one ended as shown"


# --- Judgements ---
@dataclass(frozen=True)
class JudgementLine:
    """What one judge or one person found, with the words for who that was. Reasons in a judge's own words stay hidden until asked for."""

    judgement: Judgement
    severity: Severity | None
    by: str
    note: str
    doubts: list[Mark]


def _judgement_line(judgement: Judgement) -> JudgementLine:
    version = judgement.metric_version
    unstable = (judgement.spread or 0) >= unstable_from(version.scale)
    return JudgementLine(
        judgement=judgement,
        severity=graded(version, judgement.severity),
        by=_by_words(judgement),
        note=_note_words(judgement),
        doubts=doubts_of(judgement.is_contradicted, unstable),
    )


def _by_words(judgement: Judgement) -> str:
    if judgement.judge_version is not None:
        return f"{JudgeKind(judgement.judge_version.judge.kind).label} judge {judgement.judge_version}"
    return judgement.labeller.name if judgement.labeller else f"{judgement.outside_labeller}, outside the portal"


def _note_words(judgement: Judgement) -> str:
    if judges_words.is_plain(judgement):
        return judgement.reason
    votes = f"Median of several votes, {judgement.spread} apart" if judgement.spread else ""
    return f"{votes or 'In the judge’s own words'}: see below" if judgement.reason or votes else ""


def _unjudged_by(output: Output, judgements: Sequence[Judgement]) -> list[MetricVersion]:
    """Metrics of the run whose judge said nothing about an answer."""
    if output.outcome != Outcome.ANSWERED:
        return []
    told = {(judgement.metric_version_id, judgement.judge_version_id) for judgement in judgements}
    return [version for version in metric_versions(output.run_id) if (version.pk, version.judge_version_id) not in told]
