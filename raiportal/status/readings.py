"""What the status page reads: each probe tells one or more figures, what is normal, and what to do when one is not.

The kernel's own probes are in `probes`; apps register theirs. A probe that fails says so and hides no other.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, transaction

from raiportal import clocks
from raiportal.registry import Registry

log = structlog.get_logger(__name__)


class Level(enum.StrEnum):
    """How a figure stands against its bound."""

    WELL = "well"
    DEGRADED = "degraded"  # pages work, and something waits or will soon
    BROKEN = "broken"  # work stands still


@dataclass(frozen=True)
class Reading:
    """One line of the page. `figure` is the number behind `value` for programs, in `unit`; None where there is none.

    `bound` says what is normal, `remedy` what to do; it is empty when all is well.
    """

    slug: str
    title: str
    value: str
    figure: float | None = None
    unit: str = ""
    bound: str = ""
    level: Level = Level.WELL
    remedy: str = ""


@dataclass(frozen=True)
class Probe:
    """One group of readings. `read` takes the database's time."""

    slug: str
    title: str
    read: Callable[[datetime.datetime], Sequence[Reading]]
    order: int = 50


@dataclass(frozen=True)
class Group:
    title: str
    readings: Sequence[Reading]


@dataclass(frozen=True)
class Status:
    """The whole page."""

    at: datetime.datetime
    groups: Sequence[Group]

    @property
    def readings(self) -> list[Reading]:
        return [reading for group in self.groups for reading in group.readings]

    @property
    def level(self) -> Level:
        """The worst of all."""
        return max((reading.level for reading in self.readings), key=list(Level).index, default=Level.WELL)

    @property
    def to_do(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.level is not Level.WELL]


probes: Registry[Probe] = Registry(Probe)


def status() -> Status:
    """Ask every probe, in their order."""
    now = clocks.now()
    return Status(now, [Group(probe.title, _read(probe, now)) for probe in sorted(probes, key=lambda probe: probe.order)])


def _read(probe: Probe, now: datetime.datetime) -> Sequence[Reading]:
    try:
        with transaction.atomic():
            return probe.read(now)
    except (DatabaseError, OSError) as problem:
        log.warning("probe_failed", probe=probe.slug, error=type(problem).__name__)
        remedy = "Look into the web server's log for “probe_failed”."
        return [Reading(probe.slug, probe.title, "can't be read", level=Level.DEGRADED, remedy=remedy)]


def bounded(
    slug: str, title: str, figure: float | None, value: str, *, most: float, bound: str, remedy: str, unit: str = "s", level: Level = Level.DEGRADED
) -> Reading:
    """A reading that is well up to `most`; without a figure it isn't."""
    is_well = figure is not None and figure <= most
    return Reading(slug, title, value, figure, unit, bound, Level.WELL if is_well else level, "" if is_well else remedy)
