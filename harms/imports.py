"""Files of harms: CSV and JSON, read into plain rows. Nothing here knows the database."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from harms.enums import ImportFormat
from raiportal.errors import Invalid
from raiportal.exports import unguarded

COLUMNS = (
    *("title", "description", "category", "origin", "owner", "uses"),
    *("inherent_severity", "inherent_frequency", "rationale", "library_entry", "system"),
)
NEEDED = ("title", "category", "origin")
MOST_ROWS = 20_000
LONGEST_CELL = 100_000  # characters
DELIMITERS = (",", ";", "\t")
LONGEST_SHOWN = 60  # characters of a cell or of a column's name in a report
ZIP = b"PK\x03\x04"
NO_VALUE = "it holds a number that is not finite"
STATE = "state"  # of our own files: looked at to say what becomes of it, never taken over
LISTED = "harms"  # the key of a JSON object that holds the list


@dataclass(frozen=True)
class FileRow:
    """One row by column; `number` is its line in a CSV file (the head is 1) or its place in a JSON list, from 1."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class FileContent:
    rows: list[FileRow]
    ignored: list[str]  # columns that an import doesn't read


def format_of(asked: str, name: str, head: bytes) -> str:
    """The format that was asked for, else by the file's ending, else by its first character. Raises Invalid for another."""
    if asked:
        if asked not in ImportFormat.values:
            raise Invalid(f"The format is one of {', '.join(ImportFormat.values)}.", field="format")
        return asked
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    if ending in ImportFormat.values:
        return ending
    return ImportFormat.JSON if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else ImportFormat.CSV


def read_file(content: bytes, format: str) -> FileContent:
    """Every row of a file. Raises Invalid, on the field `file`, for one that can't be read as a whole."""
    text = _text(content)
    if not text.strip():
        raise _unusable("The file is empty.")
    found = _json_rows(text) if format == ImportFormat.JSON else _csv_rows(text)
    if not found.rows:
        raise _unusable("The file holds no harm.")
    return found


def _text(content: bytes) -> str:
    if content.startswith(ZIP):
        raise _unusable("This is a spreadsheet or an archive. Save the sheet as CSV in UTF-8 and send that.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unusable("The file is in UTF-16. Save it in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(f"The file isn't in UTF-8: byte {error.start:,} can't be read. Save it in UTF-8.") from error
    if "\0" in text:
        raise _unusable("The file holds NUL characters, so it is no text. Send CSV or JSON.")
    return text


def _csv_rows(text: str) -> FileContent:
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))  # one for the whole process, so nobody lowers it
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [unguarded(name).strip().lower() for name in next(reader, [])]
        _check_names(names)
        rows: list[FileRow] = []
        before = reader.line_num
        for cells in reader:
            number, before = before + 1, reader.line_num
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise csv.Error(f"a cell is longer than {LONGEST_CELL:,} characters")
            if any(cell.strip() for cell in cells):
                _check_count(rows)
                rows.append(FileRow(number, _by_column(names, cells)))
    except csv.Error as error:
        raise _unusable(f"Line {reader.line_num:,} can't be read as CSV: {error}.") from error
    return FileContent(rows, [shown(name) for name in names if name and name not in COLUMNS])


def _by_column(names: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(names):
        return {"": f"it has {len(cells)} cells and the head has {len(names)} columns"}
    return dict(zip(names, map(unguarded, cells), strict=False))


def _json_rows(text: str) -> FileContent:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" at line {error.lineno:,}, column {error.colno:,}" if isinstance(error, json.JSONDecodeError) else ""
        raise _unusable(f"The file can't be read as JSON{place}.") from error
    listed = document.get(LISTED) if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise _unusable(f"The file holds no list of harms: send a JSON list of objects, or an object with the key “{LISTED}”.")
    rows: list[FileRow] = []
    ignored: dict[str, None] = {}
    for number, entry in enumerate(listed, start=1):
        _check_count(rows)
        if not isinstance(entry, dict):
            rows.append(FileRow(number, {"": "it is no object"}))
            continue
        ignored |= dict.fromkeys(name for name in entry if name not in COLUMNS)
        cells = {name: entry[name] for name in (*COLUMNS, STATE) if name in entry}
        rows.append(FileRow(number, {"": NO_VALUE} if _is_unreal(cells) else {name: _plain(value) for name, value in cells.items()}))
    return FileContent(rows, list(map(shown, ignored)))


def _is_unreal(cells: Mapping[str, Any]) -> bool:
    """Whether a number among the values, however deep, is none: Python reads NaN, Infinity and 1e999."""
    try:
        json.dumps(cells, allow_nan=False)
    except ValueError:
        return True
    return False


def shown(text: str) -> str:
    """What a file said, as a report can hold it: its beginning, a replacement character in place of what PostgreSQL or a page can't take."""
    start = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cs") else character for character in start)


def _plain(value: Any) -> str:
    """A value as CSV would hold it; lists of uses become what a cell says."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def _check_names(names: list[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise _unusable(f"The head has no column {' and no column '.join(f'“{name}”' for name in missing)}. The template shows all of them.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise _unusable(f"The column “{twice[0]}” is there twice.")


def _check_count(rows: list[FileRow]) -> None:
    if len(rows) >= MOST_ROWS:
        raise _unusable(f"The file holds more than {MOST_ROWS:,} harms. Split it and import the parts.")


def _unusable(sentence: str) -> Invalid:
    return Invalid(sentence, field="file", code="unusable_file")
