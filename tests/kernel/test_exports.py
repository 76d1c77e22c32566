"""Files that spreadsheets may open without harm."""

from __future__ import annotations

import csv
import io
import json

import pytest

from raiportal import exports


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''+1"])
def test_cell_that_could_be_a_formula_starts_with_an_apostrophe_and_comes_back(text: str) -> None:
    (read,) = list(csv.DictReader(io.StringIO("".join(exports.csv_lines(["text"], [{"text": text}])).lstrip("\ufeff"), newline="")))

    assert read["text"] == "'" + text


@pytest.mark.parametrize("value", ["plain", "'quoted'", "a=b", "", 5, -5, None, "ünïcode\nline"])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert exports.guarded(value) == value


def test_head_is_guarded_too() -> None:
    assert next(exports.csv_lines(["=cmd"], [])) == "\ufeff'=cmd\r\n"


@pytest.mark.parametrize("rows", [[], [{"a": "=1"}], [{"a": 1}, {"a": "ü"}]])
def test_json_is_one_array_with_texts_untouched(rows: list[dict[str, object]]) -> None:
    assert json.loads("".join(exports.json_lines(iter(rows)))) == rows


def test_rows_are_read_as_they_are_sent() -> None:
    asked: list[int] = []

    def rows() -> object:
        for number in range(3):
            asked.append(number)
            yield {"a": number}

    lines = exports.csv_lines(["a"], rows())  # type: ignore[arg-type]
    next(lines)
    next(lines)

    assert asked == [0]
