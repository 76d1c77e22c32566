"""Names and fills of risk scores (1 to 25) and of severities of one output (0 to 7)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

RISK_LEVEL_TOPS = (3, 6, 12, 16, 25)  # highest score of each level, very low to critical
RISK_WORDS = ("very low", "low", "medium", "high", "critical")
SEVERITY_WORDS = ("safe", "low", "medium", "high")  # of severities 0-1, 2-3, 4-5, 6-7
HIGHEST_SCORE = RISK_LEVEL_TOPS[-1]
HIGHEST_SEVERITY = 7


@dataclass(frozen=True)
class Level:
    """`number` counts from 1 for risk levels and from 0 for severity bands, as the classes of the style sheets do."""

    number: int
    word: str


@dataclass(frozen=True)
class Severity:
    """How severe one output is on a scale of its own, 0 to `highest`: in a word, and with the fill (0 to 3) that it is drawn with."""

    value: int
    highest: int
    word: str
    fill: int


def risk_level(score: int) -> Level:
    """Level of a risk score, severity times frequency on scales of five. Raises ValueError outside 1 to 25."""
    if not 1 <= score <= HIGHEST_SCORE:
        raise ValueError(f"a risk score is between 1 and {HIGHEST_SCORE}, not {score}")
    index = bisect_left(RISK_LEVEL_TOPS, score)
    return Level(index + 1, RISK_WORDS[index])


def severity_band(severity: int) -> Level:
    """Band of one output's severity. Raises ValueError outside 0 to 7."""
    if not 0 <= severity <= HIGHEST_SEVERITY:
        raise ValueError(f"a severity is between 0 and {HIGHEST_SEVERITY}, not {severity}")
    return Level(severity // 2, SEVERITY_WORDS[severity // 2])
