"""The register: which harms, in which order, and a page of them at any depth."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, JSONObject, Upper

from harms import scoring
from harms.enums import RiskPointKind
from harms.models import NO_SCORE, Harm, HarmUse, RiskPoint
from harms.selectors.appetite import highest_within_appetite
from raiportal import keyset
from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.keyset import Sort
from systems.models import AISystem, IntendedUse

WORST_FIRST = "-priority"
OWNER_NAME = "owner_name"  # the annotation that lists sort owners by; "" for nobody
CODE = re.compile(r"\s*h-?0*(\d{1,18})\s*", re.IGNORECASE)
LEAST_SEARCHED = 3  # characters: an index of trigrams has no shorter words
MOST_MERGED = 32  # systems whose lists are merged one by one; with more of them a list of all is read through
SCORE_SORTS = {
    "priority": Sort("priority"),
    "inherent": Sort("inherent_rank"),
    "measured": Sort("measured_rank"),
    "residual": Sort("residual_rank"),
    "observed": Sort("observed_rank"),
}
HARM_SORTS = {
    "title": Sort("title_key"),
    "category": Sort("category__position"),
    "origin": Sort("origin"),
    "state": Sort("state"),
    "owner": Sort(OWNER_NAME, output=models.TextField()),
    "created": Sort("created_at"),
    "changed": Sort("updated_at"),
    "system": Sort("system__scope__name"),
    "id": Sort("pk"),
}
SORTS = {**SCORE_SORTS, **HARM_SORTS}


@dataclass(frozen=True)
class Register:
    """Whose harms are listed: those of one system, of one use of it, or of everything that a person may see (`scopes` None: all of it).

    The rows of a use are HarmUse, ranked by what they do there; all others are Harm. `to_harm` leads from a row to its harm in filters.
    """

    system: AISystem | None
    use: IntendedUse | None
    scopes: tuple[int, ...] | None

    @property
    def to_harm(self) -> str:
        return "harm__" if self.use else ""

    @property
    def sorts(self) -> dict[str, Sort]:
        on_harm = {name: sort for name, sort in HARM_SORTS.items() if name != "system" or self.system is None}
        return {**SCORE_SORTS, **{name: self._through(sort) for name, sort in on_harm.items()}}

    def _through(self, sort: Sort) -> Sort:
        return sort if sort.field in (OWNER_NAME, "pk") else dataclasses.replace(sort, field=f"{self.to_harm}{sort.field}")

    def rows(self) -> QuerySet[Any]:
        """Every row, without order."""
        if self.use is not None:
            return HarmUse.objects.filter(intended_use=self.use)  # type: ignore[no-any-return]
        return Harm.objects.on_register().filter(self.in_scopes())  # type: ignore[no-any-return]

    def in_scopes(self) -> Q:
        if self.scopes is None:
            return Q()
        return Q(system=self.scopes[0]) if len(self.scopes) == 1 else Q(system__in=self.scopes)


def register_of(system: AISystem, use: IntendedUse | None = None) -> Register:
    return Register(system, use, (system.pk,))


def register_for(user: User) -> Register:
    """Every harm that somebody may see."""
    scopes = roles.visible_scopes(user)
    return Register(None, None, None if scopes is None else tuple(scopes))


def matching(words: str, to_harm: str = "") -> Q:
    """Harms whose title or description holds the words (of fewer than three letters: whose title begins with them), or whose code they are (H-07, h7)."""
    said = words.strip()
    code = CODE.fullmatch(said)
    is_short = len(said) < LEAST_SEARCHED
    lookup = {f"{to_harm}title_key__startswith": said.lower()} if is_short else {f"{to_harm}words__contains": Upper(Value(said))}
    found = Q(**lookup)
    return found | Q(**{f"{to_harm}pk": int(code[1])}) if code else found


# --- Pages ---
@dataclass(frozen=True)
class Row:
    """One harm on a page of the register. `scored` has the scores that are listed: the harm's own, or those in the use that is looked at."""

    harm: Harm
    scored: Harm | HarmUse
    path: tuple[int, ...]
    use_codes: tuple[str, ...]
    is_above: bool  # above appetite by the score that ranks it here


@dataclass(frozen=True)
class RegisterPage:
    rows: list[Row]
    next: str | None
    previous: str | None


def register_page(register: Register, found: QuerySet[Any], sort: Sort, cursor: str | None, size: int) -> RegisterPage:
    """One page of `found`, rows of `register` that may be filtered; one query. Raises Invalid for a cursor of another list."""
    page = keyset.page(_with_all_that_a_row_shows(register, found), sort, cursor, size, narrow=_first_rows(register))
    return RegisterPage([_row(register, row) for row in page.rows], page.next, page.previous)


def ordered(register: Register, found: QuerySet[Any], sort: Sort) -> QuerySet[Any]:
    """The whole list in its order."""
    order = [f"-{field}" if sort.descending else field for field in sort.fields]
    return with_owner_name(register, found).order_by(*order)


def with_owner_name(register: Register, found: QuerySet[Any]) -> QuerySet[Any]:
    return found.annotate(**{OWNER_NAME: Coalesce(f"{register.to_harm}owner__name", Value(""), output_field=models.TextField())})


def _with_all_that_a_row_shows(register: Register, found: QuerySet[Any]) -> QuerySet[Any]:
    to_harm = register.to_harm
    harm = OuterRef(f"{to_harm}pk")
    stated = RiskPoint.objects.filter(harm=harm).order_by("pk")
    placed = HarmUse.objects.filter(harm=harm, intended_use__archived_at=None).order_by("intended_use__number")
    relations = [f"{to_harm}{name}" for name in ("category", "owner", *(() if register.system else ("system__scope",)))]
    if to_harm:
        relations.insert(0, "harm")
    return (
        with_owner_name(register, found)
        .select_related(*relations)
        .annotate(
            points=ArraySubquery(stated.values(json=JSONObject(use=F("intended_use"), kind=F("kind"), severity=F("severity"), frequency=F("frequency")))),
            use_numbers=ArraySubquery(placed.values("intended_use__number")),
            appetite=highest_within_appetite(to_harm),
        )
    )


def _first_rows(register: Register) -> keyset.Narrowing:
    """The ids of a page's rows before anything else of them is read.

    Where somebody sees a few of many systems: the first rows of each by its own index, so that a page costs the same however many harms there are.
    """
    if register.use is not None or register.scopes is None or not 1 < len(register.scopes) <= MOST_MERGED:
        return _ids_first
    scopes = register.scopes

    def narrow(rows: QuerySet[Any], order: Sequence[str], most: int) -> QuerySet[Any]:
        best = rows.filter(system=OuterRef("pk")).order_by(*order).values("pk")[:most]
        unnested = Func(ArraySubquery(best), function="unnest", output_field=models.BigIntegerField())
        return rows.filter(pk__in=AISystem.objects.filter(pk__in=scopes).annotate(best=unnested).values("best"))

    return narrow


def _ids_first(rows: QuerySet[Any], order: Sequence[str], most: int) -> QuerySet[Any]:
    """An order without an index of its own is then sorted by what it sorts, instead of whole rows with their texts."""
    return rows.filter(pk__in=rows.order_by(*order).values("pk")[:most])


def _row(register: Register, row: Any) -> Row:
    harm = row.harm if register.use else row
    points = [point for point in row.points if register.use is None or point["use"] == register.use.pk]
    return Row(harm, row, tuple(path_of_scores(points)), tuple(f"U-{number}" for number in row.use_numbers), row.priority > row.appetite)


def path_of_scores(points: Iterable[dict[str, Any]]) -> list[int]:
    """The score that ranked after each of these statements of risk (use, kind, severity, frequency), oldest first."""
    places: dict[int | None, dict[RiskPointKind, scoring.Stated]] = {}
    path = []
    for point in points:
        kind = RiskPointKind(point["kind"])
        places.setdefault(point["use"], {})[kind] = scoring.Stated(kind, point["severity"], point["frequency"])
        ranks = [stated.score for place in places.values() if (stated := scoring.ranking(place))]
        path.append(max(ranks, default=NO_SCORE))
    return path
