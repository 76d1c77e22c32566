"""The one place where a risk is scored: severity times frequency, which of four scores ranks, and the worst of a harm's places.

A harm's *places* are the harm as a whole and each of its intended uses. Each place has up to four scores and one that ranks it; the harm takes the
worst of its places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harms.enums import RiskPointKind
from harms.models import HIGHEST_LEVEL, NO_SCORE
from raiportal.look.levels import risk_level


@dataclass(frozen=True)
class Score:
    """A risk score from 1 to 25, its level from 1 (very low) to 5 (critical), and what it was worked out from, in words."""

    value: int
    level: int
    word: str
    words: str


def score(severity: int, frequency: int) -> Score:
    """The risk of a harm whose severity and frequency are levels from 1 to 5. Raises ValueError outside that range."""
    for axis, given in (("severity", severity), ("frequency", frequency)):
        if not 1 <= given <= HIGHEST_LEVEL:
            raise ValueError(f"{axis} is a level from 1 to {HIGHEST_LEVEL}, not {given}")
    value = severity * frequency
    level = risk_level(value)
    return Score(value, level.number, level.word, f"severity {severity} × frequency {frequency}")


def ranking_kind(inherent: int | None, measured: int | None, residual: int | None, observed: int | None) -> RiskPointKind | None:
    """Which of a harm's four scores ranks it: what is left after mitigation, else what was measured, else what was judged at the start.

    What operation shows counts when it is worse than that: then the rest is too kind. None when nobody has assessed the harm.
    """
    scores = {RiskPointKind.RESIDUAL: residual, RiskPointKind.MEASURED: measured, RiskPointKind.INHERENT: inherent}
    latest = next((kind for kind, value in scores.items() if value is not None), None)
    if observed is not None and observed > (scores[latest] or NO_SCORE if latest else NO_SCORE):
        return RiskPointKind.OBSERVED
    return latest


@dataclass(frozen=True)
class Stated:
    """One risk as it was stated: its kind, and both levels from 1 to 5."""

    kind: RiskPointKind
    severity: int
    frequency: int

    @property
    def score(self) -> int:
        return self.severity * self.frequency


Place = Mapping[RiskPointKind, Stated]  # the newest statement of each kind


def ranking(place: Place) -> Stated | None:
    """The statement that ranks one place."""
    scores = {kind: place[kind].score if kind in place else None for kind in RiskPointKind}
    kind = ranking_kind(*(scores[kind] for kind in RiskPointKind))
    return place[kind] if kind else None


def columns(places: Sequence[Place]) -> dict[str, int | None]:
    """What a row says whose places these are: the worst score of each kind with its levels, and the worst of the scores that rank a place."""
    found: dict[str, int | None] = {}
    for kind in RiskPointKind:
        worst = _worst([place[kind] for place in places if kind in place])
        score, severity, frequency = (worst.score, worst.severity, worst.frequency) if worst else (None, None, None)
        found |= {f"{kind}_score": score, f"{kind}_severity": severity, f"{kind}_frequency": frequency}
    ranks = _worst([stated for place in places if (stated := ranking(place))])
    levels = (ranks.severity, ranks.frequency) if ranks else (None, None)
    return found | {"priority": ranks.score if ranks else NO_SCORE, "severity": levels[0], "frequency": levels[1]}


def _worst(stated: Sequence[Stated]) -> Stated | None:
    """The highest score; of equal ones the severest."""
    return max(stated, key=lambda one: (one.score, one.severity), default=None)
