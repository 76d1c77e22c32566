"""One harm: its scores in each place, what happened to it, what other apps know about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from harms import scoring
from harms.enums import RiskPointKind
from harms.extensions import PanelData, harm_panels, point_sources
from harms.models import Harm, HarmUse, RiskPoint
from raiportal.accounts.models import User
from raiportal.audit import selectors as audit_selectors
from raiportal.audit.models import Entry
from raiportal.comments.models import Comment
from raiportal.evidence.models import Evidence
from raiportal.look.timelines import Reference
from systems.models import IntendedUse

MOST_OF_LINE = 50  # things that happened to a harm, on its page; the history has all
SAID_BY_POINTS = ("harms.harm_assessed", *(f"harms.{kind}_risk_stated" for kind in RiskPointKind.values))


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
    return RiskPoint.objects.filter(harm=harm).select_related("created_by", "scale", "intended_use").order_by("-pk")


def sources_of(points: Iterable[RiskPoint], user: User) -> dict[int, Reference]:
    """By id of the point, what it was worked out from and the page of that, where this person may see it; one query for each kind of source."""
    named: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        if point.source_id is not None:
            named[point.source_kind][point.source_id].append(point.pk)
    found: dict[int, Reference] = {}
    for source in point_sources:
        if rows := named.get(source.slug):
            for pk, reference in source.find(list(rows), user).items():
                found.update(dict.fromkeys(rows[pk], reference))
    return found


def path_of(points: Iterable[RiskPoint], use: IntendedUse | None = None) -> list[PathStep]:
    """The newest point of each kind in one place (a use, or the harm as a whole), from `points` newest first."""
    newest: dict[str, RiskPoint] = {}
    for point in points:
        if point.intended_use_id == (use.pk if use else None):
            newest.setdefault(point.kind, point)
    ranking = scoring.ranking({RiskPointKind(kind): scoring.Stated(RiskPointKind(kind), one.severity, one.frequency) for kind, one in newest.items()})
    return [PathStep(kind.value, str(kind.label), newest.get(kind), ranking is not None and kind == ranking.kind) for kind in RiskPointKind]


@dataclass(frozen=True)
class PlaceScores:
    """The scores in one place of a harm: `use` None is the harm as a whole. `is_worst`: the harm takes its score from here."""

    use: IntendedUse | None
    steps: list[PathStep]
    ranking: PathStep | None
    is_worst: bool

    @property
    def label(self) -> str:
        return f"{self.use.code} {self.use.title}" if self.use else "As a whole"


def uses_of(harm: Harm) -> list[IntendedUse]:
    """The uses that a harm is in, archived ones left out."""
    held = HarmUse.objects.filter(harm=harm, intended_use__archived_at=None).select_related("intended_use").order_by("intended_use__number")
    return [placed.intended_use for placed in held]


def places_of(harm: Harm, points: Sequence[RiskPoint]) -> list[PlaceScores]:
    """Every place of the harm with its scores: what its own score was worked out from."""
    found: list[PlaceScores] = []
    levels = (harm.severity, harm.frequency)
    for use in (None, *uses_of(harm)):
        steps = path_of(points, use)
        ranking = next((step for step in steps if step.is_ranking), None)
        is_worst = ranking is not None and ranking.point is not None and (ranking.point.severity, ranking.point.frequency) == levels
        found.append(PlaceScores(use, steps, ranking, is_worst and not any(place.is_worst for place in found)))
    return found


@dataclass(frozen=True)
class MergedHere:
    """A harm that was merged into another, and how much was said and brought on its own page, where it stays."""

    harm: Harm
    comments: int
    evidence: int


def merged_into(harm: Harm) -> list[MergedHere]:
    """What was merged into a harm, in three queries."""
    merged = list(harm.merged_here.order_by("pk"))
    comments = _counts(Comment.objects.filter(removed_at=None), merged)
    evidence = _counts(Evidence.objects.standing(), merged)
    return [MergedHere(one, comments.get(one.pk, 0), evidence.get(one.pk, 0)) for one in merged]


def _counts(rows: QuerySet[Any], harms: Sequence[Harm]) -> dict[int, int]:
    about = rows.filter(subject_kind="harms.harm", subject_id__in=[harm.pk for harm in harms])
    return dict(about.order_by().values_list("subject_id").annotate(Count("pk")))


def panels_of(harm: Harm, user: User) -> dict[str, list[tuple[str, PanelData]]]:
    """Templates of the boxes that other apps fill, with their data, by place."""
    shown: dict[str, list[tuple[str, PanelData]]] = {"main": [], "side": []}
    for panel in sorted(harm_panels, key=lambda entry: entry.order):
        loaded = panel.load([harm], user).get(harm.pk)
        if loaded is not None:
            shown[panel.place].append((panel.template, loaded))
    return shown


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
