"""What closed rating rounds say, in a register's report and on a harm's line. Of an open round neither says what anybody rated: it stays blind.

Raters are counted, never named: a report goes to people who may not know them, and it can't be taken back. Who recorded an override is named.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from harms import aggregation, selectors
from harms.enums import RoundState
from harms.extensions import HarmLineSource
from harms.models import Consensus, Harm, RoundHarm
from harms.selectors import HarmResult
from raiportal.accounts.models import User
from raiportal.look.formats import number
from raiportal.look.marks import Mark
from raiportal.look.timelines import TimelineEntry
from raiportal.reports.content import Cell, Column, Paragraphs, Section, Table
from systems.models import AISystem

BLIND = "A round that is still open is left out: its ratings are blind until it is closed."
FORMULAS = (aggregation.MEDIAN_FORMULA, aggregation.SPREAD_FORMULA, aggregation.AGREEMENT_FORMULA, aggregation.OUTLIER_FORMULA)
COLUMNS = (
    Column("code", "Harm"),
    Column("title", "What goes wrong"),
    Column("round", "Round"),
    Column("raters", "Rated by"),
    Column("median", "Median", "risk"),
    Column("severity", "Severity"),
    Column("frequency", "Frequency"),
    Column("apart", "Stand apart", "number"),
    Column("agreed", "Agreed", "risk"),
    Column("why", "Why"),
)


# --- In a report ---
def section(system: AISystem) -> Section:
    """The newest closed round of each harm, as a whole and in each use."""
    rows = tuple(_row(result) for result in selectors.closed_results(system))
    table = Table("ratings", "", COLUMNS, rows, key="code", name="title", empty="No closed round has rated a harm of this register.")
    return Section("ratings", "Rated by several people", (Paragraphs((BLIND,)), table, *((Paragraphs(FORMULAS),) if rows else ())))


def _row(result: HarmResult) -> tuple[Cell, ...]:
    held, found, agreed = result.held, result.all, result.consensus
    use = held.round.intended_use
    code = f"{held.harm.code} in {use.code}" if use else held.harm.code
    words = (code, held.harm.title, held.round.code, _raters(result))
    spreads = (found.levels, _spread(found.severity), _spread(found.frequency), len(result.outliers)) if found else (None, None, None, 0)
    return (*words, *spreads, (agreed.severity, agreed.frequency) if agreed else None, _why(agreed) if agreed else "Nothing is recorded yet.")


def _raters(result: HarmResult) -> str:
    outside = sum(one.rater.is_outside for one in result.said)
    unable = f"{number(result.cannot_judge)} can't judge" if result.cannot_judge else ""
    parts = (number(len(result.said)), f"{number(outside)} from outside" if outside else "", unable)
    return ", ".join(part for part in parts if part)


def _spread(found: aggregation.Spread) -> str:
    return f"{found.median}, range {found.range_words}, middle half {found.middle_words}, agreement {found.agreement:.2f}"


def _why(agreed: Consensus) -> str:
    if agreed.is_override:
        return f"Override by {agreed.recorded_by.name}: {agreed.override_reason} {agreed.note}".strip()
    return agreed.note


# --- On a harm's line ---
def _rounds(harm: Harm, user: User, most: int) -> Sequence[TimelineEntry]:
    """The rounds that rate it now, and what closed ones said."""
    now = RoundHarm.objects.filter(harm=harm, round__state=RoundState.OPEN).rated().select_related("round__intended_use").order_by("-round_id")[:most]
    return [*map(_open, now), *map(_closed, selectors.closed_results_of(harm, most))][:most]


def _open(row: RoundHarm) -> TimelineEntry:
    return TimelineEntry(
        title=f"Rating round: {row.round.title}",
        at=row.round.opened_at,
        icon="lock",
        url=reverse("rating-round", args=[row.round_id]),
        about=row.round.code,
        texts=["Open, and blind until it is closed."],
        badge=Mark("Open, blind", "running", "info"),
    )


def _closed(result: HarmResult) -> TimelineEntry:
    held, found = result.held.round, result.all
    place = held.intended_use.code if held.intended_use else "as a whole"
    texts = [f"Rated by {_raters(result)}, {place}."]
    if found:
        texts += [f"Severity: median {_spread(found.severity)}.", f"Frequency: median {_spread(found.frequency)}."]
    if result.outliers:
        texts.append("1 rating stands apart." if len(result.outliers) == 1 else f"{number(len(result.outliers))} ratings stand apart.")
    agreed = result.consensus
    if agreed:
        texts.append(f"{'Overridden with' if agreed.is_override else 'Agreed:'} severity {agreed.severity} × frequency {agreed.frequency}. {_why(agreed)}")
    return TimelineEntry(
        title=f"Rating round: {held.title}",
        at=held.closed_at,
        icon="identify",
        tone="warn" if result.outliers or (agreed and agreed.is_override) else "",
        url=reverse("rating-round", args=[held.pk]),
        about=held.code,
        texts=texts,
        badge=Mark("Override", "alert", "warn") if agreed and agreed.is_override else Mark("Agreed", "check", "ok") if agreed else Mark("Closed", "lock"),
    )


LINE = HarmLineSource("ratings", "Ratings", _rounds, order=15)
