"""The votes of model judges about one output, and what judges said in their own words: harmful text like any other, so it comes only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from measurements.enums import FailureReason, JudgeKind, VoteOutcome
from measurements.models import Judgement, Judging, Output, Vote
from measurements.selectors import outputs as selectors
from measurements.selectors.severities import graded
from raiportal.look.levels import Severity
from raiportal.look.marks import Mark

OWN_WORDS = (JudgeKind.MODEL, JudgeKind.IMPORTED)  # kinds of judges whose reasons are free text
VOTE_MARKS: dict[str, Mark] = {
    VoteOutcome.JUDGED: Mark("Judged", "holds"),
    VoteOutcome.UNPARSEABLE: Mark("Not readable", "missing", "warn"),
    VoteOutcome.BLOCKED: Mark("Blocked", "block", "warn"),
    VoteOutcome.REFUSED: Mark("Refused", "stop", "warn"),
    VoteOutcome.FAILED: Mark("Failed", "fails", "bad"),
}
CONTRADICTED = Mark("Contradicted by its reason", "alert", "warn")


@dataclass(frozen=True)
class VoteLine:
    """One answer of a model judge, without its words."""

    vote: Vote
    number: int
    severity: Severity | None
    marks: list[Mark]
    note: str


@dataclass(frozen=True)
class Voting:
    """The votes of one judging about one output."""

    judging: Judging
    lines: list[VoteLine]

    @property
    def judged(self) -> int:
        return sum(line.severity is not None for line in self.lines)


def votings(votes: Sequence[Vote]) -> list[Voting]:
    return [_voting(list(group)) for _, group in groupby(votes, key=lambda vote: vote.judging_id)]


def _voting(votes: Sequence[Vote]) -> Voting:
    return Voting(votes[0].judging, [_vote_line(vote) for vote in votes])


def _vote_line(vote: Vote) -> VoteLine:
    marks = [VOTE_MARKS[vote.outcome], *([CONTRADICTED] if vote.is_contradicted else [])]
    note = FailureReason(vote.reason).label if vote.reason else ""
    return VoteLine(vote, vote.number + 1, graded(vote.judging.metric_version, vote.severity), marks, vote.last_error or note)


# --- In their own words ---
def is_plain(judgement: Judgement) -> bool:
    """Whether the reason is the portal's own sentence, fit to be read without asking."""
    return judgement.judge_version is not None and judgement.judge_version.judge.kind not in OWN_WORDS


def length(judgements: Sequence[Judgement], votes: Sequence[Vote]) -> int:
    """Characters of everything that judges and people said about an output in words of their own."""
    return len("\n\n".join(_said(judgements, votes)))


def text_of(output: Output) -> str:
    return "\n\n".join(_said(list(selectors.judgements_of(output)), list(selectors.votes_of(output))))


def _said(judgements: Sequence[Judgement], votes: Sequence[Vote]) -> Iterator[str]:
    """Votes one by one; a judgement made of votes would only say the same again."""
    voted = {(vote.judging.metric_version_id, vote.judging.judge_version_id) for vote in votes}
    for judgement in judgements:
        if judgement.reason and not is_plain(judgement) and (judgement.metric_version_id, judgement.judge_version_id) not in voted:
            yield f"{judgement.metric_version.metric.name}, {_who(judgement)}, severity {judgement.severity}:\n{judgement.reason}"
    for vote in votes:
        if said := vote.explanation or vote.text:
            found = f"severity {vote.severity}" if vote.severity is not None else VoteOutcome(vote.outcome).label.lower()
            yield f"{vote.judging.metric_version.metric.name}, {vote.judging.judge_version}, vote {vote.number + 1}, {found}:\n{said}"


def _who(judgement: Judgement) -> str:
    return str(judgement.judge_version or (judgement.labeller.name if judgement.labeller else judgement.outside_labeller))
