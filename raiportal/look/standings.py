"""Where something stands: the strip of stages, what to do next, and a harm's score at the four risk points."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from raiportal.look.timelines import Reference


@dataclass(frozen=True)
class Lack:
    """A requirement that doesn't hold."""

    state: Literal["stale", "missing", "alert"]
    words: str
    url: str = ""


@dataclass(frozen=True)
class StripStage:
    """One stage with its requirements counted; `lacks` are the first that don't hold."""

    label: str
    url: str
    holds: int
    stale: int
    missing: int
    lacks: Sequence[Lack] = ()

    @property
    def total(self) -> int:
        return self.holds + self.stale + self.missing


@dataclass(frozen=True)
class NextStep:
    """One thing to do: `why` is a sentence, `act` the button's words."""

    title: str
    why: str
    act: str
    url: str
    icon: str = ""


@dataclass(frozen=True)
class RiskPoint:
    """The score at one point, None where it isn't stated; `words` say what it is made of, `note` what it rests on, `is_ranking` that it ranks the harm."""

    label: str
    score: int | None
    words: str = "Not stated"
    note: str = ""
    at: datetime.datetime | None = None
    is_ranking: bool = False
    source: Reference | None = None  # what it was worked out from
