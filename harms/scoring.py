"""The one place where a risk is scored: severity times frequency, and which of a harm's scores ranks it."""

from __future__ import annotations

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
