"""The formats: JSONL, CSV and plain lists of prompts, each from numbered lines to the fields of a row.

A format yields for every row its number and either its values by column name or the reason why it has none.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import chain
from math import isinf
from typing import NamedTuple, NoReturn

from measurements.imports.answers import Answer, LeftOver, Origin
from measurements.imports.cases import FIELDS, Limits, RowFaultError, shown_name
from measurements.imports.lines import Line
from raiportal.errors import Invalid

DELIMITERS = (",", ";", "\t")
INTEGER_DIGITS = 300  # more than any id has; Python itself gives up at 4,300


class Row(NamedTuple):
    """A row as its format reads it: `values` by column name, unknown columns included, or a `fault`.

    `answers` are what the row holds of results, `left_over` names what it holds beyond that.
    """

    number: int
    values: dict[str, object]
    fault: str = ""
    answers: tuple[Answer, ...] = ()
    left_over: tuple[str, ...] = ()


Read = Row | LeftOver | Origin  # what a format yields


def jsonl_rows(lines: Iterator[Line], limits: Limits) -> Iterator[Row]:
    """One JSON object a line."""
    for line in lines:
        if line.fault:
            yield Row(line.number, {}, line.fault)
        elif text := line.text.strip(" \t\r\n"):
            yield _json_row(line.number, text)


def prompt_rows(lines: Iterator[Line], limits: Limits) -> Iterator[Row]:
    """One prompt a line, as written; empty lines are left out."""
    for line in lines:
        if line.fault or line.text.strip():
            yield Row(line.number, {"input": line.text.rstrip("\r\n")}, line.fault)


def csv_rows(lines: Iterator[Line], limits: Limits) -> Iterator[Row]:
    """Rows under a header, separated by comma, semicolon or tab. Raises Invalid when the header has no column `input`."""
    return table_rows(lines, limits, FIELDS, "input")


def table_rows(lines: Iterator[Line], limits: Limits, known: Sequence[str], required: str) -> Iterator[Row]:
    """Rows under a header. `known` columns are found in any case and may stand there once, without `required` the header is refused as Invalid."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_record_bytes))
    first = next((line for line in lines if line.fault or line.text.strip()), None)
    if first is None:
        return
    feed = _LineFeed(chain([first], lines), limits)
    reader = csv.reader(feed, delimiter=_delimiter(first, known, required), strict=True)
    columns = _columns(reader, feed, known, required)
    while True:
        feed.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _EndlessRecordError):
            first = feed.record[0]
            yield Row(first.number, {}, first.fault or "The quotes of this row don't pair up. A quote inside quotes is written twice.")
            feed.read_again_after_first_line()
            continue
        if feed.fault or len(cells) > 1 or any(cell.strip() for cell in cells):
            yield _csv_row(feed.record[0].number, cells, columns, feed.fault)


def _json_row(number: int, text: str) -> Row:
    """The row of a line that holds one JSON object."""
    try:
        values = DECODER.decode(text)
    except json.JSONDecodeError as error:
        return Row(number, {}, f"This is not valid JSON: {error.msg} (character {error.pos + 1:,}).")
    except RecursionError:
        return Row(number, {}, "This JSON is nested too deeply.")
    except RowFaultError as fault:
        return Row(number, {}, str(fault))
    if not isinstance(values, dict):
        return Row(number, {}, "The row is not a JSON object.")
    return Row(number, values)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise RowFaultError(f'The key "{shown_name(twice)}" occurs twice.')
    return values


def _integer(digits: str) -> int:
    if len(digits) > INTEGER_DIGITS:
        raise RowFaultError(f"The row holds a number of {len(digits):,} digits.")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise RowFaultError("The row holds a number that is too large.")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise RowFaultError(f"{name} is not JSON.")


DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_int=_integer, parse_float=_finite, parse_constant=_refuse_constant)


class _EndlessRecordError(Exception):
    """A quote was opened and what follows is longer than any row may be."""


class _LineFeed:
    """Lines for the CSV reader, which remembers those of the record being read.

    When a quote that is never closed makes a record swallow the rows after it, only its first line is given up and the rest is read again. What is
    read twice is bounded, since a file made for it could otherwise be read thousands of times.
    """

    def __init__(self, lines: Iterator[Line], limits: Limits) -> None:
        self.record: list[Line] = []
        self._lines = lines
        self._again: deque[Line] = deque()
        self._longest = limits.max_record_bytes
        self._length = 0  # characters of the record so far
        self._rereading_left = 10 * limits.max_record_bytes

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        if self.record and self._length + len(line.text) > self._longest:
            self._again.appendleft(line)
            raise _EndlessRecordError
        self.record.append(line)
        self._length += len(line.text)
        return line.text

    def begin_record(self) -> None:
        self.record.clear()
        self._length = 0

    @property
    def fault(self) -> str:
        """What is wrong with the first unreadable line of the record, empty when all can be read."""
        return next((line.fault for line in self.record if line.fault), "")

    def read_again_after_first_line(self) -> None:
        self._rereading_left -= self._length
        if self._rereading_left < 0:
            raise Invalid(f"The quotes of this file don't pair up, from line {self.record[0].number:,} on.", field="file")
        self._again.extendleft(reversed(self.record[1:]))


def _delimiter(header: Line, known: Sequence[str], required: str) -> str:
    """The separator that makes most columns of the header, `required` among them if any does so; cells don't vote, prompts are full of commas."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        names = [_column_name(cell, known) for cell in next(csv.reader([header.text], delimiter=delimiter), [])]
        return required in names, len(names)

    return max(DELIMITERS, key=fitness)


def _columns(reader: Iterator[list[str]], feed: _LineFeed, known: Sequence[str], required: str) -> list[str]:
    try:
        columns = [_column_name(cell, known) for cell in next(reader)]
    except (csv.Error, _EndlessRecordError) as error:
        raise Invalid("The quotes of the header don't pair up.", field="file") from error
    if feed.fault:
        raise Invalid(f"The header can't be read. {feed.fault}", field="file")
    if required not in columns:
        found = ", ".join(shown_name(name) or "(empty)" for name in columns[:20])
        raise Invalid(f'The header has no column "{required}". Its columns are: {found}.', field="file")
    repeated = next((name for name in known if columns.count(name) > 1), None)
    if repeated:
        raise Invalid(f'The header has the column "{repeated}" twice.', field="file")
    return columns


def _column_name(cell: str, known: Sequence[str]) -> str:
    """Names we know in any case and with spaces round them; others as they are."""
    name = cell.strip()
    return name.casefold() if name.casefold() in known else name


def _csv_row(number: int, cells: Sequence[str], columns: Sequence[str], fault: str) -> Row:
    if not fault and len(cells) != len(columns):
        fields = "1 field" if len(cells) == 1 else f"{len(cells):,} fields"
        fault = f"The row has {fields}, the header {len(columns):,}."
    return Row(number, dict(zip(columns, cells, strict=False)), fault)
