"""The harm register as pages, exports and rules read it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from harms import scoring
from harms.enums import Axis, HarmState, RiskPointKind
from harms.extensions import PanelData, harm_panels
from harms.models import NO_SCORE, Harm, HarmCategory, RiskPoint, RiskScale, ScaleLevel
from raiportal.accounts.models import User
from raiportal.audit import selectors as audit_selectors
from raiportal.audit.models import Entry
from raiportal.errors import Unavailable
from raiportal.keyset import Sort
from raiportal.look.levels import RISK_LEVEL_TOPS
from systems.models import AISystem

SORTS = {
    "priority": Sort("priority"),
    "inherent": Sort("inherent_rank"),
    "measured": Sort("measured_rank"),
    "residual": Sort("residual_rank"),
    "observed": Sort("observed_rank"),
    "id": Sort("pk"),
}
WORST_FIRST = "-priority"
HIGH = 4  # risk level from which a harm counts as an open high risk
HIGH_SCORE = RISK_LEVEL_TOPS[HIGH - 2] + 1
MOST_COUNTED = 1_000  # rows up to which a list is counted exactly
MOST_OF_LINE = 50  # things that happened to a harm, on its page; the history has all
SAID_BY_POINTS = ("harms.harm_assessed", *(f"harms.{kind}_risk_stated" for kind in RiskPointKind.values))
MOST_MAPPED = 1_000  # harms, highest ranked first, that the heat-map counts
CODE = re.compile(r"\s*h-?0*(\d{1,18})\s*", re.IGNORECASE)
EXPORTED = (
    *("code", "title", "description", "category", "origin", "state", "owner", "priority", "severity", "frequency"),
    *("inherent_score", "measured_score", "residual_score", "observed_score", "created_at", "updated_at"),
)


# --- Reference data ---
def current_scale() -> RiskScale:
    """The scale on which risk is scored now. Raises Unavailable when the reference data was never loaded."""
    scale = RiskScale.objects.order_by("-version").first()
    if scale is None:
        raise Unavailable("There is no risk scale yet. An administrator loads it with `manage.py load_catalogues`.")
    return scale


def levels_of(scale: RiskScale) -> dict[str, list[ScaleLevel]]:
    """The levels of each axis, lowest first."""
    found: dict[str, list[ScaleLevel]] = {axis: [] for axis in Axis.values}
    for level in ScaleLevel.objects.filter(scale=scale).order_by("axis", "level"):
        found[level.axis].append(level)
    return found


def categories() -> QuerySet[HarmCategory]:
    return HarmCategory.objects.order_by("position", "pk")


# --- The register ---
def register_of(system: AISystem) -> QuerySet[Harm]:
    return Harm.objects.filter(system=system).select_related("category", "owner")  # type: ignore[no-any-return]


def matching(harms: QuerySet[Harm], words: str) -> QuerySet[Harm]:
    """Harms whose title holds the words, or whose code is these words (H-07, h7)."""
    code = CODE.fullmatch(words)
    found = Q(title__icontains=words.strip())
    return harms.filter(found | Q(pk=int(code[1])) if code else found)


def at_level(harms: QuerySet[Harm], level: int) -> QuerySet[Harm]:
    """Harms whose ranking score is of a risk level, 1 (very low) to 5 (critical)."""
    lowest = (0, *RISK_LEVEL_TOPS)[level - 1] + 1
    return harms.filter(priority__range=(lowest, RISK_LEVEL_TOPS[level - 1]))


def counted(harms: QuerySet[Harm]) -> int:
    """How many there are, at most MOST_COUNTED + 1: more than that is said as "1,000+"."""
    return harms.order_by().values("pk")[: MOST_COUNTED + 1].count()


@dataclass(frozen=True)
class View:
    """One saved view of the register: its address's query, and how many harms it has (counted up to a limit)."""

    slug: str
    label: str
    query: str
    count: int

    @property
    def shown_count(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.count > MOST_COUNTED else f"{self.count:,}"


VIEWS = (
    ("all", "All open", "", Q()),
    ("high", "High and critical", "level=high", Q(priority__gte=HIGH_SCORE)),
    ("proposed", "Never assessed", f"state={HarmState.PROPOSED}", Q(state=HarmState.PROPOSED)),
    ("unmeasured", "Never measured", "measured=no", Q(measured_score=None)),
    ("unowned", "Without an owner", "owner=none", Q(owner=None)),
    ("mine", "Mine", "owner=me", None),
)


def views_of(system: AISystem, user: User) -> list[View]:
    """The saved views with their counts, in one query that looks at no more rows than it counts."""
    rules = [(slug, rule if rule is not None else Q(owner=user)) for slug, _, _, rule in VIEWS]
    harms = Harm.objects.filter(system=system)
    cuts = {f"count_{slug}": _cut_count(harms.filter(rule)) for slug, rule in rules}
    counts = AISystem.objects.filter(pk=system.pk).values(**cuts).get()
    return [View(slug, label, query, counts[f"count_{slug}"]) for slug, label, query, _ in VIEWS]


def _cut_count(harms: QuerySet[Harm]) -> Func:
    return Func(ArraySubquery(harms.order_by().values("pk")[: MOST_COUNTED + 1]), function="cardinality", output_field=IntegerField())


def paths_of(harms: Sequence[Harm]) -> dict[int, list[int]]:
    """By harm id, the ranking score after each statement of its risk, oldest first; one query."""
    stated: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for harm_id, kind, value in RiskPoint.objects.filter(harm__in=harms).order_by("pk").values_list("harm_id", "kind", "score"):
        stated[harm_id].append((kind, value))
    return {harm_id: _path(points) for harm_id, points in stated.items()}


def _path(points: Iterable[tuple[str, int]]) -> list[int]:
    scores: dict[str, int] = {}
    path = []
    for kind, value in points:
        scores[kind] = value
        ranking = scoring.ranking_kind(*(scores.get(name) for name in RiskPointKind.values))
        path.append(scores[ranking] if ranking else NO_SCORE)
    return path


@dataclass(frozen=True)
class HeatCell:
    """Harms of one severity and frequency."""

    severity: int
    frequency: int
    level: int
    count: int
    words: str


@dataclass(frozen=True)
class HeatRow:
    label: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class HeatMap:
    """Harms by severity (rows, highest first) and frequency (columns). `is_cut`: only the highest ranked were counted."""

    rows: tuple[HeatRow, ...]
    columns: tuple[ScaleLevel, ...]
    unit: str
    is_cut: bool


def heat_map(system: AISystem, scale: RiskScale) -> HeatMap:
    """The system's harms by the levels of the score that ranks them."""
    ranked = Harm.objects.filter(system=system).order_by("-priority", "-pk").values_list("severity", "frequency")[: MOST_MAPPED + 1]
    found = list(ranked)
    counts: dict[tuple[int | None, int | None], int] = defaultdict(int)
    for place in found[:MOST_MAPPED]:
        counts[place] += 1
    levels = levels_of(scale)
    columns = tuple(levels[Axis.FREQUENCY])
    rows = tuple(_heat_row(severity, columns, counts) for severity in reversed(levels[Axis.SEVERITY]))
    return HeatMap(rows, columns, scale.frequency_unit, len(found) > MOST_MAPPED)


def _heat_row(severity: ScaleLevel, columns: Sequence[ScaleLevel], counts: Mapping[tuple[int | None, int | None], int]) -> HeatRow:
    cells = []
    for frequency in columns:
        count = counts[severity.level, frequency.level]
        noun = "harm" if count == 1 else "harms"
        words = f"{count} {noun}, severity {severity.level} {severity.label.lower()}, frequency {frequency.level} {frequency.label.lower()}"
        level = scoring.score(severity.level, frequency.level).level
        cells.append(HeatCell(severity.level, frequency.level, level, count, words))
    return HeatRow(severity.label, tuple(cells))


def exported(harms: QuerySet[Harm]) -> Iterator[dict[str, Any]]:
    """Rows for a file, one at a time."""
    for harm in harms.iterator(chunk_size=2_000):
        row = {name: getattr(harm, name) for name in EXPORTED}
        yield {**row, "category": harm.category.name, "owner": harm.owner.name if harm.owner else None}


# --- One harm ---
@dataclass(frozen=True)
class PathStep:
    """One of the four risk points of a harm; `point` is None when that risk was never stated."""

    kind: str
    label: str
    point: RiskPoint | None
    is_ranking: bool

    @property
    def words(self) -> str:
        return scoring.score(self.point.severity, self.point.frequency).words if self.point else ""


def risk_points_of(harm: Harm) -> QuerySet[RiskPoint]:
    return RiskPoint.objects.filter(harm=harm).select_related("created_by", "scale").order_by("-pk")


def path_of(harm: Harm, points: Iterable[RiskPoint]) -> list[PathStep]:
    """The newest point of each kind, from `points` newest first."""
    newest: dict[str, RiskPoint] = {}
    for point in points:
        newest.setdefault(point.kind, point)
    ranking = scoring.ranking_kind(harm.inherent_score, harm.measured_score, harm.residual_score, harm.observed_score)
    return [PathStep(kind.value, str(kind.label), newest.get(kind), kind == ranking) for kind in RiskPointKind]


def panels_of(harm: Harm, user: User) -> dict[str, list[tuple[str, PanelData]]]:
    """Templates of the boxes that other apps fill, with their data, by place."""
    shown: dict[str, list[tuple[str, PanelData]]] = {"main": [], "side": []}
    for panel in sorted(harm_panels, key=lambda entry: entry.order):
        loaded = panel.load([harm], user).get(harm.pk)
        if loaded is not None:
            shown[panel.place].append((panel.template, loaded))
    return shown


# --- For other apps ---
def harms_of(system: AISystem) -> QuerySet[Harm]:
    """Every harm of a system, worst first."""
    return Harm.objects.filter(system=system).order_by("-priority", "-pk")  # type: ignore[no-any-return]


def owners_in(system: AISystem) -> QuerySet[User]:
    """People who own at least one harm of the system."""
    return User.objects.filter(pk__in=Harm.objects.filter(system=system, owner__isnull=False).values("owner")).order_by(Lower("name"), "pk")


@dataclass(frozen=True)
class LineEntry:
    """One thing that happened to a harm: a statement of its risk, or what the ledger says was done."""

    at: Any
    point: RiskPoint | None = None
    done: audit_selectors.Line | None = None

    @property
    def words(self) -> str:
        return scoring.score(self.point.severity, self.point.frequency).words if self.point else ""


def line_of(harm: Harm, points: Sequence[RiskPoint]) -> list[LineEntry]:
    """What happened to a harm, newest first, at most MOST_OF_LINE entries; risk points stand for the ledger's words about them."""
    about = Entry.objects.about("harms.harm", harm.pk).exclude(action__in=SAID_BY_POINTS).select_related("actor", "payload").order_by("-pk")
    done = [LineEntry(line.at, done=line) for line in audit_selectors.lines(about[:MOST_OF_LINE])]
    stated = [LineEntry(point.created_at, point=point) for point in points[:MOST_OF_LINE]]
    return sorted([*stated, *done], key=lambda entry: entry.at, reverse=True)[:MOST_OF_LINE]


# --- For the pages of systems ---
def open_high_counts(systems: Sequence[AISystem]) -> dict[int, int]:
    """By system id, how many harms have a high or critical score; one query."""
    high = Harm.objects.filter(system__in=systems, priority__gte=HIGH_SCORE).order_by()
    return dict(high.values_list("system").annotate(Count("pk")))


@dataclass(frozen=True)
class Gaps:
    """What the register of a system lacks."""

    harms: int
    proposed: int
    high_unowned: int


def gaps_in(systems: Sequence[AISystem]) -> dict[int, Gaps]:
    """By system id; one query. Systems without a harm are left out."""
    counted_by_system = (
        Harm.objects.filter(system__in=systems)
        .order_by()
        .values("system")
        .annotate(
            harms=Count("pk"),
            proposed=Count("pk", filter=Q(state=HarmState.PROPOSED)),
            high_unowned=Count("pk", filter=Q(priority__gte=HIGH_SCORE, owner=None)),
        )
    )
    return {row["system"]: Gaps(row["harms"], row["proposed"], row["high_unowned"]) for row in counted_by_system}


def worst_harms(systems: Sequence[AISystem], most: int) -> dict[int, list[Harm]]:
    """By system id, the `most` highest ranked harms that somebody assessed; one query that reads no more than these from each system."""
    worst = Harm.objects.filter(system=OuterRef("pk"), priority__gt=NO_SCORE).order_by("-priority", "-pk").values("pk")[:most]
    chosen = AISystem.objects.filter(pk__in=[system.pk for system in systems]).annotate(worst=ArraySubquery(worst)).values_list("worst", flat=True)
    wanted = [pk for pks in chosen for pk in pks]
    found: dict[int, list[Harm]] = defaultdict(list)
    for harm in Harm.objects.filter(pk__in=wanted).select_related("owner").order_by("-priority", "-pk"):
        found[harm.system_id].append(harm)
    return dict(found)
