"""Findings as pages, exports and the API read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from harms.attack_success import wilson
from harms.enums import SessionState, TurnOutcome, TurnProgress
from harms.models import Finding, Harm, Opinion, ProbeSession, Turn

FINDING_COLUMNS = (
    "id",
    "code",
    "title",
    "state",
    "severity",
    "layer",
    "strategies",
    "harm",
    "is_new_harm",
    "campaign",
    "session",
    "reproduced",
    "replays_judged",
    "reproduced_low",
    "reproduced_high",
    "created_at",
)


@dataclass(frozen=True)
class Reproduced:
    """How often a finding came again: `again` of `judged` replays. What was not played to its end, or not judged, is counted beside it."""

    again: int = 0
    judged: int = 0
    unjudged: int = 0
    unplayed: int = 0
    playing: int = 0

    @property
    def words(self) -> str:
        return f"{self.again} of {self.judged}" if self.judged else "not judged yet"

    @property
    def rate(self) -> float | None:
        return self.again / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %, Wilson, as fractions; None while no replay is judged. Replays don't depend on each other: each is a conversation of its own."""
        return wilson(self.again, self.judged) if self.judged else None

    @property
    def beside(self) -> str:
        parts = ((self.unjudged, "to be judged"), (self.unplayed, "without an answer"), (self.playing, "being played"))
        return ", ".join(f"{count} {words}" for count, words in parts if count)


def with_parts(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    return rows.select_related("system__scope", "campaign", "session__configuration__deployment", "harm", "duplicate_of", "created_by", "triaged_by")


def opinions_of(finding: Finding) -> list[Opinion]:
    return list(Opinion.objects.filter(finding=finding).select_related("created_by").order_by("pk"))


def replays_of(finding: Finding) -> list[ProbeSession]:
    return list(ProbeSession.objects.filter(finding=finding).select_related("tester", "judged_by").prefetch_related("turns").order_by("pk"))


def is_judgeable(replay: ProbeSession) -> bool:
    """Played to its end, every message answered, blocked or refused."""
    turns = replay.turns.all()
    answered = all(turn.progress == TurnProgress.DONE and turn.outcome != TurnOutcome.FAILED for turn in turns)
    return replay.state == SessionState.ENDED and answered and bool(turns)


def stands_still(replay: ProbeSession) -> bool:
    return any(turn.progress == TurnProgress.LOST or turn.outcome == TurnOutcome.FAILED for turn in replay.turns.all())


def reproduced(findings: Iterable[Finding]) -> dict[int, Reproduced]:
    """By finding id; two queries."""
    rows = ProbeSession.objects.filter(finding__in=list(findings)).prefetch_related("turns").order_by("pk")
    by_finding: dict[int, list[ProbeSession]] = {}
    for row in rows:
        by_finding.setdefault(row.finding_id or 0, []).append(row)
    return {pk: _counted(replays) for pk, replays in by_finding.items()}


def _counted(replays: list[ProbeSession]) -> Reproduced:
    judged = [replay for replay in replays if replay.is_reproduced is not None]
    rest = [replay for replay in replays if replay.is_reproduced is None]
    ready = sum(map(is_judgeable, rest))
    still = sum(stands_still(replay) for replay in rest)
    return Reproduced(sum(bool(replay.is_reproduced) for replay in judged), len(judged), ready, still, len(rest) - ready - still)


def turns_of(session: ProbeSession) -> QuerySet[Turn]:
    return Turn.objects.filter(session=session).order_by("number")


def findings_of_harm(harm: Harm) -> QuerySet[Finding]:
    return with_parts(Finding.objects.filter(harm=harm)).order_by("-pk")


def exported_findings(rows: QuerySet[Finding]) -> Iterator[dict[str, Any]]:
    """Never what was sent or answered."""
    batch = 500
    found = with_parts(rows)
    listed: list[Finding] = []
    for row in found.iterator(chunk_size=batch):
        listed.append(row)
        if len(listed) == batch:
            yield from _exported(listed)
            listed = []
    yield from _exported(listed)


def _exported(rows: list[Finding]) -> Iterator[dict[str, Any]]:
    again = reproduced(rows)
    for row in rows:
        counted = again.get(row.pk, Reproduced())
        low, high = counted.interval or (None, None)
        kept: dict[str, Any] = {name: getattr(row, name) for name in ("id", "code", "title", "state", "severity", "layer", "is_new_harm", "created_at")}
        named = {"strategies": ", ".join(row.strategies), "harm": row.harm.code if row.harm else "", "campaign": row.campaign.code, "session": row.session.code}
        yield {**kept, **named, "reproduced": counted.again, "replays_judged": counted.judged, "reproduced_low": low, "reproduced_high": high}
