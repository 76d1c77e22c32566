"""Lists as files, CSV and JSON: streamed row by row, so that a large one needs no more memory than a small one.

A spreadsheet takes a cell that starts with = + - @, a tab or a carriage return for a formula. Such a cell gets an apostrophe in front, and so does
one that already had apostrophes there: taking one apostrophe off the cells that start with apostrophes and such a character restores the original.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse

FORMATS = ("csv", "json")
FORMULA = re.compile(r"'*[=+\-@\t\r]")


class _Line:
    """A file for the csv module that hands each line back."""

    def write(self, line: str) -> str:
        return line


def guarded(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return value


def unguarded(value: str) -> str:
    """What a guarded cell stood for."""
    return value[1:] if value.startswith("'") and FORMULA.match(value) else value


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a CSV file with a head; what a row lacks is empty."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([guarded(column) for column in columns])
    for row in rows:
        yield writer.writerow([guarded(row.get(column)) for column in columns])


def json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One JSON array, an object a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False, cls=DjangoJSONEncoder)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of at most `size`: what belongs to many rows is then read at once."""
    left = iter(rows)
    while batch := list(itertools.islice(left, size)):
        yield batch


def download(name: str, format: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> StreamingHttpResponse:
    """The file `name` with the ending of its format. `name` is ours: ASCII letters, digits, hyphens."""
    lines, kind = (csv_lines(columns, rows), "text/csv") if format == "csv" else (json_lines(rows), "application/json")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse((line.encode("utf-8", "replace") for line in lines), content_type=f"{kind}; charset=utf-8", headers=headers)
