"""Geometry of the charts, worked out on the server: horizontal places are percentages, heights are pixels.

Pure functions over plain numbers; the templates in `components/` only write down what comes out of here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from raiportal.look.formats import number, rate
from raiportal.look.levels import HIGHEST_SCORE, HIGHEST_SEVERITY, SEVERITY_WORDS
from raiportal.look.marks import Mark

NICE_STEPS = (1, 2, 5, 10)  # times a power of ten; they divide 100, so no axis passes 100 %
MOST_STEPS = 6
SMALLEST_AXIS = 0.01  # an axis never ends below 1 %, so that "nothing found" does not look like much


def percentage(share: float) -> str:
    """A share from 0 to 1 as an SVG length with two decimals at most."""
    return f"{round(share * 100, 2):g}%"


@dataclass(frozen=True)
class Tick:
    """One mark on an axis: where it stands, what it says, how its text is anchored ("", "middle" or "end")."""

    x: str
    label: str
    anchor: str


@dataclass(frozen=True)
class Axis:
    """From zero to `end`, a fraction of at most 1."""

    end: float
    ticks: tuple[Tick, ...]

    def share(self, value: float) -> float:
        return min(max(value / self.end, 0.0), 1.0)

    def x(self, value: float) -> str:
        return percentage(self.share(value))

    @property
    def words(self) -> str:
        return f"axis from 0 to {self.end * 100:g} percent"


def rate_axis(largest: float, *, most_steps: int = MOST_STEPS) -> Axis:
    """The shortest axis of rates that holds `largest` and ends on a step of 1, 2 or 5 times a power of ten percent."""
    span = min(max(largest, SMALLEST_AXIS), 1.0) * 100
    power = 10 ** math.floor(math.log10(span / most_steps))
    step = next(nice * power for nice in NICE_STEPS if span / (nice * power) <= most_steps + 1e-9)
    count = math.ceil(span / step - 1e-9)
    return Axis(end=step * count / 100, ticks=_ticks(step, count))


def _ticks(step: float, count: int) -> tuple[Tick, ...]:
    anchors = [""] + ["middle"] * (count - 1) + ["end"]
    labels = [f"{round(step * index, 6):g}" + ("\u00a0%" if index in (0, count) else "") for index in range(count + 1)]
    return tuple(Tick(percentage(index / count), labels[index], anchors[index]) for index in range(count + 1))


class Verdict(StrEnum):
    """What an interval says about its target. Without a target there is nothing to say."""

    WITHIN = "within"
    ABOVE = "above"
    NOT_SHOWN = "not_shown"
    NO_TARGET = "no_target"


VERDICT_MARKS = {
    Verdict.WITHIN: Mark("Within target", "holds", "ok"),
    Verdict.ABOVE: Mark("Above target", "fails", "bad"),
    Verdict.NOT_SHOWN: Mark("Not shown", "stale", "warn"),
}


def verdict_of(low: float | None, high: float | None, target: float | None) -> Verdict:
    """Within when the interval lies wholly at or below the target, above when wholly over it, else not shown."""
    if target is None:
        return Verdict.NO_TARGET
    if low is None or high is None:
        return Verdict.NOT_SHOWN
    if high <= target:
        return Verdict.WITHIN
    return Verdict.ABOVE if low > target else Verdict.NOT_SHOWN


@dataclass(frozen=True)
class IntervalRow:
    """One rate with its interval, as fractions. `rate`, `low` and `high` are None where nothing was judged.

    `url` opens what the row is about, `rows_url` the rows that its numerator counts.
    """

    label: str
    sublabel: str
    url: str
    low: float | None
    high: float | None
    rate: float | None
    numerator: int
    denominator: int
    target: float | None = None
    verdict: Verdict | None = None  # None: the plain reading of interval and target
    rows_url: str = ""

    @property
    def reading(self) -> Verdict:
        return self.verdict or verdict_of(self.low, self.high, self.target)

    @property
    def mark(self) -> Mark | None:
        return VERDICT_MARKS.get(self.reading)

    @property
    def is_over(self) -> bool:
        return self.reading is Verdict.ABOVE


@dataclass(frozen=True)
class PlottedRow:
    """A row with its places on the axis; `None` where a mark is not drawn."""

    row: IntervalRow
    dot: str | None
    low: str | None
    high: str | None
    target: str | None
    beyond: str | None  # width of the shaded side over the target


@dataclass(frozen=True)
class IntervalPlot:
    """Rows on one axis from zero. `height` is that of a row's drawing, in pixels."""

    axis: Axis
    rows: tuple[PlottedRow, ...]
    height: int

    @property
    def middle(self) -> float:
        return self.height / 2

    @property
    def whisker_top(self) -> float:
        return self.middle - 4

    @property
    def whisker_foot(self) -> float:
        return self.middle + 4

    @property
    def has_targets(self) -> bool:
        return any(plotted.row.target is not None for plotted in self.rows)


def interval_plot(rows: Sequence[IntervalRow], *, height: int = 36, most_steps: int = MOST_STEPS, axis: Axis | None = None) -> IntervalPlot:
    """Place rows on one axis that holds every interval and every target. Pass `axis` to share one between plots."""
    reach = [bound for row in rows for bound in (row.high, row.target) if bound is not None]
    shared = axis or rate_axis(max(reach, default=SMALLEST_AXIS), most_steps=most_steps)
    return IntervalPlot(axis=shared, rows=tuple(_plotted(row, shared) for row in rows), height=height)


def _plotted(row: IntervalRow, axis: Axis) -> PlottedRow:
    def place(value: float | None) -> str | None:
        return None if value is None else axis.x(value)

    return PlottedRow(
        row=row,
        dot=place(row.rate),
        low=place(row.low),
        high=place(row.high),
        target=place(row.target),
        beyond=None if row.target is None else percentage(1 - axis.share(row.target)),
    )


@dataclass(frozen=True)
class Segment:
    """One part of a stacked bar. `css` is its fill class, `title` its text."""

    css: str
    x: str
    width: str
    count: int
    title: str


def stacked(parts: Sequence[tuple[str, int, str]]) -> tuple[Segment, ...]:
    """Parts of a whole, (css, count, words), side by side; parts of zero are left out."""
    whole = sum(count for _, count, _ in parts)
    segments, before = [], 0
    for css, count, words in parts:
        if count:
            segments.append(Segment(css, percentage(before / whole), percentage(count / whole), count, f"{number(count)} {words}"))
        before += count
    return tuple(segments)


@dataclass(frozen=True)
class LegendEntry:
    css: str
    count: int
    words: str
    share: str = ""


def _listed(segments: Sequence[Segment]) -> str:
    return ", ".join(segment.title for segment in segments)


SEVERITY_RANGES = ("0–1", "2–3", "4–5", "6–7")


@dataclass(frozen=True)
class SeverityPart:
    """Neighbouring severities that share a word, the outputs there, and the fill (0 to 3) that they are drawn with."""

    range: str
    word: str
    fill: int
    count: int


@dataclass(frozen=True)
class SeverityBar:
    """All judged outputs, and enlarged below them those above the mildest part. `lens_x` is where those begin, 0 to 100."""

    total: int
    above_safe: int
    segments: tuple[Segment, ...]
    enlarged: tuple[Segment, ...]
    lens_x: float
    legend: tuple[LegendEntry, ...]
    mildest: str = SEVERITY_WORDS[0]

    @property
    def words(self) -> str:
        return f"All {number(self.total)} judged outputs: {_listed(self.segments)}"

    @property
    def enlarged_words(self) -> str:
        return f"The {number(self.above_safe)} outputs above {self.mildest}, enlarged: {_listed(self.enlarged)}"


def severity_bar(counts: Sequence[int]) -> SeverityBar:
    """From the number of outputs at each severity, 0 to 7."""
    if len(counts) != HIGHEST_SEVERITY + 1:
        raise ValueError(f"severity counts are {HIGHEST_SEVERITY + 1} numbers, one for each severity, not {len(counts)}")
    return severity_parts_bar(
        [SeverityPart(SEVERITY_RANGES[band], SEVERITY_WORDS[band], band, counts[2 * band] + counts[2 * band + 1]) for band in range(len(SEVERITY_WORDS))]
    )


def severity_parts_bar(parts: Sequence[SeverityPart]) -> SeverityBar:
    """From the parts of any scale, the mildest first; at least one."""
    total = sum(part.count for part in parts)
    drawn = [(f"sev-{part.fill}", part.count, part.word) for part in parts]
    legend = tuple(LegendEntry(f"sev-{part.fill}", part.count, f"{part.range} {part.word}", rate(part.count / total) if total else "") for part in parts)
    lens_x = round(parts[0].count / total * 100, 2) if total else 0.0
    return SeverityBar(total, total - parts[0].count, stacked(drawn), stacked(drawn[1:]), lens_x, legend, parts[0].word)


@dataclass(frozen=True)
class OutcomeBar:
    """Where the planned outputs of a run are."""

    planned: int
    segments: tuple[Segment, ...]
    legend: tuple[LegendEntry, ...]

    @property
    def words(self) -> str:
        return f"Outputs so far: {_listed(self.segments)}" if self.segments else "No outputs planned"


OUTCOMES = (
    ("answered", "o-answered", "answered"),
    ("input_blocked", "o-blocked", "input blocked"),
    ("output_blocked", "o-blocked", "output blocked"),
    ("refused", "o-refused", "refused"),
    ("failed", "o-failed", "failed"),
    ("pending", "o-pending", "waiting"),
)


def outcome_bar(counts: Mapping[str, int], *, failed_note: str = "") -> OutcomeBar:
    """From counts by outcome: answered, input_blocked, output_blocked, refused, failed, pending (missing ones are 0)."""
    count = {key: counts.get(key, 0) for key, _, _ in OUTCOMES}
    legend = (
        LegendEntry("o-answered", count["answered"], "answered"),
        LegendEntry("o-blocked", count["input_blocked"] + count["output_blocked"], _blocked_words(count["input_blocked"], count["output_blocked"])),
        LegendEntry("o-refused", count["refused"], "refused"),
        LegendEntry("o-failed", count["failed"], f"failed, {failed_note}" if failed_note else "failed"),
        LegendEntry("o-pending", count["pending"], "waiting"),
    )
    return OutcomeBar(sum(count.values()), stacked([(css, count[key], words) for key, css, words in OUTCOMES]), legend)


def _blocked_words(inputs: int, outputs: int) -> str:
    return f"blocked: {number(inputs)} input, {number(outputs)} output" if inputs or outputs else "blocked"


TICK_WIDTH, TICK_PITCH = 6, 9  # pixels


@dataclass(frozen=True)
class Tally:
    """One tick for each requirement: `ticks` are (kind, x in pixels)."""

    ticks: tuple[tuple[str, int], ...]
    width: int
    words: str


def tally(holds: int, stale: int = 0, missing: int = 0) -> Tally:
    kinds = ["holds"] * holds + ["stale"] * stale + ["missing"] * missing
    words = f"{holds} hold, {stale} stale, {missing} missing"
    return Tally(tuple((kind, index * TICK_PITCH) for index, kind in enumerate(kinds)), max(len(kinds) * TICK_PITCH, 1), words)


@dataclass(frozen=True)
class Sparkline:
    """Steps in a box of 72 by 20 with zero at the foot; `end` is the last value's point."""

    points: str
    end: tuple[str, str]
    words: str


def sparkline(values: Sequence[int], *, top: int = HIGHEST_SCORE) -> Sparkline:
    """The path of a score. Raises ValueError for no value at all."""
    if not values:
        raise ValueError("a sparkline needs at least one value")
    pitch = 68 / max(len(values) - 1, 1)
    places = [(f"{2 + index * pitch:.2f}".rstrip("0").rstrip("."), f"{18 - value / top * 17:.2f}") for index, value in enumerate(values)]
    points = [places[0]]
    for (_, before), (x, y) in pairwise(places):
        points += [(x, before), (x, y)] if y != before else [(x, y)]
    if len(values) == 1:
        points.append(("70", places[0][1]))
    return Sparkline(" ".join(f"{x},{y}" for x, y in points), points[-1], f"Score path: {', '.join(map(str, values))}")
