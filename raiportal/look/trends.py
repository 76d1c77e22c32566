"""A rate over time: each run with its interval as a band, the target, and letters for what was changed in between."""

from __future__ import annotations

import datetime
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils import timezone

from raiportal.look import formats
from raiportal.look.charts import SMALLEST_AXIS, Axis, percentage, rate_axis

HEIGHT = 190  # pixels
EDGE = 0.03  # share of the width kept free on both sides, so that the outermost dots are whole
FLAG_PITCH = 0.035  # least distance of two letters, as a share of the width
MOST_CHANGES = 20  # the newest; more letters than that would cover the line
MOST_DATES = 4
MOST_STEPS = 4


@dataclass(frozen=True)
class TrendPoint:
    """One run: rates are fractions, None where nothing was judged. `url` opens the run, `rows_url` the rows that its numerator counts."""

    label: str
    at: datetime.datetime
    numerator: int
    denominator: int
    rate: float | None
    low: float | None
    high: float | None
    url: str = ""
    rows_url: str = ""

    @property
    def words(self) -> str:
        return f"{self.label}: {formats.rate(self.rate)}, 95{formats.NO_BREAK}% interval {formats.interval(self.low, self.high, ' to ')}{formats.NO_BREAK}%"


@dataclass(frozen=True)
class Change:
    """Something that was changed at a moment: a metaprompt, a model, a mitigation."""

    at: datetime.datetime
    words: str
    url: str = ""


@dataclass(frozen=True)
class PlacedPoint:
    """`x` and `y` are lengths in percent, y from the top."""

    point: TrendPoint
    x: str
    y: str
    is_right: bool = True  # of the middle: words about it stand at its left


@dataclass(frozen=True)
class Flag:
    letter: str
    x: str
    change: Change


@dataclass(frozen=True)
class DateMark:
    x: str
    words: str
    anchor: str


@dataclass(frozen=True)
class Stretch:
    """Points that follow each other without a gap, as points of an SVG of 100 by 100."""

    series: str
    band: str


@dataclass(frozen=True)
class Trend:
    """A trend with every mark placed; `ticks` are (y, words) from zero up."""

    points: tuple[PlacedPoint, ...]
    stretches: tuple[Stretch, ...]
    flags: tuple[Flag, ...]
    dates: tuple[DateMark, ...]
    ticks: tuple[tuple[str, str], ...]
    target: float | None
    target_y: str
    height: int
    words: str
    rows: tuple[TrendPoint, ...]  # newest first, for the table

    @property
    def last(self) -> PlacedPoint | None:
        return self.points[-1] if self.points else None


def trend(points: Sequence[TrendPoint], changes: Sequence[Change] = (), *, target: float | None = None, height: int = HEIGHT) -> Trend:
    """Place runs and changes on an axis of time and an axis of rates that begins at zero. Changes outside the runs' time are left out."""
    runs = sorted(points, key=lambda point: point.at)
    reach = [bound for point in runs for bound in (point.high, point.rate) if bound is not None] + ([target] if target is not None else [])
    axis = rate_axis(max(reach, default=SMALLEST_AXIS), most_steps=MOST_STEPS)
    span = _Span(runs[0].at, runs[-1].at) if runs else None
    return Trend(
        points=tuple(_point(point, span, axis) for point in runs if span and point.rate is not None),
        stretches=tuple(_stretches(runs, span, axis)) if span else (),
        flags=tuple(_flags(changes, span)) if span else (),
        dates=tuple(_dates(runs, span)) if span else (),
        ticks=tuple((percentage(1 - index / (len(axis.ticks) - 1)), tick.label if index else "0") for index, tick in enumerate(axis.ticks)),
        target=target,
        target_y=_y(axis, target) if target is not None else "",
        height=height,
        words=_words(runs, target),
        rows=tuple(reversed(runs)),
    )


@dataclass(frozen=True)
class _Span:
    first: datetime.datetime
    last: datetime.datetime

    def share(self, moment: datetime.datetime) -> float:
        """Where a moment stands between the edges, 0 to 1; one lone moment stands in the middle."""
        seconds = (self.last - self.first).total_seconds()
        passed = (moment - self.first).total_seconds() / seconds if seconds else 0.5
        return EDGE + passed * (1 - 2 * EDGE)


def _point(point: TrendPoint, span: _Span, axis: Axis) -> PlacedPoint:
    share = span.share(point.at)
    return PlacedPoint(point, percentage(share), _y(axis, point.rate), share > 0.5)


def _y(axis: Axis, value: float | None) -> str:
    return percentage(1 - axis.share(value or 0.0))


def _stretches(runs: Sequence[TrendPoint], span: _Span, axis: Axis) -> Iterator[Stretch]:
    for is_judged, group in groupby(runs, key=lambda point: point.rate is not None):
        members = list(group)
        if is_judged:
            upper = [_place(span, axis, point.at, point.high if point.high is not None else point.rate) for point in members]
            lower = [_place(span, axis, point.at, point.low if point.low is not None else point.rate) for point in members]
            yield Stretch(" ".join(_place(span, axis, point.at, point.rate) for point in members), " ".join(upper + lower[::-1]))


def _place(span: _Span, axis: Axis, moment: datetime.datetime, value: float | None) -> str:
    return f"{span.share(moment) * 100:.2f},{(1 - axis.share(value or 0.0)) * 100:.2f}"


def _flags(changes: Sequence[Change], span: _Span) -> Iterator[Flag]:
    """Letters in order of time. One that would cover the one before it moves right, or left at the edge."""
    within = sorted((change for change in changes if span.first <= change.at <= span.last), key=lambda change: change.at)[-MOST_CHANGES:]
    places: list[float] = []
    for change in within:
        places.append(max(span.share(change.at), places[-1] + FLAG_PITCH if places else 0.0))
    limit = 1.0
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - FLAG_PITCH
    for letter, place, change in zip(string.ascii_uppercase, places, within, strict=False):
        yield Flag(letter, percentage(place), change)


def _dates(runs: Sequence[TrendPoint], span: _Span) -> Iterator[DateMark]:
    """Up to four dates, of runs, far enough apart to be read."""
    wanted = min(MOST_DATES, len(runs))
    chosen = [runs[round(index * (len(runs) - 1) / max(wanted - 1, 1))] for index in range(wanted)]
    before = -1.0
    for point in chosen:
        place = span.share(point.at)
        is_last = point is runs[-1]
        if place - before >= 0.15 and (is_last or 1 - EDGE - place >= 0.15 or place < 0.5):
            anchor = "end" if is_last and len(runs) > 1 else "middle" if before >= 0 or len(runs) == 1 else ""
            yield DateMark(percentage(place), _date(point.at), anchor)
            before = place


def _date(moment: datetime.datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.day}{formats.NO_BREAK}{local:%b}"


def _words(runs: Sequence[TrendPoint], target: float | None) -> str:
    judged = [point for point in runs if point.rate is not None]
    aim = f"; target {formats.threshold(target)}" if target is not None else ""
    if not judged:
        return f"No run has a rate yet{aim}."
    first, last = judged[0], judged[-1]
    if first is last:
        return f"Rate in one run, {_date(first.at)}: {formats.rate(first.rate)}{aim}."
    course = f"from {formats.rate(first.rate)} on {_date(first.at)} to {formats.rate(last.rate)} on {_date(last.at)}"
    return f"Rate over {len(judged)} runs, {course}{aim}. The table below has every value."
