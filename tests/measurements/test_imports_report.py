"""A large file with every kind of broken row, the report over it, and what reading it costs."""

from __future__ import annotations

import csv
import io
import json
import random
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from measurements.imports import IgnoredColumn, Limits, ParsedCase, RejectedRow, Tally, build_report, case_key, parse

ROWS, BROKEN = 10_000, 137

# a broken row of each kind, and the beginning of the sentence that it must get
BROKEN_CSV = [
    (b"broken,,,,,,,\n", '"input" is empty.'),
    (b"broken,   ,plain,,,,,\n", '"input" is empty.'),
    (b"broken,too few\n", "The row has 2 fields, the header 8."),
    (b"broken,too,many,fields,in,this,row,here,now\n", "The row has 9 fields, the header 8."),
    (b'broken,"closed" too early,plain,,,,,\n', "The quotes of this row don't pair up."),
    (b'broken,"never closed,plain,,,,,\n', "The quotes of this row don't pair up."),
    ("broken,caf\u00e9,plain,,,,,\n".encode("cp1252"), "The text is not UTF-8 (byte 11 of the line)."),
    (b"broken,with \0 inside,plain,,,,,\n", '"input" holds a NUL character'),
    (b"broken,surrogate \xed\xa0\x80,plain,,,,,\n", "The line holds half of a surrogate pair"),
    (b"broken," + b"x" * 200_001 + b",plain,,,,,\n", '"input" has 200,001 characters'),
    (b"broken,text," + b"s" * 121 + b",,,,,\n", '"stratum" has 121 characters'),
    (b"broken,text,plain,,," + b"l" * 36 + b",,\n", '"language" has 36 characters'),
    (b"i" * 201 + b",text,plain,,,,,\n", '"id" has 201 characters'),
    (b'broken,"' + b"two\nlines " * 30_000 + b'",plain,,,,,\n', '"input" has 300,000 characters'),
    (b"broken," + b"y" * 4_300_000 + b",plain,,,,,\n", "The line is longer than 4,000,000 bytes."),
]


def good_csv_row(index: int) -> bytes:
    text = [f"=prompt {index}", f'a "quoted, one" {index}', f"two\r\nlines {index}", f"你好 {index}", f"row {index}\u2028 goes on"][index % 5]
    written = io.StringIO(newline="")
    csv.writer(written).writerow([index, text, f"s{index % 3}", "", "", "de" if index % 2 else "en", "", "ignored"])
    return written.getvalue().encode()


def broken_csv() -> tuple[bytes, dict[int, str]]:
    """The file, and by physical line the reason each broken row must get."""
    chooser = random.Random(137)
    kinds = [BROKEN_CSV[number % len(BROKEN_CSV)] for number in range(BROKEN)]
    places = dict(zip(chooser.sample(range(ROWS), BROKEN), kinds, strict=True))
    lines, expected, line = [b"id,input,stratum,harm,expectation,language,source,note\n"], {}, 2
    for index in range(ROWS):
        if index in places:
            content, expected[line] = places[index]
        else:
            content = good_csv_row(index)
        lines.append(content)
        line += len(content.splitlines())
    return b"".join(lines), expected


def test_every_broken_row_of_a_large_csv_is_named_with_its_line_and_reason():
    content, expected = broken_csv()

    report = build_report(parse(io.BytesIO(content), "csv", size=len(content)))

    assert {row.row for row in report.rejected} == set(expected)
    assert [row for row in report.rejected if not row.reason.startswith(expected[row.row])] == []
    assert (report.accepted, report.rejected_count, report.duplicates) == (ROWS - BROKEN, BROKEN, 0)
    assert report.rows == ROWS
    assert report.ignored_columns == ["note"]
    assert sum(report.strata.values()) == sum(report.languages.values()) == ROWS - BROKEN
    assert set(report.languages) == {"de", "en"}


def test_same_file_again_brings_nothing_new():
    content, _ = broken_csv()
    tally = Tally()
    keys = {case.key for case in tally.fresh_cases(parse(io.BytesIO(content), "csv"))}

    again = build_report(parse(io.BytesIO(content), "csv"), existing_keys=keys)

    assert tally.report().accepted == len(keys) == ROWS - BROKEN
    assert (again.accepted, again.duplicates, again.rejected_count) == (0, ROWS - BROKEN, BROKEN)
    assert again.sample == []


def test_every_broken_row_of_a_large_jsonl_is_named():
    broken = [
        "{",
        "[]",
        '{"input": 1}',
        '{"input": "\\ud800"}',
        '{"input": "x", "input": "x"}',
        "NaN",
        "[" * 10_000,
        '{"a": ' + "1" * 5_000 + "}",
    ]
    places = random.Random(5).sample(range(ROWS), BROKEN)
    rows = [json.dumps({"input": f"prompt {index}"}) for index in range(ROWS)]
    for number, place in enumerate(places):
        rows[place] = broken[number % len(broken)]

    report = build_report(parse(io.BytesIO("\n".join(rows).encode()), "jsonl"))

    assert sorted(row.row for row in report.rejected) == sorted(place + 1 for place in places)
    assert (report.accepted, report.rejected_count) == (ROWS - BROKEN, BROKEN)


def a_case(row: int, text: str, **fields: str) -> ParsedCase:
    messages = [{"role": "user", "content": text}]
    values = {"external_id": "", "stratum": "", "harm": "", "expectation": "", "language": "", "source": "", **fields}
    return ParsedCase(row=row, messages=messages, key=case_key(messages), **values)


def test_duplicates_are_counted_inside_the_file_and_against_what_is_there():
    old = a_case(1, "old")
    rows = [old, a_case(2, "new", stratum="a"), a_case(3, "new", stratum="b"), IgnoredColumn("note"), RejectedRow(4, "No.")]

    report = build_report(rows, existing_keys={old.key})

    assert (report.accepted, report.duplicates, report.rejected_count) == (1, 2, 1)
    assert report.strata == {"a": 1}
    assert report.sample == [rows[1]]


def test_report_lists_the_first_thousand_rejections_and_counts_all():
    report = build_report(RejectedRow(number, "No.") for number in range(1, 2_501))

    assert report.rejected_count == 2_500
    assert [row.row for row in report.rejected] == list(range(1, 1_001))


def test_tally_hands_on_each_new_case_once_as_it_is_read():
    taken: list[int] = []

    def rows() -> Iterator[ParsedCase]:
        for number in range(3):
            taken.append(number)
            yield a_case(number, str(number % 2))

    fresh = Tally().fresh_cases(rows())

    assert next(fresh).row == 0
    assert taken == [0]
    assert [case.row for case in fresh] == [1]


class Rows:
    """A stream that makes its rows as they are read, so that only the reader's own memory counts."""

    def __init__(self, header: bytes, row: bytes, count: int) -> None:
        self._pieces = iter([header] * bool(header) + [row * 1_000] * (count // 1_000))

    def read(self, size: int, /) -> bytes:
        return next(self._pieces, b"")


@pytest.mark.parametrize(
    ("format", "header", "row"),
    [
        ("jsonl", b"", json.dumps({"input": "p" * 200, "stratum": "s", "id": 5}).encode() + b"\n"),
        ("csv", b"input,stratum,id\n", b'"' + b"p" * 100 + b"\n" + b"p" * 100 + b'",s,5\n'),
        ("prompts", b"", b"p" * 200 + b"\n"),
    ],
)
def test_reading_is_fast_and_its_memory_does_not_grow_with_the_file(format, header, row):
    def peak(count: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in parse(Rows(header, row, count), format)) == count
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    started = time.process_time()
    assert sum(1 for _ in parse(Rows(header, row, 20_000), format)) == 20_000
    rows_a_second = 20_000 / (time.process_time() - started)

    assert peak(20_000) < peak(2_000) * 1.2 + 200_000
    assert rows_a_second > 5_000


def test_limits_are_the_callers_to_set():
    report = build_report(parse(io.BytesIO(b"short\nmuch too long\n"), "prompts", limits=Limits(max_input=5)))

    assert (report.accepted, report.rejected_count) == (1, 1)
