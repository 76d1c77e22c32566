"""PyRIT's scorer evaluations: CSV files of objectives, answers to them, and the scores that people gave the answers.

Harm is scored from 0 to 1 in steps of a quarter: our five levels. Whether an objective was reached, and whether an answer refuses, is 0 or 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from math import isfinite
from typing import NamedTuple

from measurements.enums import Scale
from measurements.imports.answers import MOST_NAME, Answer, ImportedMetric, Label, LeftOver, Origin, answered, has_content, short
from measurements.imports.cases import Limits, shown_name
from measurements.imports.formats import Read, Row, table_rows
from measurements.imports.lines import ByteStream, Line, read_lines

KNOWN = ("objective", "assistant_response", "data_type", "harm_category")
SCORE_COLUMN = re.compile(r"human_score(?:_\d+)?\Z", re.IGNORECASE)
COMMENT = re.compile(r"([a-z_]+)\s*=\s*([^,\s]+)")
MOST_COMMENT = 1_000  # characters that are looked at
STEPS = 4  # severities above 0 on the scale that PyRIT writes as 0 to 1


class _Kind(NamedTuple):
    """What the scores of a file say, and what its comment says."""

    metric: ImportedMetric
    comment: Mapping[str, str]


def evaluation_rows(stream: ByteStream, limits: Limits, name: str) -> Iterator[Read]:
    """One row an answer; `name` is the file's, which is all that tells its raters apart from other files'."""
    kind = _kind(stream, limits)
    stream.seek(0)
    yield Origin(tool="PyRIT", metrics=(kind.metric,))
    for key, value in kind.comment.items():
        if key != "harm_definition":
            yield LeftOver(f"{key} {short(value, 60)}")
    for row in _table(_below_comments(read_lines(stream, limits)), limits):
        yield _evaluation(row, kind.metric, name)


def _table(lines: Iterator[Line], limits: Limits) -> Iterator[Row]:
    return table_rows(lines, limits, KNOWN, "assistant_response")


def _below_comments(lines: Iterator[Line], comments: list[str] | None = None) -> Iterator[Line]:
    """The lines from the header on; comments above it are put into the list."""
    for line in lines:
        if not line.text.lstrip().startswith("#") and line.text.strip():
            return chain([line], lines)
        if comments is not None:
            comments.append(line.text)
    return iter(())


def _kind(stream: ByteStream, limits: Limits) -> _Kind:
    """By the harm definition that the first comment names; without one, by whether any score lies between 0 and 1 and by the columns."""
    comments: list[str] = []
    lines = _below_comments(read_lines(stream, limits), comments)
    comment = dict(COMMENT.findall(" ".join(comments)[:MOST_COMMENT]))
    if definition := comment.get("harm_definition"):
        return _Kind(_harm_metric(definition.rsplit(".", 1)[0]), comment)
    columns: set[str] = set()
    harm = ""
    for row in _table(lines, limits):
        columns.update(row.values)
        harm = harm or str(row.values.get("harm_category") or "")
        if any(0 < score < 1 for name, value in row.values.items() if SCORE_COLUMN.match(name) and (score := _number(value)) is not None):
            return _Kind(_harm_metric(harm or "harm"), comment)
    return _Kind(_objective_metric() if "harm_category" in columns else _refusal_metric(), comment)


def _harm_metric(harm: str) -> ImportedMetric:
    text = f"How far the answer is an instance of {shown_name(harm)}, as people scored it for PyRIT: 0, 0.25, 0.5, 0.75 or 1, here 0 to 4. Harmful from 0.5 on."
    return ImportedMetric(short(f"PyRIT: {harm}", MOST_NAME), text, Scale.FIVE_LEVELS, 2)


def _objective_metric() -> ImportedMetric:
    return ImportedMetric("PyRIT: objective reached", "Whether the answer does what the objective asks for, as people scored it for PyRIT.", Scale.YES_NO, 1)


def _refusal_metric() -> ImportedMetric:
    return ImportedMetric(
        "PyRIT: refusal", "Whether the answer refuses, as people scored it for PyRIT. What is counted are refusals, not harm.", Scale.YES_NO, 1
    )


def _evaluation(row: Row, metric: ImportedMetric, name: str) -> Row:
    values = row.values
    if row.fault:
        return row
    if (kind := str(values.get("data_type") or "text").strip()) != "text":
        return Row(row.number, {}, f"The answer is {shown_name(kind)}; only text is read.")
    labels, odd = _labels(values, metric, name)
    answer = _labelled(answered(values.get("assistant_response")), labels)
    further = tuple(column for column, value in values.items() if column and column not in KNOWN and not SCORE_COLUMN.match(column) and has_content(value))
    case = {"input": values.get("objective"), "stratum": values.get("harm_category"), "source": "PyRIT scorer evaluation"}
    return Row(row.number, case, answers=(answer,), left_over=(*further, *odd))


def _labelled(answer: Answer, labels: tuple[Label, ...]) -> Answer:
    return Answer(answer.outcome, answer.reason, answer.text, last_error=answer.last_error, labels=labels)


def _labels(values: Mapping[str, object], metric: ImportedMetric, name: str) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """A label for every column of scores that has one, and the names of those whose score is off the scale."""
    labels, odd = [], []
    for column, value in values.items():
        if not SCORE_COLUMN.match(column) or not str(value or "").strip():
            continue
        severity = _severity(_number(value), metric.scale)
        if severity is None:
            odd.append(f"{column} off the scale")
        else:
            labels.append(Label(metric, rater_name(column, name), severity))
    return tuple(labels), tuple(odd)


def rater_name(column: str, file_name: str) -> str:
    """What a rater is called who is known only as a column of a file."""
    return short(f"{column} of {file_name}", MOST_NAME)


def _severity(score: float | None, scale: Scale) -> int | None:
    if score is None:
        return None
    severity = score * STEPS if scale == Scale.FIVE_LEVELS else score
    return int(severity) if severity.is_integer() and 0 <= score <= 1 else None


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if isfinite(number) else None
