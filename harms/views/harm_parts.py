"""What a harm's page shows of its story: the four risk points side by side, and the line of what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.text import Truncator

from harms import selectors
from harms.enums import RiskPointKind
from harms.models import RiskPoint as StatedPoint
from raiportal.audit.selectors import Change, Line
from raiportal.look.standings import RiskPoint
from raiportal.look.timelines import Reference, ScoreShift, TimelineEntry

RATIONALE_WORDS = 12  # of a rationale, beside a score
COMES_FROM: dict[str, str] = {
    RiskPointKind.INHERENT: "Assess the harm to state it",
    RiskPointKind.MEASURED: "Comes from a run",
    RiskPointKind.RESIDUAL: "Comes after mitigation",
    RiskPointKind.OBSERVED: "Comes from operation",
}


Sources = Mapping[int, Reference]  # by id of the statement, what it was worked out from


def path(steps: Sequence[selectors.PathStep], sources: Sources) -> list[RiskPoint]:
    return [_risk_point(step, sources) for step in steps]


def _risk_point(step: selectors.PathStep, sources: Sources) -> RiskPoint:
    if step.point is None:
        return RiskPoint(step.label, None, note=COMES_FROM[step.kind])
    note = " · ".join(filter(None, [step.point.scale.frequency_unit, Truncator(step.point.rationale).words(RATIONALE_WORDS)]))
    return RiskPoint(step.label, step.point.score, step.words, note, step.point.created_at, step.is_ranking, sources.get(step.point.pk))


def line(entries: Sequence[selectors.LineEntry], sources: Sources) -> Iterator[TimelineEntry]:
    """Statements of risk, and what the ledger says was done beside them, in the order given."""
    for entry in entries:
        if entry.point is not None:
            yield _stated(entry.words, entry.point, sources.get(entry.point.pk))
        elif entry.done is not None:
            yield _done(entry.done)


def _stated(words: str, point: StatedPoint, source: Reference | None) -> TimelineEntry:
    where = f" in {point.intended_use.code}" if point.intended_use else ""
    rests_on = [Reference(f"{words}, {point.scale.frequency_unit}"), Reference(str(point.scale)), *([source] if source else [])]
    return TimelineEntry(
        title=f"{point.get_kind_display()} risk stated{where}",
        at=point.created_at,
        icon="identify",
        tone="info",
        texts=[point.rationale] if point.rationale else [],
        note=point.created_by.name,
        shift=ScoreShift("Score", point.score),
        references=rests_on,
    )


def _done(done: Line) -> TimelineEntry:
    texts = [*([f"“{done.titled}”"] if done.titled else []), *map(_words, done.changes), *([done.reason] if done.reason else [])]
    return TimelineEntry(title=done.action, at=done.at, texts=texts, note=done.actor)


def _words(change: Change) -> str:
    """A long text is only named: the history compares it line by line."""
    field = change.field[:1].upper() + change.field[1:]
    return f"{field} changed" if change.is_long else f"{field}: {change.before} → {change.after}"
