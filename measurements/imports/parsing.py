"""The one door of the package: a stream and the name of its format in, cases and rejected rows out."""

from __future__ import annotations

from collections.abc import Iterator

from measurements.imports.cases import FIELDS, IgnoredColumn, Limits, ParsedCase, RejectedRow, RowFaultError, read_case, shown_name
from measurements.imports.formats import Row, csv_rows, jsonl_rows, prompt_rows
from measurements.imports.lines import ByteStream, read_lines
from raiportal.errors import Invalid

FORMATS = {"jsonl": jsonl_rows, "csv": csv_rows, "prompts": prompt_rows}

MAX_IGNORED_COLUMNS = 50  # enough to see that a file is of another kind

MESSAGE_KEYS = {"role", "content"}

Parsed = ParsedCase | RejectedRow | IgnoredColumn


def parse(stream: ByteStream, format: str, *, limits: Limits | None = None, size: int | None = None) -> Iterator[Parsed]:
    """Cases and rejected rows of a file in its own order, read as they are asked for; unknown columns are named once.

    `size` is the length in bytes where it is known, so that a file too large is refused unread. Raises Invalid, at once or while iterated,
    for what makes the whole file unusable: no text, too large, too many rows, no column `input`, no row at all.
    """
    limits = limits or Limits()
    if format not in FORMATS:
        raise Invalid(f'"{shown_name(format)}" is not a format that can be imported; use one of {", ".join(FORMATS)}.', field="format")
    if size is not None and size > limits.max_bytes:
        raise Invalid(f"The file is larger than {limits.max_bytes // 1024**2:,} MB. Split it and import the parts.", field="file")
    return _parsed(FORMATS[format](read_lines(stream, limits), limits), limits)


def _parsed(rows: Iterator[Row], limits: Limits) -> Iterator[Parsed]:
    ignored: set[str] = set()
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > limits.max_rows:
            raise Invalid(f"The file has more than {limits.max_rows:,} rows. Split it and import the parts.", field="file")
        for name in _unknown_names(row):
            if name not in ignored and len(ignored) < MAX_IGNORED_COLUMNS:
                ignored.add(name)
                yield IgnoredColumn(name)
        yield _case_or_rejection(row, limits)
    if count == 0:
        raise Invalid("The file has no rows.", field="file")


def _case_or_rejection(row: Row, limits: Limits) -> ParsedCase | RejectedRow:
    if row.fault:
        return RejectedRow(row.number, row.fault)
    try:
        return read_case(row.number, row.values, limits)
    except RowFaultError as fault:
        return RejectedRow(row.number, str(fault))


def _unknown_names(row: Row) -> Iterator[str]:
    """Names of a readable row that nothing is made of, those inside its messages written as `input.name`."""
    if row.fault:
        return
    for name in row.values:
        if name and name not in FIELDS:
            yield shown_name(name)
    messages = row.values.get("input")
    if isinstance(messages, list):
        for message in messages:
            if isinstance(message, dict):
                yield from (f"input.{shown_name(name)}" for name in message if name not in MESSAGE_KEYS)
