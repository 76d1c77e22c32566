"""Heat-map of risks: severity down, frequency across, in each cell the number of harms and the way to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raiportal.look.levels import risk_level


@dataclass(frozen=True)
class HeatStep:
    """One step of a scale: `number` from 1, its word, and what it means."""

    number: int
    word: str
    meaning: str = ""


@dataclass(frozen=True)
class HeatCell:
    """`level` 1 to 5 is the fill; a cell without harms has no address. `shown` is the count as it is drawn."""

    level: int
    count: int
    shown: str
    url: str = ""
    words: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class HeatRow:
    step: HeatStep
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class HeatMap:
    """`rows` from the severest down, `columns` from the rarest up."""

    caption: str
    columns: tuple[HeatStep, ...]
    rows: tuple[HeatRow, ...]


def heat_map(
    severities: Sequence[HeatStep],
    frequencies: Sequence[HeatStep],
    counts: Mapping[tuple[int, int], int],
    url: Callable[[int, int], str],
    *,
    current: tuple[int, int] | None = None,
    counted: tuple[str, str] = ("harm", "harms"),
    most: int | None = None,
) -> HeatMap:
    """From the steps of both scales (any order) and the counts by (severity, frequency); `url` opens the list of a cell, `current` is the open one.

    The fill is the level of severity times frequency, so both scales have five steps. Counts above `most` weren't counted to their end and say so.
    """
    columns = sorted(frequencies, key=lambda step: step.number)
    rows = sorted(severities, key=lambda step: -step.number)

    def cell(severity: HeatStep, frequency: HeatStep) -> HeatCell:
        place = (severity.number, frequency.number)
        count, level = counts.get(place, 0), risk_level(severity.number * frequency.number).number
        is_more = most is not None and count > most
        figure = f"more than {most:,}" if is_more else f"{count:,}"
        words = f"{figure} {counted[count != 1]}, severity {severity.number} {severity.word.lower()}, frequency {frequency.number} {frequency.word.lower()}"
        shown = f"{most:,}+" if is_more else f"{count:,}"
        return HeatCell(level, count, shown, url(*place) if count else "", words, place == current)

    return HeatMap(
        caption=f"{counted[1].capitalize()} by severity (rows) and frequency (columns). Each number opens its {counted[1]}.",
        columns=tuple(columns),
        rows=tuple(HeatRow(severity, tuple(cell(severity, frequency) for frequency in columns)) for severity in rows),
    )
