"""What happened, in order: the entries of a history, of an incident's timeline, of the line of a harm."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from raiportal.look.marks import Mark, Tone


@dataclass(frozen=True)
class Reference:
    """A thing that an entry points to; without an address it is only named."""

    label: str
    url: str = ""


@dataclass(frozen=True)
class ScoreShift:
    """A risk score that an entry stated (`before` None) or moved."""

    label: str
    after: int | None
    before: int | None = None

    @property
    def is_move(self) -> bool:
        return self.before is not None and self.before != self.after


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened. `texts` are sentences, `note` is who or what stands behind it, `stage` goes below the moment where that has a column."""

    title: str
    at: datetime.datetime | None = None
    icon: str = "draft"
    tone: Tone = ""
    url: str = ""
    about: str = ""  # beside the title: what it was done to
    texts: Sequence[str] = ()
    note: str = ""
    stage: str = ""
    badge: Mark | None = None
    shift: ScoreShift | None = None
    references: Sequence[Reference] = ()
    digest: str = ""
    anchor: str = ""
