"""Reference data as pages, forms and rules read it. Everybody who is signed in may read all of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Q, QuerySet

from raiportal.catalogues.enums import Origin
from raiportal.catalogues.kinds import REFERENCE, CatalogueKind, catalogues
from raiportal.catalogues.models import CatalogueEntry, EntryVersion


def in_force(on: datetime.date) -> Q:
    """Entries that are not ended on this day. What begins later is listed too: it says from when."""
    return Q(valid_to=None) | Q(valid_to__gte=on)


def entries(catalogue: str, *, ended: bool = False) -> list[CatalogueEntry]:
    """The entries of a catalogue in their order, ended ones only if asked for."""
    found = CatalogueEntry.objects.filter(catalogue=catalogue).order_by("position", "pk")
    return list(found if ended else found.filter(in_force(datetime.datetime.now(datetime.UTC).date())))


def entry(catalogue: str, slug: str) -> CatalogueEntry | None:
    return CatalogueEntry.objects.filter(catalogue=catalogue, slug=slug).first()


def choices(catalogue: str) -> list[tuple[str, str]]:
    """(slug, title) of the entries that hold, for a form."""
    return [(found.slug, found.title) for found in entries(catalogue)]


def titles(catalogue: str) -> dict[str, str]:
    """By slug the title, ended entries too: what was chosen once is still named."""
    return dict(CatalogueEntry.objects.filter(catalogue=catalogue).values_list("slug", "title"))


def unresolved_references() -> list[tuple[str, str]]:
    """(entry, what it refers to) wherever the latter isn't there."""
    known = {f"{catalogue}{REFERENCE}{slug}" for catalogue, slug in CatalogueEntry.objects.values_list("catalogue", "slug")}
    found = []
    for kind in catalogues:
        names = [field.name for field in kind.fields if field.shape == "references"]
        rows = CatalogueEntry.objects.filter(catalogue=kind.slug) if names else CatalogueEntry.objects.none()
        found += [(row.reference, named) for row in rows for name in names for named in row.body.get(name, []) if named not in known]
    return found


def referring_to(shown: CatalogueEntry) -> QuerySet[CatalogueEntry]:
    """Entries of any catalogue that name this one."""
    kinds = [(kind.slug, field.name) for kind in catalogues for field in kind.fields if field.shape == "references"]
    named = Q(pk=None)
    for catalogue, name in kinds:
        named |= Q(catalogue=catalogue, **{f"body__{name}__contains": [shown.reference]})
    return CatalogueEntry.objects.filter(named).order_by("catalogue", "position", "pk")


def versions_of(shown: CatalogueEntry) -> QuerySet[EntryVersion]:
    return EntryVersion.objects.filter(entry=shown).select_related("created_by").order_by("-number")


@dataclass(frozen=True)
class CatalogueLine:
    """One catalogue on the list: its kind, and how many entries it has, were edited here, are behind the shipped text, or were never compared.

    `versions` are those of its sources.
    """

    kind: CatalogueKind
    total: int
    edited: int
    behind: int
    unverified: int
    versions: list[str]


def catalogue_lines() -> list[CatalogueLine]:
    behind = Q(shipped_number__gt=F("number"))
    counts = {"edited": Q(origin=Origin.EDITED), "behind": behind, "unverified": Q(verified_on=None)}
    rows = CatalogueEntry.objects.values("catalogue").annotate(
        total=Count("pk"),
        source_versions=ArrayAgg("source_version", distinct=True, filter=~Q(source_version="")),
        **{name: Count("pk", filter=rule) for name, rule in counts.items()},
    )
    counted: dict[str, Any] = {row["catalogue"]: row for row in rows.order_by()}
    none = {"total": 0, "edited": 0, "behind": 0, "unverified": 0, "source_versions": []}
    lines = [(kind, counted.get(kind.slug, none)) for kind in sorted(catalogues, key=lambda kind: (kind.order, kind.title))]
    return [CatalogueLine(kind, row["total"], row["edited"], row["behind"], row["unverified"], row["source_versions"] or []) for kind, row in lines]
