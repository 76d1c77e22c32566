"""What a machine that needs no model says of one output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Severity on the metric's scale, why, and the words that it rests on; None where nothing was found."""

    severity: int
    reason: str
    matched: str | None
