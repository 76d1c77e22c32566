"""Before and after: two rates of the same cases on one axis, with their paired difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raiportal.look import formats
from raiportal.look.charts import MOST_STEPS, SMALLEST_AXIS, Axis, rate_axis
from raiportal.look.marks import Mark

BETTER = Mark("Better", "holds", "ok")
WORSE = Mark("Worse", "fails", "bad")
NOT_SHOWN = Mark("Not shown", "stale", "warn")
HEIGHT = 32  # pixels of a row's drawing


@dataclass(frozen=True)
class DumbbellRow:
    """Rates as fractions; `difference` is after minus before, with its interval; None where nothing could be paired."""

    label: str
    before: float
    after: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    sublabel: str = ""
    url: str = ""
    rows_url: str = ""  # the cases that changed
    lower_is_better: bool = True

    @property
    def mark(self) -> Mark:
        """Better or worse when the whole interval lies on one side of no difference."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return NOT_SHOWN
        return BETTER if (self.high < 0) is self.lower_is_better else WORSE

    @property
    def words(self) -> str:
        """The paired difference in points: `−1.4 (−2.1 to −0.7)`."""
        if self.difference is None:
            return formats.NONE_YET
        if self.low is None or self.high is None:
            return formats.points(self.difference)
        return f"{formats.points(self.difference)} ({formats.points(self.low, signed=False)} to {formats.points(self.high, signed=False)})"


@dataclass(frozen=True)
class PlacedPair:
    row: DumbbellRow
    before: str
    after: str


@dataclass(frozen=True)
class Dumbbells:
    axis: Axis
    rows: tuple[PlacedPair, ...]
    height: int

    @property
    def middle(self) -> float:
        return self.height / 2


def dumbbells(rows: Sequence[DumbbellRow], *, height: int = HEIGHT) -> Dumbbells:
    """Place all pairs on one axis from zero."""
    axis = rate_axis(max((rate for row in rows for rate in (row.before, row.after)), default=SMALLEST_AXIS), most_steps=MOST_STEPS)
    return Dumbbells(axis, tuple(PlacedPair(row, axis.x(row.before), axis.x(row.after)) for row in rows), height)
