"""The report of a harm register: the system in brief, the ranked lists, the heat-map as counts, the ratings, what changed, and how scores are worked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harms import policies, rating_results, selectors
from harms.enums import Axis
from harms.models import HIGHEST_LEVEL, NO_SCORE, Harm, HarmUse
from raiportal.look.formats import number
from raiportal.look.levels import RISK_LEVEL_TOPS, RISK_WORDS
from raiportal.reports.content import Cell, Column, Content, Figure, Figures, Levels, Paragraphs, Section, Table
from raiportal.reports.differences import TableDifference, table_difference
from raiportal.reports.kinds import Making, ReportKind
from systems.models import AISystem, IntendedUse

MOST_HARMS = 2_000  # the highest ranked, of which a list in a report consists; a PDF of more is of no use to anybody
PROVOKED = "A rate that was measured on inputs made to provoke a harm says how often it happens when provoked. It never counts as a frequency here."
FORMULA = (
    "A score is severity × frequency, each a level from 1 to 5, so it lies between 1 and 25. A harm has up to four of them: inherent (before anything is "
    "done), measured, residual (after verified mitigations) and observed (from operation). The residual score ranks a harm, else the measured, else the "
    "inherent one; the observed score ranks it when it is worse than that. A harm takes the worst of its places: itself as a whole, and each of its uses."
)
COLUMNS = (
    Column("rank", "Rank", "number", is_compared=False),
    Column("code", "Code"),
    Column("title", "Harm"),
    Column("category", "Category"),
    Column("origin", "Origin"),
    Column("risk", "Risk", "risk"),
    Column("inherent", "Inherent", "risk"),
    Column("measured", "Measured", "risk"),
    Column("residual", "Residual", "risk"),
    Column("observed", "Observed", "risk"),
    Column("state", "State"),
    Column("owner", "Owner"),
)
FACTS = ("domain", "stage", "audience", "autonomy", "risk_tier")


def build(making: Making) -> Content:
    """Everything about one system's register at the moment of `making`; a number of queries that does not depend on how many harms there are."""
    system: AISystem = making.subject
    harms = _ranked(Harm.objects.on_register().filter(system=system), "category", "owner")
    count = Harm.objects.on_register().filter(system=system).count()
    main = _table("harms", "All harms", [(harm, harm) for harm in harms])
    sections = [
        _facts(system),
        Section("list", "Harms by rank", (*_cut(count), main)),
        *_uses(system),
        _heat(harms),
        rating_results.section(system),
        *_changes(making, main),
        _scoring(),
    ]
    return Content(f"Harm register of {system.name}"[:200], tuple(_summary(harms, count)), tuple(sections), main.slug)


def _ranked(rows: Any, *relations: str) -> list[Any]:
    return list(rows.select_related(*relations).order_by("-priority", "-pk")[:MOST_HARMS])


def _table(slug: str, title: str, rows: Iterable[tuple[Harm, Harm | HarmUse]]) -> Table:
    cells = tuple(_row(rank, harm, scored) for rank, (harm, scored) in enumerate(rows, 1))
    return Table(slug, title, COLUMNS, cells, key="code", name="title", empty="No harm is on this list.")


def _row(rank: int, harm: Harm, scored: Harm | HarmUse) -> tuple[Cell, ...]:
    words = (harm.code, harm.title, harm.category.name, harm.get_origin_display())
    scores = [_levels(scored, name) for name in ("", "inherent_", "measured_", "residual_", "observed_")]
    return (rank, *words, *scores, harm.get_state_display(), harm.owner.name if harm.owner else None)


def _levels(scored: Harm | HarmUse, prefix: str) -> Levels | None:
    severity, frequency = getattr(scored, f"{prefix}severity"), getattr(scored, f"{prefix}frequency")
    return (severity, frequency) if severity is not None and frequency is not None else None


def _cut(count: int) -> list[Any]:
    if count <= MOST_HARMS:
        return []
    return [Paragraphs((f"The {number(MOST_HARMS)} highest ranked of {number(count)} harms; the portal's register has all of them.",))]


def _summary(harms: Sequence[Harm], count: int) -> Iterator[str]:
    by_word = dict.fromkeys(reversed(RISK_WORDS), 0)
    for harm in harms:
        if harm.priority != NO_SCORE:
            by_word[RISK_WORDS[sum(harm.priority > top for top in RISK_LEVEL_TOPS)]] += 1
    counted = ", ".join(f"{number(found)} {word}" for word, found in by_word.items() if found)
    yield f"{number(count)} {'harm' if count == 1 else 'harms'} on the register" + (f": {counted}." if counted else ".")
    unassessed = sum(harm.priority == NO_SCORE for harm in harms)
    if unassessed:
        yield f"{number(unassessed)} without a score yet: nobody has assessed them."
    unowned = sum(harm.owner_id is None for harm in harms)
    if unowned:
        yield f"{number(unowned)} without an owner."
    yield PROVOKED


def _facts(system: AISystem) -> Section:
    shown = {name: getattr(system, f"get_{name}_display", lambda name=name: getattr(system, name))() for name in FACTS}
    labels = {"domain": "Domain", "stage": "Stage", "audience": "Audience", "autonomy": "Autonomy", "risk_tier": "Risk tier"}
    figures = [Figure(label, str(shown[name]) or "Not stated") for name, label in labels.items()]
    owner = Figure("Owner", system.owner.name if system.owner else "Nobody yet")
    return Section("system", "The system", (Paragraphs((system.purpose,)), Figures((owner, *figures))))


def _uses(system: AISystem) -> Iterator[Section]:
    """The ranked list of each intended use."""
    placed: dict[int, list[HarmUse]] = {}
    for held in _ranked(HarmUse.objects.filter(harm__system=system, intended_use__archived_at=None), "harm__category", "harm__owner"):
        placed.setdefault(held.intended_use_id, []).append(held)
    for use in IntendedUse.objects.filter(system=system, archived_at=None).order_by("number"):
        title = f"Harms in {use.code} {use.title}"
        yield Section(f"use-{use.number}", title, (_table(f"use-{use.number}", "", [(held.harm, held) for held in placed.get(use.pk, [])]),))


def _heat(harms: Sequence[Harm]) -> Section:
    counts = {(severity, frequency): 0 for severity in range(1, HIGHEST_LEVEL + 1) for frequency in range(1, HIGHEST_LEVEL + 1)}
    for harm in harms:
        if harm.severity is not None and harm.frequency is not None:
            counts[harm.severity, harm.frequency] += 1
    levels = range(1, HIGHEST_LEVEL + 1)
    columns = (Column("severity", "Severity"), *(Column(f"frequency-{level}", f"Frequency {level}", "number") for level in levels))
    rows: tuple[tuple[Cell, ...], ...] = tuple((f"Severity {severity}", *(counts[severity, level] for level in levels)) for severity in reversed(levels))
    words = "How many harms have each severity and frequency, by the score that ranks them."
    return Section("heat-map", "Heat-map", (Paragraphs((words,)), Table("heat-map", "", columns, rows, key="severity")))


def _changes(making: Making, main: Table) -> Iterator[Section]:
    """Against the report before this one."""
    before = making.before
    if before is None:
        yield Section("changes", "What changed", (Paragraphs(("This is the first report of this register.",)),))
        return
    found = table_difference(before.content.tables.get(main.slug), main)
    since = f"Since no. {before.number} of {before.made_at:%-d %B %Y}: {len(found.added)} added, {len(found.removed)} gone, {len(found.changed)} changed."
    columns = (
        Column("place", "No.", "number"),
        *(Column(slug, label) for slug, label in (("code", "Code"), ("title", "Harm"), ("what", "What"), ("before", "Before"), ("after", "After"))),
    )
    rows = tuple((place, *row) for place, row in enumerate(_changed(found), 1))
    table = Table("changes", "", columns, rows, key="place", name="title", empty="Nothing changed.")
    yield Section("changes", "What changed", (Paragraphs((since,)), table))


def _changed(found: TableDifference) -> Iterator[tuple[Cell, ...]]:
    yield from ((row.code, row.name, "Added", None, None) for row in found.added)
    yield from ((row.code, row.name, "Gone from the list", None, None) for row in found.removed)
    yield from ((row.code, row.name, cell.label, cell.before, cell.after) for row in found.changed for cell in row.cells)


def _scoring() -> Section:
    scale = selectors.current_scale()
    bounds = zip((0, *RISK_LEVEL_TOPS), RISK_LEVEL_TOPS, RISK_WORDS, strict=False)
    levels = ", ".join(f"{word} {low + 1} to {top}" for low, top, word in bounds)
    texts = (FORMULA, f"Levels of scores: {levels}.", PROVOKED, f"Scale: {scale}. Frequency is {scale.frequency_unit}; severity is {scale.severity_unit}.")
    columns = (Column("level", "Level", "number"), Column("label", "Word"), Column("anchor", "What it means"))
    by_axis = selectors.levels_of(scale)
    tables = [
        Table(f"scale-{axis}", axis.label, columns, tuple((one.level, one.label, one.anchor) for one in by_axis[axis]), key="level", name="label")
        for axis in Axis
    ]
    return Section("scoring", "How scores are worked out", (Paragraphs(texts), *tables))


REGISTER = ReportKind(
    slug="harms.register",
    name="Harm register",
    about="The system in brief, its harms by rank, over all and in each intended use, a heat-map, what several people rated, what changed since the last "
    "report, and how scores work.",
    subject_kind="systems.aisystem",
    build=build,
    may_make=policies.may_share_register,
)
