"""States as people see them: one word, one silhouette, one tone, the same on every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "ok", "warn", "bad", "info"]


@dataclass(frozen=True)
class Mark:
    """A word with the name of its icon in `icons.svg`; tone "" is neutral."""

    word: str
    icon: str
    tone: Tone = ""


HOLDS = Mark("Holds", "holds", "ok")
STALE = Mark("Stale", "stale", "warn")
FAILS = Mark("Fails", "fails", "bad")
MISSING = Mark("Missing", "missing")
RUNNING = Mark("Running", "running", "info")
DRAFT = Mark("Draft", "draft")
