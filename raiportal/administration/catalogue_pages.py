"""Entries of catalogues as pages and files show them: each field in its shape, what it refers to with its name, each version beside the one before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from raiportal.catalogues import selectors
from raiportal.catalogues.kinds import REFERENCE, CatalogueKind, Field
from raiportal.catalogues.models import CatalogueEntry, EntryVersion

BETWEEN_COLUMNS = " | "  # of a row, where rows are written as lines
HEAD_OF_EXPORT = ("catalogue", "slug", "title")
TAIL_OF_EXPORT = ("source", "source_version", "valid_from", "valid_to", "verified_on", "version", "origin")
VALIDITY = (("source", "Source"), ("source_version", "Its version"), ("valid_from", "Holds from"), ("valid_to", "Holds until"), ("verified_on", "Compared on"))


@dataclass(frozen=True)
class Link:
    """What an entry refers to; without an address there is no such entry."""

    title: str
    reference: str
    url: str


@dataclass(frozen=True)
class ShownField:
    """One field of an entry: `text` for words, `texts` for a list, `links` for references, `rows` for a table."""

    field: Field
    text: str = ""
    texts: Sequence[str] = ()
    links: Sequence[Link] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class ShownVersion:
    """A version with its text and that of the version before it, to be compared line by line."""

    version: EntryVersion
    text: str
    before: str | None  # None: it is the first


def state_of(entry: CatalogueEntry, today: datetime.date) -> str:
    """Whether it is "ended", switched "off" (a sample that nobody is offered), begins "later" than today, or "holds"."""
    if entry.valid_to is not None and entry.valid_to < today:
        return "ended"
    if entry.body.get("is_active") is False:
        return "off"
    return "later" if entry.valid_from is not None and entry.valid_from > today else "holds"


def gist_of(kind: CatalogueKind, entry: CatalogueEntry) -> str:
    """What an entry says in short, for the list: its first text that is more than a word."""
    return next((str(entry.body[field.name]) for field in kind.fields if field.shape == "long" and field.name in entry.body), "")


def shown_fields(kind: CatalogueKind, entry: CatalogueEntry) -> list[ShownField]:
    """The fields that the entry fills in, in the order of its kind; one query for all references."""
    links = _links(name for field in kind.fields if field.shape == "references" for name in entry.body.get(field.name, []))
    return [_shown(field, entry.body[field.name], links) for field in kind.fields if field.name in entry.body]


def _shown(field: Field, value: Any, links: Mapping[str, Link]) -> ShownField:
    if field.shape == "references":
        return ShownField(field, links=[links[name] for name in value])
    if field.shape == "list":
        return ShownField(field, texts=value)
    if field.shape == "rows":
        return ShownField(field, rows=[[row.get(name, "") for name in field.columns] for row in value])
    return ShownField(field, text=words_of(field, value))


def _links(names: Iterable[str]) -> dict[str, Link]:
    named = list(dict.fromkeys(names))
    wanted = Q(pk=None)
    for catalogue in {name.partition(REFERENCE)[0] for name in named}:
        slugs = [slug for place, _, slug in (name.partition(REFERENCE) for name in named) if place == catalogue]
        wanted |= Q(catalogue=catalogue, slug__in=slugs)
    found = {entry.reference: entry for entry in CatalogueEntry.objects.filter(wanted)} if named else {}
    return {name: Link(found[name].title, name, url_of(found[name])) if name in found else Link(name, name, "") for name in named}


def url_of(entry: CatalogueEntry) -> str:
    return reverse("catalogue-entry", args=[entry.pk])


def words_of(field: Field, value: Any) -> str:
    """A field's value as one text: a list with an item a line, rows with a bar between columns."""
    if value is None:
        return ""
    if field.shape == "yes_no":
        return "yes" if value else "no"
    if field.shape == "rows":
        return "\n".join(BETWEEN_COLUMNS.join(row.get(name, "") for name in field.columns) for row in value)
    return "\n".join(value) if isinstance(value, list) else str(value)


def text_of(kind: CatalogueKind, content: Mapping[str, Any]) -> str:
    """A version's content as lines to compare: its title, its fields by their labels, its source and validity."""
    lines = [f"Title: {content['title']}"]
    for field in kind.fields:
        if field.name in content["body"]:
            words = words_of(field, content["body"][field.name]).splitlines()
            lines += [f"{field.label}: {words[0]}"] if len(words) == 1 else [f"{field.label}:", *(f"  {line}" for line in words)]
    return "\n".join([*lines, *(f"{label}: {content[name]}" for name, label in VALIDITY if content.get(name))])


def shown_versions(kind: CatalogueKind, entry: CatalogueEntry) -> list[ShownVersion]:
    """Every version, newest first."""
    versions = list(selectors.versions_of(entry))
    texts = [text_of(kind, version.content) for version in versions]
    return [ShownVersion(version, text, before) for version, text, before in zip(versions, texts, [*texts[1:], None], strict=True)]


def columns_of(kind: CatalogueKind) -> list[str]:
    """The columns of a catalogue as a file."""
    return [*HEAD_OF_EXPORT, *(field.name for field in kind.fields), *TAIL_OF_EXPORT]


def exported(kind: CatalogueKind, entries: Iterable[CatalogueEntry], *, is_flat: bool) -> Iterator[dict[str, Any]]:
    """Rows for a file; `is_flat` writes lists and tables as lines of one cell."""
    for entry in entries:
        said = {field.name: words_of(field, entry.body.get(field.name)) if is_flat else entry.body.get(field.name) for field in kind.fields}
        yield {
            **{name: getattr(entry, name) for name in HEAD_OF_EXPORT},
            **said,
            **{name: getattr(entry, name) for name, _ in VALIDITY},
            "version": entry.number,
            "origin": entry.origin,
        }
