"""What changed between two reports of the same kind and subject: rows that came, went or say something else, and texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raiportal.reports.content import Cell, Column, Content, Figures, Paragraphs, Section, Table, words_of


@dataclass(frozen=True)
class ChangedCell:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangedRow:
    """`code` is the row's key, `name` what people call it."""

    code: str
    name: str
    cells: tuple[ChangedCell, ...] = ()


@dataclass(frozen=True)
class TableDifference:
    title: str
    added: tuple[ChangedRow, ...]
    removed: tuple[ChangedRow, ...]
    changed: tuple[ChangedRow, ...]

    @property
    def count(self) -> int:
        return len(self.added) + len(self.removed) + len(self.changed)


@dataclass(frozen=True)
class TextDifference:
    """What a section says beside its tables, before and after, a line each."""

    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    tables: tuple[TableDifference, ...]
    texts: tuple[TextDifference, ...]

    @property
    def is_same(self) -> bool:
        return not self.tables and not self.texts


def difference(before: Content, after: Content) -> Difference:
    """Tables and texts that differ, in the order of the newer report."""
    old, new = before.tables, after.tables
    slugs = [*new, *(slug for slug in old if slug not in new)]
    tables = [table_difference(old.get(slug), new.get(slug)) for slug in slugs]
    return Difference(tuple(found for found in tables if found.count), tuple(_texts(before, after)))


def table_difference(before: Table | None, after: Table | None) -> TableDifference:
    """Rows by their key. Columns that only one of both has are not compared; a table that isn't there has no rows."""
    known = after or before
    assert known is not None
    old, new = _rows(before), _rows(after)
    columns = _shared(before, after)
    changed = [ChangedRow(key, _name(after, new[key]), cells) for key in new if key in old and (cells := _cells(columns, old[key], new[key]))]
    return TableDifference(
        known.title,
        tuple(ChangedRow(key, _name(after, row)) for key, row in new.items() if key not in old),
        tuple(ChangedRow(key, _name(before, row)) for key, row in old.items() if key not in new),
        tuple(changed),
    )


def _rows(table: Table | None) -> dict[str, Sequence[Cell]]:
    if table is None:
        return {}
    place = _place(table, table.key)
    return {words_of(row[place]): row for row in table.rows}


def _place(table: Table, slug: str) -> int:
    return [column.slug for column in table.columns].index(slug)


def _name(table: Table | None, row: Sequence[Cell]) -> str:
    return words_of(row[_place(table, table.name)]) if table is not None and table.name else ""


def _shared(before: Table | None, after: Table | None) -> list[tuple[Column, int, int]]:
    """Columns that both have and that are compared, with their place in each."""
    if before is None or after is None:
        return []
    places = {column.slug: index for index, column in enumerate(before.columns)}
    return [(column, places[column.slug], index) for index, column in enumerate(after.columns) if column.is_compared and column.slug in places]


def _cells(columns: Sequence[tuple[Column, int, int]], old: Sequence[Cell], new: Sequence[Cell]) -> tuple[ChangedCell, ...]:
    pairs = ((column.label, old[place], new[other]) for column, place, other in columns)
    return tuple(ChangedCell(label, words_of(one), words_of(other)) for label, one, other in pairs if one != other)


def _texts(before: Content, after: Content) -> Iterator[TextDifference]:
    summary = Section("", "In brief", (Paragraphs(before.summary),)), Section("", "In brief", (Paragraphs(after.summary),))
    old = {section.slug: section for section in before.sections}
    new = {section.slug: section for section in after.sections}
    pairs = [summary, *((old.get(slug), new.get(slug)) for slug in [*new, *(slug for slug in old if slug not in new)])]
    for one, other in pairs:
        said, says = _said(one), _said(other)
        known = other or one
        if said != says and known is not None:
            yield TextDifference(known.title, said, says)


def _said(section: Section | None) -> str:
    """The paragraphs and figures of a section, a line each."""
    lines: list[str] = []
    for block in section.blocks if section else ():
        if isinstance(block, Paragraphs):
            lines += block.texts
        elif isinstance(block, Figures):
            lines += [" ".join(part for part in (figure.label, figure.value, figure.basis, figure.note) if part) for figure in block.figures]
    return "\n".join(lines)
