"""What a report says, apart from how it is shown: page, PDF, CSV and JSON are all made from this.

Every value is text, a whole number, true, false or nothing; a rate is written as a decimal in text. So the same content is the same JSON everywhere, and
its digest can be worked out again by anybody.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from raiportal.look.levels import risk_level

Value = str | int | bool | None
Levels = tuple[int, int]  # severity and frequency, each from 1 to 5
Cell = Value | Levels
ColumnKind = Literal["text", "number", "risk", "date"]


@dataclass(frozen=True)
class Column:
    """`slug` names it in CSV and JSON. The cells of a "risk" column are `Levels` or None, those of a "date" ISO 8601 text.

    What follows from other rows, such as a rank, is not `is_compared`: a row isn't another one because of it.
    """

    slug: str
    label: str
    kind: ColumnKind = "text"
    is_compared: bool = True


@dataclass(frozen=True)
class Table:
    """`key` is the slug of the column that names a row: rows of two reports with the same one are the same thing. `empty` stands for no rows.

    `name` is the slug of the column by which people know a row, "" where the key says enough.
    """

    slug: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    key: str
    name: str = ""
    empty: str = "None."


@dataclass(frozen=True)
class Paragraphs:
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A number with what it was worked out from: `low` and `high` bound its interval, as decimals like the value."""

    label: str
    value: str
    numerator: int | None = None
    denominator: int | None = None
    low: str = ""
    high: str = ""
    note: str = ""

    @property
    def basis(self) -> str:
        """ "3 of 40, interval 1.6 to 19.9"; "" where there is none."""
        counted = f"{self.numerator} of {self.denominator}" if self.numerator is not None and self.denominator is not None else ""
        interval = f"interval {self.low} to {self.high}" if self.low and self.high else ""
        return ", ".join(part for part in (counted, interval) if part)


@dataclass(frozen=True)
class Figures:
    figures: tuple[Figure, ...]


Block = Paragraphs | Figures | Table
BLOCKS: dict[str, type[Block]] = {"paragraphs": Paragraphs, "figures": Figures, "table": Table}


@dataclass(frozen=True)
class Section:
    slug: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Content:
    """`main` is the slug of the table that the CSV file holds."""

    title: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    main: str

    @property
    def tables(self) -> dict[str, Table]:
        return {block.slug: block for section in self.sections for block in section.blocks if isinstance(block, Table)}

    @property
    def main_table(self) -> Table:
        return self.tables[self.main]


def plain(content: Content) -> dict[str, Any]:
    """The content as JSON has it. Raises TypeError for a value that no report may hold, and ValueError for a table that doesn't fit together."""
    _require_fitting(content)
    kinds = {kind: slug for slug, kind in BLOCKS.items()}
    sections = [
        {"slug": section.slug, "title": section.title, "blocks": [{"block": kinds[type(block)], **dataclasses.asdict(block)} for block in section.blocks]}
        for section in content.sections
    ]
    body = {"title": content.title, "summary": list(content.summary), "sections": sections, "main": content.main}
    return json.loads(json.dumps(body, default=_refused))  # type: ignore[no-any-return]


def read(body: Mapping[str, Any]) -> Content:
    """What `plain` made, as an object again."""
    sections = tuple(Section(section["slug"], section["title"], tuple(map(_block, section["blocks"]))) for section in body["sections"])
    return Content(body["title"], tuple(body["summary"]), sections, body["main"])


def canonical(body: Mapping[str, Any]) -> bytes:
    """The one way to write a report's JSON as bytes: keys sorted, no space between, UTF-8 as it is."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(body)).hexdigest()


def words_of(value: Cell) -> str:
    """A cell as people read it: levels as score, level and both factors; nothing as a dash."""
    if isinstance(value, tuple):
        score = value[0] * value[1]
        return f"{score} {risk_level(score).word} ({value[0]} × {value[1]})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None or value == "" else str(value)


def _block(body: Mapping[str, Any]) -> Block:
    if body["block"] == "table":
        columns = tuple(Column(**column) for column in body["columns"])
        rows = tuple(tuple(map(_cell, row)) for row in body["rows"])
        return Table(body["slug"], body["title"], columns, rows, body["key"], body["name"], body["empty"])
    if body["block"] == "figures":
        return Figures(tuple(Figure(**figure) for figure in body["figures"]))
    return Paragraphs(tuple(body["texts"]))


def _cell(value: Any) -> Cell:
    return (value[0], value[1]) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _require_fitting(content: Content) -> None:
    if content.main not in content.tables:
        raise ValueError(f"there is no table {content.main!r} in the report")
    for table in content.tables.values():
        if not {table.key, table.name or table.key} <= {column.slug for column in table.columns}:
            raise ValueError(f"table {table.slug!r} has no such column as its key or name")
        for row in table.rows:
            if len(row) != len(table.columns):
                raise ValueError(f"a row of {table.slug!r} has {len(row)} cells, not {len(table.columns)}")
            if any(isinstance(value, float) for value in row):
                raise TypeError("a report holds no fractions: write a rate as a decimal in text")


def _refused(value: object) -> Any:
    raise TypeError(f"a report holds text and whole numbers, not {type(value).__name__}")
