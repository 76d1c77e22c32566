"""Everything around the register's list in one query: the scale, what the filters offer, the views with their counts, the heat-map's counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Coalesce, JSONObject

from harms.enums import HarmState
from harms.models import HarmCategory, RiskScale, ScaleLevel
from harms.selectors import heat, reference
from harms.selectors.heat import MOST_COUNTED, Counts
from harms.selectors.levels import HIGH_SCORE
from harms.selectors.register import Register
from raiportal.accounts.models import User
from systems import selectors as system_selectors
from systems.models import AISystem, IntendedUse

MOST_CHOICES = 50  # people and systems that a filter lists; others are reached by the links on their harms


@dataclass(frozen=True)
class View:
    """One view of the register: its address's query, and how many harms it has (counted up to a limit)."""

    slug: str
    label: str
    query: str
    count: int

    @property
    def shown_count(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.count > MOST_COUNTED else f"{self.count:,}"


@dataclass(frozen=True)
class Choice:
    """Something that a filter offers."""

    value: str
    label: str


@dataclass(frozen=True)
class Frame:
    scale: str
    frequency_unit: str
    levels: dict[str, list[dict[str, Any]]]  # by axis, lowest first: level, label, anchor
    categories: list[Choice]
    people: list[Choice]
    systems: list[Choice]
    uses: list[Choice]
    views: list[View]
    counts: Counts


VIEWS = (
    ("all", "All", "", Q()),
    ("high", "High and critical", "level=high", Q(priority__gte=HIGH_SCORE)),
    ("proposed", "Never assessed", f"state={HarmState.PROPOSED}", Q(state=HarmState.PROPOSED)),
    ("unmeasured", "Never measured", "measured=no", Q(measured_score=None)),
    ("unowned", "Without an owner", "owner=none", Q(owner=None)),
    ("mine", "Mine", "owner=me", None),
)


def frame(register: Register, user: User) -> Frame:
    """Raises Unavailable when the reference data was never loaded."""
    scales = RiskScale.objects.order_by("-version").values("name", "version", "frequency_unit")
    row: Any = scales.annotate(**_offers(register, user), **_counts(register, user), cells=heat.cut_counts(register)).first()
    if row is None:
        reference.current_scale()
        raise AssertionError
    levels: dict[str, list[dict[str, Any]]] = {"severity": [], "frequency": []}
    for level in row["levels"]:
        levels[level["axis"]].append(level)
    return Frame(
        scale=f"{row['name']} v{row['version']}",
        frequency_unit=row["frequency_unit"],
        levels=levels,
        categories=_choices(row["categories"]),
        people=_choices(row["people"]),
        systems=_choices(row["systems"]),
        uses=_choices(row["uses"]),
        views=_views(register, row),
        counts=heat.cells(row["cells"]),
    )


def _offers(register: Register, user: User) -> dict[str, Any]:
    """What the filters list, each as an array of JSON objects."""
    levels = ScaleLevel.objects.filter(scale=OuterRef("pk")).order_by("axis", "level")
    systems = AISystem.objects.visible_to(user).order_by("scope__name", "pk") if register.system is None else AISystem.objects.none()
    uses = IntendedUse.objects.filter(system=register.system, archived_at=None).order_by("number") if register.system else IntendedUse.objects.none()
    shown = {"axis": F("axis"), "level": F("level"), "label": F("label"), "anchor": F("anchor")}
    return {
        "levels": ArraySubquery(levels.values(json=JSONObject(**shown))),
        "categories": _listed(HarmCategory.objects.order_by("position", "pk"), "slug", "name"),
        "people": _listed(system_selectors.people_to_choose()[:MOST_CHOICES], "pk", "name"),
        "systems": _listed(systems[:MOST_CHOICES], "pk", "scope__name"),
        "uses": _listed(uses[:MOST_CHOICES], "pk", "title"),
    }


def _listed(rows: QuerySet[Any], value: str, label: str) -> ArraySubquery:
    return ArraySubquery(rows.values(json=JSONObject(value=F(value), label=F(label))))


def _choices(listed: list[dict[str, Any]] | None) -> list[Choice]:
    return [Choice(str(entry["value"]), entry["label"]) for entry in listed or ()]


def _counts(register: Register, user: User) -> dict[str, Func]:
    """How many rows each view has, without looking at more than it counts."""
    return {f"count_{slug}": _cut_count(_rows(register, rule if rule is not None else Q(owner=user))) for slug, _, _, rule in VIEWS}


def _rows(register: Register, rule: Q) -> QuerySet[Any]:
    return register.rows().filter(through_harm(rule, register.to_harm))


def through_harm(rule: Q, to_harm: str) -> Q:
    """A rule about harms for rows that lead to one: scores stay, everything else is the harm's."""
    own = ("priority", "measured_score")
    leads = [(name if name.split("__")[0] in own else f"{to_harm}{name}", value) for name, value in _conditions(rule)]
    return Q(*leads)


def _conditions(rule: Q) -> list[tuple[str, Any]]:
    """The lookups of a rule that has no rules within it."""
    return [child for child in rule.children if isinstance(child, tuple)]


def _cut_count(rows: QuerySet[Any]) -> Func:
    found = Cast(ArraySubquery(rows.order_by().values("pk")[: MOST_COUNTED + 1]), ArrayField(BigIntegerField()))  # no type of its own where nobody may see any
    return Coalesce(Func(found, function="cardinality", output_field=IntegerField()), 0)


def _views(register: Register, row: dict[str, Any]) -> list[View]:
    in_use = f"use={register.use.pk}" if register.use else ""
    return [View(slug, label, "&".join(filter(None, (in_use, query))), row[f"count_{slug}"]) for slug, label, query, _ in VIEWS]
