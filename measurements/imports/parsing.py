"""The one door of the package: a stream and the name of its format in, cases and rejected rows out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from measurements.imports.answers import LeftOver, Origin
from measurements.imports.cases import FIELDS, IgnoredColumn, Limits, NumberedAnswer, ParsedCase, RejectedRow, RowFaultError, read_case, shown_name
from measurements.imports.formats import Read, Row, csv_rows, jsonl_rows, prompt_rows
from measurements.imports.garak import garak_rows
from measurements.imports.lines import ByteStream, read_lines
from measurements.imports.promptfoo import promptfoo_rows
from measurements.imports.pyrit import pyrit_rows
from raiportal.errors import Invalid

FORMATS: dict[str, Callable[[ByteStream, Limits, str], Iterator[Read]]] = {
    "jsonl": lambda stream, limits, _: jsonl_rows(read_lines(stream, limits), limits),
    "csv": lambda stream, limits, _: csv_rows(read_lines(stream, limits), limits),
    "prompts": lambda stream, limits, _: prompt_rows(read_lines(stream, limits), limits),
    "garak": lambda stream, limits, _: garak_rows(stream, limits),
    "pyrit": pyrit_rows,
    "promptfoo": promptfoo_rows,
}

MAX_IGNORED_COLUMNS = 50  # enough to see that a file is of another kind

MOST_ANSWERS_A_CASE = 100  # as a run may have repeats

MESSAGE_KEYS = {"role", "content"}

Parsed = ParsedCase | RejectedRow | IgnoredColumn | LeftOver | Origin


def parse(stream: ByteStream, format: str, *, limits: Limits | None = None, size: int | None = None, name: str = "the file") -> Iterator[Parsed]:
    """Cases and rejected rows of a file in its own order, read as they are asked for; unknown columns are named once.

    `size` is the length in bytes where it is known, so that a file too large is refused unread; `name` is the file's, for raters who have no other.
    Files of other tools also yield where they come from and what of them has no place; some of these are read twice, so the stream must go back
    to its beginning. Raises Invalid, at once or while iterated, for what makes the whole file unusable: no text, too large, too many rows, no column
    `input`, no row at all.
    """
    limits = limits or Limits()
    if format not in FORMATS:
        raise Invalid(f'"{shown_name(format)}" is not a format that can be imported; use one of {", ".join(FORMATS)}.', field="format")
    if size is not None and size > limits.max_bytes:
        raise Invalid(f"The file is larger than {limits.max_bytes // 1024**2:,} MB. Split it and import the parts.", field="file")
    return _parsed(FORMATS[format](stream, limits, name), limits)


def _parsed(reads: Iterator[Read], limits: Limits) -> Iterator[Parsed]:
    ignored: set[str] = set()
    answers: Counter[str] = Counter()
    odd: set[str] = set()
    count = 0
    for read in reads:
        if not isinstance(read, Row):
            odd.update([read.name] if isinstance(read, LeftOver) else [])
            yield read
            continue
        count += 1
        if count > limits.max_rows:
            raise Invalid(f"The file has more than {limits.max_rows:,} rows. Split it and import the parts.", field="file")
        for name in _unknown_names(read):
            if name not in ignored and len(ignored) < MAX_IGNORED_COLUMNS:
                ignored.add(name)
                yield IgnoredColumn(name)
        yield from _case_or_rejection(read, limits, answers)
    if count == 0:
        raise Invalid(_why_none(odd), field="file")


def _why_none(odd: set[str]) -> str:
    return f"Nothing in this file can become a case; it holds {', '.join(sorted(odd)[:10])}." if odd else "The file has no rows."


def _case_or_rejection(row: Row, limits: Limits, answers: Counter[str]) -> Iterator[Parsed]:
    if row.fault:
        yield RejectedRow(row.number, row.fault)
        return
    try:
        case = read_case(row.number, row.values, limits)
    except RowFaultError as fault:
        yield RejectedRow(row.number, str(fault))
        return
    yield from (LeftOver(name) for name in row.left_over)
    yield from _with_answers(case, row, answers) if row.answers else (case,)


def _with_answers(case: ParsedCase, row: Row, answers: Counter[str]) -> Iterator[Parsed]:
    """The case with its answers numbered on from those that the file had for it before."""
    room = MOST_ANSWERS_A_CASE - answers[case.key]
    kept: tuple[NumberedAnswer, ...] = tuple(enumerate(row.answers[:room], start=answers[case.key]))
    answers[case.key] += len(kept)
    yield replace(case, answers=kept)
    if len(kept) < len(row.answers):
        yield LeftOver(f"answers beyond {MOST_ANSWERS_A_CASE} to one prompt", len(row.answers) - len(kept))


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
