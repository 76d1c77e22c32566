"""One printed figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A figure beside its goal. `figures` says what it was worked out from; `unattainable` why nobody can meet the goal, which then counts as met.

    Without a goal the figure stands beside another line, for comparison.
    """

    what: str
    value: float
    goal: float | None
    figures: str = ""
    at_least: bool = False
    unattainable: str = ""

    @property
    def holds(self) -> bool:
        if self.goal is None or self.unattainable:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        mark = "      " if self.goal is None else "can't " if self.unattainable else "ok    " if self.holds else "MISSED"
        goal = "" if self.goal is None else f"goal {'>=' if self.at_least else '<='} {self.goal:g}"
        reason = f" (can't be met: {self.unattainable})" if self.unattainable else ""
        return f"{mark} {self.what:<66} {self.value:9.2f}  {goal:<13} {self.figures}{reason}"
