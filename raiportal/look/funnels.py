"""Phases of a launch as bars on one axis of people: how many each reached of those that it may reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raiportal.look import formats
from raiportal.look.charts import percentage
from raiportal.look.marks import Mark


@dataclass(frozen=True)
class FunnelRow:
    """One phase; `cap` None is a phase without one."""

    label: str
    reached: int
    cap: int | None
    mark: Mark
    url: str = ""
    rows_url: str = ""  # the people, or what they used, that were counted

    @property
    def words(self) -> str:
        return f"{formats.number(self.reached)} / {formats.number(self.cap)}" if self.cap is not None else f"{formats.number(self.reached)}, no cap"


@dataclass(frozen=True)
class PlacedPhase:
    row: FunnelRow
    reached: str
    cap: str  # length of the outline; all of the width for a phase without a cap


@dataclass(frozen=True)
class Funnel:
    rows: tuple[PlacedPhase, ...]


def funnel(rows: Sequence[FunnelRow]) -> Funnel:
    """Place phases on one axis from zero to the largest cap, or to what was reached where that is more."""
    most = max([1, *(row.reached for row in rows), *(row.cap for row in rows if row.cap is not None)])
    return Funnel(tuple(PlacedPhase(row, percentage(row.reached / most), percentage(1.0 if row.cap is None else row.cap / most)) for row in rows))
