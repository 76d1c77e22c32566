"""The line of a harm from its origin to its latest instance, and the path of its score: every source adds its own, and apps further up register more."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from harms.extensions import harm_line_sources
from harms.models import Harm, RiskPoint
from raiportal.accounts.models import User
from raiportal.look.timelines import TimelineEntry

MOST_ENTRIES = 200
MOST_POINTS = 60  # of the path that is drawn


@dataclass(frozen=True)
class Line:
    """Newest first. `cut` says that there is more than is shown."""

    entries: Sequence[tuple[str, TimelineEntry]]  # the source's slug with each
    counts: Sequence[tuple[str, str, int]]  # slug, label, entries of it
    cut: bool


def line_of_life(harm: Harm, user: User, only: str = "") -> Line:
    """Everything that the sources know of a harm, or what one of them knows."""
    found: list[tuple[str, TimelineEntry]] = []
    counts: list[tuple[str, str, int]] = []
    for source in sorted(harm_line_sources, key=lambda entry: entry.order):
        loaded = source.load(harm, user, MOST_ENTRIES + 1)
        counts.append((source.slug, source.label, len(loaded)))
        if only in ("", source.slug):
            found.extend((source.slug, entry) for entry in loaded)
    earliest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    found.sort(key=lambda pair: pair[1].at or earliest, reverse=True)
    return Line(found[:MOST_ENTRIES], counts, len(found) > MOST_ENTRIES)


def score_points(harm: Harm) -> list[RiskPoint]:
    """The statements of risk of the harm as a whole and in its uses, oldest first, the newest MOST_POINTS of them."""
    rows = RiskPoint.objects.filter(harm=harm).select_related("intended_use", "scale").order_by("-pk")[:MOST_POINTS]
    return list(reversed(rows))
