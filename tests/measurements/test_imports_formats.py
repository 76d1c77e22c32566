"""Files in every shape that people upload: encodings, line ends, delimiters, broken rows, and files that are none."""

from __future__ import annotations

import contextlib
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.imports import IgnoredColumn, Limits, ParsedCase, RejectedRow, case_key, parse
from raiportal.errors import Invalid

storable = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60)
prompts = storable.filter(lambda text: text.strip())
BOMS = {"utf-8": b"", "utf-8-sig": b"", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


class Trickle(io.BytesIO):
    """A stream that answers in pieces of a few bytes, as a socket may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3)


def rows_of(content: bytes | str, format: str, stream: type[io.BytesIO] = io.BytesIO, **options: object) -> list[object]:
    return list(parse(stream(content.encode() if isinstance(content, str) else content), format, **options))


def inputs_of(content: bytes | str, format: str) -> list[str]:
    """The text of each case; a rejected row fails the test."""
    rows = rows_of(content, format)
    assert [row for row in rows if isinstance(row, RejectedRow)] == []
    return [row.messages[0]["content"] for row in rows if isinstance(row, ParsedCase)]


def rejections_of(content: bytes | str, format: str, **options: object) -> dict[int, str]:
    return {row.row: row.reason for row in rows_of(content, format, **options) if isinstance(row, RejectedRow)}


def a_file(format: str, texts: list[str], line_end: str = "\n") -> str:
    """A file that holds the texts as inputs, in the format."""
    if format == "jsonl":
        return "".join(json.dumps({"input": text}, ensure_ascii=False) + line_end for text in texts)
    if format == "prompts":
        return "".join(text + line_end for text in texts)
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    return line_end.join(["input", *quoted]) + line_end


@pytest.mark.parametrize("format", ["jsonl", "csv", "prompts"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", BOMS)
@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
def test_file_reads_the_same_in_every_encoding_and_line_end(format, line_end, codec, stream):
    texts = ["Grüße, 你好 😀", "line\u2028and paragraph\u2029and \x85 next", "plain"]
    content = BOMS[codec] + a_file(format, texts, line_end).encode(codec)

    cases = rows_of(content, format, stream)

    assert [case.messages for case in cases] == [[{"role": "user", "content": text}] for text in texts]
    assert [case.row for case in cases] == ([2, 3, 4] if format == "csv" else [1, 2, 3])


@pytest.mark.parametrize("format", ["jsonl", "csv", "prompts"])
def test_last_line_needs_no_end_and_empty_lines_count_as_lines(format):
    one, other = a_file(format, ["one"]), a_file(format, ["one", "two"]).splitlines()[-1]

    rows = rows_of(f"{one}\n\r\n   \n{other}", format)

    assert [row.messages[0]["content"] for row in rows] == ["one", "two"]
    assert rows[1].row == rows[0].row + 4


def test_mixed_line_ends_number_every_line_once():
    assert [(row.row, row.messages[0]["content"]) for row in rows_of("a\r\nb\rc\n\rd", "prompts")] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
        (5, "d"),
    ]


def test_line_end_between_two_pieces_of_the_stream_counts_once():
    rows = rows_of("".join(f"{number}\r\n" for number in range(1, 4_001)), "prompts", Trickle)

    assert [(row.row, row.messages[0]["content"]) for row in rows] == [(number, str(number)) for number in range(1, 4_001)]


@given(st.lists(prompts, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", ";", "\t"]))
def test_csv_round_trips_any_text(texts, line_end, delimiter):
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["stratum", "input"], *([f"s{index}", text] for index, text in enumerate(texts))])

    cases = rows_of(written.getvalue(), "csv")

    assert [(case.stratum, case.messages[0]["content"]) for case in cases] == [(f"s{index}", text) for index, text in enumerate(texts)]


@given(st.lists(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), prompts), max_size=3), min_size=1, max_size=5))
def test_jsonl_round_trips_any_conversation(conversations):
    wanted = [[{"role": role, "content": text} for role, text in [*turns, ("user", "and now?")]] for turns in conversations]
    content = "\n".join(json.dumps({"input": messages}) for messages in wanted)

    cases = rows_of(content, "jsonl")

    assert [case.messages for case in cases] == wanted
    assert [case.key for case in cases] == [case_key(messages) for messages in wanted]


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip), min_size=1))
def test_prompt_list_round_trips_any_line(texts):
    assert inputs_of("\n".join(texts), "prompts") == texts


@given(st.binary(max_size=400), st.sampled_from(["jsonl", "csv", "prompts"]))
def test_any_bytes_end_in_rows_or_one_refusal(content, format):
    rows: list[object] = []
    with contextlib.suppress(Invalid):
        rows = rows_of(b"input,id\n" + content, format)
    assert all(isinstance(row, ParsedCase | RejectedRow | IgnoredColumn) for row in rows)
    assert all(row.reason.endswith(".") for row in rows if isinstance(row, RejectedRow))
    json.dumps([row.messages for row in rows if isinstance(row, ParsedCase)], ensure_ascii=False).encode()


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1234", "@SUM(A1)", "-2", "'=quoted", '=HYPERLINK("http://x")', "\t=1", " lead and trail "])
@pytest.mark.parametrize("format", ["jsonl", "csv", "prompts"])
def test_formula_looking_text_stays_as_it_is(format, text):
    assert inputs_of(a_file(format, [text]), format) == [text]


def test_all_fields_of_a_json_row_arrive():
    row = {"input": "x", "id": 7, "stratum": " plain ", "harm": 12, "expectation": " refuse\n", "language": "de", "source": "desk"}

    (case,) = rows_of(json.dumps(row), "jsonl")

    assert (case.external_id, case.stratum, case.harm, case.expectation) == ("7", "plain", "12", " refuse\n")
    assert (case.language, case.source) == ("de", "desk")


def test_null_fields_are_absent_ones():
    (case,) = rows_of('{"input": "x", "id": null, "stratum": null, "expectation": null}', "jsonl")

    assert case.external_id == case.stratum == case.expectation == case.harm == ""


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", "This is not valid JSON: Expecting property name enclosed in double quotes (character 2)."),
        ('{"input": "x"} {}', "This is not valid JSON: Extra data (character 16)."),
        ('"just text"', "The row is not a JSON object."),
        ("[1]", "The row is not a JSON object."),
        ("{}", 'The row has no "input".'),
        ('{"input": null}', 'The row has no "input".'),
        ('{"input": 5}', '"input" is neither text nor a list of messages.'),
        ('{"input": ""}', '"input" is empty.'),
        ('{"input": "\\u3000 \\n"}', '"input" is empty.'),
        ('{"input": []}', '"input" is an empty list.'),
        ('{"input": ["hello"]}', "Message 1 is not an object with role and content."),
        (
            '{"input": [{"role": "root", "content": "x"}]}',
            "Message 1 has no known role; use one of system, developer, user, assistant, tool.",
        ),
        (
            '{"input": [{"role": ["user"], "content": "x"}]}',
            "Message 1 has no known role; use one of system, developer, user, assistant, tool.",
        ),
        ('{"input": [{"role": "user", "content": [{"type": "text"}]}]}', "The content of message 1 is not text."),
        ('{"input": [{"role": "user", "content": " "}]}', '"input" is empty.'),
        (
            '{"input": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}',
            'The last message is from "assistant"; it has to be from "user", since that is what gets answered.',
        ),
        ('{"input": "a\\u0000b"}', '"input" holds a NUL character (at character 2); it can\'t be stored.'),
        (
            '{"input": "a\\ud800"}',
            '"input" holds half of a surrogate pair, which is no character (at character 2); it can\'t be stored.',
        ),
        (
            '{"input": [{"role": "user", "content": "\\udfff"}]}',
            '"message 1" holds half of a surrogate pair, which is no character (at character 1); it can\'t be stored.',
        ),
        ('{"input": "x", "source": "\\u0000"}', '"source" holds a NUL character (at character 1); it can\'t be stored.'),
        ('{"input": "x", "input": "y"}', 'The key "input" occurs twice.'),
        ("{" + ",".join(f'"k{number}": 1' for number in range(200_000)) + ', "k199999": 2}', 'The key "k199999" occurs twice.'),
        ('{"input": [{"role": "user", "role": "system", "content": "y"}]}', 'The key "role" occurs twice.'),
        ('{"input": "x", "n": NaN}', "NaN is not JSON."),
        ('{"input": "x", "n": -Infinity}', "-Infinity is not JSON."),
        ('{"input": "x", "n": 1e999}', "The row holds a number that is too large."),
        ('{"input": "x", "n": ' + "9" * 5_000 + "}", "The row holds a number of 5,000 digits."),
        ('{"input": "x", "n": ' + "[" * 10_000 + "]" * 10_000 + "}", "This JSON is nested too deeply."),
        ("[" * 100_000, "This JSON is nested too deeply."),
        ('{"input": "x", "id": true}', '"id" is not text.'),
        ('{"input": "x", "stratum": ["a"]}', '"stratum" is not text.'),
        ('{"input": "x", "id": "' + "i" * 201 + '"}', '"id" has 201 characters; 200 is the most.'),
        ('{"input": "x", "expectation": "' + "e" * 20_001 + '"}', '"expectation" has 20,001 characters; 20,000 is the most.'),
        ('{"input": "' + "p" * 200_001 + '"}', '"input" has 200,001 characters; 200,000 is the most.'),
    ],
)
def test_broken_json_row_is_rejected_and_the_next_goes_on(row, reason):
    rows = rows_of(f'{row}\n{{"input": "good"}}', "jsonl")

    assert rows[0] == RejectedRow(1, reason)
    assert rows[-1].messages[0]["content"] == "good"


def test_too_many_messages_are_rejected():
    row = json.dumps({"input": [{"role": "user", "content": "x"}] * 501})

    assert rejections_of(row, "jsonl") == {1: '"input" has 501 messages; 500 is the most.'}


@pytest.mark.parametrize("escaped", [True, False])
def test_input_of_the_full_length_is_accepted(escaped):
    text = "😀" * 200_000

    (case,) = rows_of(json.dumps({"input": text}, ensure_ascii=escaped), "jsonl")

    assert case.messages[0]["content"] == text


@pytest.mark.parametrize("format", ["jsonl", "csv", "prompts"])
def test_endless_line_is_rejected_without_being_held(format):
    good = a_file(format, ["one", "two"]).splitlines(keepends=True)
    content = "".join([*good[:-1], "x" * 4_500_000, "\r\n", good[-1]])

    rows = rows_of(content, format)

    assert [row.messages[0]["content"] for row in rows if isinstance(row, ParsedCase)] == ["one", "two"]
    assert rows[-2] == RejectedRow(rows[-1].row - 1, "The line is longer than 4,000,000 bytes.")


def test_text_in_another_encoding_is_rejected_row_by_row_and_never_guessed():
    content = "input,id\nna\u00efve,1\ngood,2\ncaf\u00e9,3\n".encode("cp1252")

    assert rejections_of(content, "csv") == {
        2: "The text is not UTF-8 (byte 3 of the line). Save the file as UTF-8.",
        4: "The text is not UTF-8 (byte 4 of the line). Save the file as UTF-8.",
    }


def test_lone_surrogate_in_utf_16_rejects_its_row_only():
    content = b"\xff\xfe" + "one\ntwo".encode("utf-16-le") + b"\x00\xd8" + "\nthree".encode("utf-16-le")

    assert rejections_of(content, "prompts") == {2: "The line holds half of a surrogate pair, which is no character (byte 4 of the line)."}


def test_csv_rows_are_numbered_by_the_line_they_start_on():
    content = 'id,input\r\n1,"two\r\nlines"\r\n2,bad,field\r\n3,"three\nline\rends"\r\n\r\n4\r\n5,last'

    rows = rows_of(content, "csv")

    assert [(row.row, row.messages[0]["content"]) for row in rows if isinstance(row, ParsedCase)] == [
        (2, "two\r\nlines"),
        (5, "three\nline\rends"),
        (10, "last"),
    ]
    assert [row for row in rows if isinstance(row, RejectedRow)] == [
        RejectedRow(4, "The row has 3 fields, the header 2."),
        RejectedRow(9, "The row has 1 field, the header 2."),
    ]


@pytest.mark.parametrize("broken", ['9,"never closed', '9,"closed" too early', '"9'])
def test_stray_quote_costs_its_own_line_and_none_of_the_others(broken):
    content = f'id,input\n1,one\n{broken}\n2,"two, quoted"\n3,three\n4,"four\nlines"\n'

    rows = rows_of(content, "csv")

    assert [row.external_id for row in rows if isinstance(row, ParsedCase)] == ["1", "2", "3", "4"]
    assert [row for row in rows if isinstance(row, RejectedRow)] == [
        RejectedRow(3, "The quotes of this row don't pair up. A quote inside quotes is written twice.")
    ]


def test_stray_quote_before_many_unquoted_rows_is_given_up_at_the_size_limit():
    content = 'input\n"open\n' + "plain row\n" * 1_000

    rows = rows_of(content, "csv", limits=Limits(max_record_bytes=5_000))

    assert [type(row) for row in rows] == [RejectedRow] + [ParsedCase] * 1_000


def test_file_made_to_be_read_again_and_again_is_refused():
    content = "a,input\n" + 'a",""",\n' * 3_000

    with pytest.raises(Invalid, match="don't pair up"):
        rows_of(content, "csv", limits=Limits(max_record_bytes=2_000))


def test_csv_field_beyond_the_readers_own_limit_is_read_or_rejected_by_ours():
    content = "input\n" + "a" * 150_000 + '\n"' + "b\n" * 150_000 + '"\nlast\n'

    rows = rows_of(content, "csv")

    assert rows[0].messages[0]["content"] == "a" * 150_000
    assert rows[1] == RejectedRow(3, '"input" has 300,000 characters; 200,000 is the most.')
    assert rows[2].messages[0]["content"] == "last"


def test_nul_in_csv_and_prompts_rejects_the_row():
    assert rejections_of(b"input\na perfectly fine prompt\nfoo\0bar\n", "csv") == {3: '"input" holds a NUL character (at character 4); it can\'t be stored.'}
    assert rejections_of(b"a perfectly fine prompt\n\0\n", "prompts") == {2: '"input" holds a NUL character (at character 1); it can\'t be stored.'}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("id;Input", "1;a, b, c"),
        ("id\t INPUT ", "1\ta; b; c"),
        ('"id","input"', '1,"a; b\tc"'),
        ("\ufeffinput", "a b"),
        ('input,"a;b;c;d"', "x,1"),
    ],
)
def test_delimiter_comes_from_the_header_alone(header, row):
    assert len(inputs_of(f"{header}\n{row}\n", "csv")) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("prompt,id\nx,1\n", 'The header has no column "input". Its columns are: prompt, id.'),
        ("a;;b\nx;y;z\n", 'The header has no column "input". Its columns are: a, (empty), b.'),
        ("input,Input\nx,y\n", 'The header has the column "input" twice.'),
        ("", "The file has no rows."),
        ("\n \n", "The file has no rows."),
        ("input\n\n", "The file has no rows."),
        ('"input\n', "The quotes of the header don't pair up."),
        (
            "input,gr\u00f6\u00dfe\nx,1\n".encode("cp1252"),
            "The header can't be read. The text is not UTF-8 (byte 9 of the line). Save the file as UTF-8.",
        ),
    ],
)
def test_csv_that_holds_no_cases_is_refused_as_a_whole(content, sentence):
    with pytest.raises(Invalid) as refusal:
        rows_of(content, "csv")

    assert (refusal.value.detail, refusal.value.field) == (sentence, "file")


@pytest.mark.parametrize("format", ["jsonl", "csv", "prompts"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "a PNG image"),
        (b"PK\x03\x04" + bytes(range(256)) * 20, "a ZIP archive or a spreadsheet"),
        (b"%PDF-1.7\n", "a PDF document"),
        (bytes(range(254, -1, -1)) * 30, "not a text file"),
        ("input\nhello\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("input\nhello\n".encode("utf-32"), "text in UTF-32"),
        (b"\xff\xfei\x00n\x00p", "cut off"),
        (b"", "no rows"),
    ],
)
def test_file_that_is_no_text_gets_one_clear_sentence(format, content, words):
    with pytest.raises(Invalid, match=words):
        rows_of(content, format)


def test_unknown_format_is_refused_at_once():
    with pytest.raises(Invalid, match="use one of jsonl, csv, prompts") as refusal:
        parse(io.BytesIO(b"x"), "xlsx")

    assert refusal.value.field == "format"


class Endless:
    """A stream without end; counts what was taken from it."""

    taken = 0

    def read(self, size: int, /) -> bytes:
        self.taken += size
        return b"prompt\n" * (size // 7 + 1)


def test_file_over_the_size_limit_is_refused_early():
    unread, endless = Endless(), Endless()

    with pytest.raises(Invalid, match="larger than 50 MB"):
        parse(unread, "prompts", size=50 * 1024 * 1024 + 1)
    with pytest.raises(Invalid, match="larger than 1 MB"):
        for _ in parse(endless, "prompts", limits=Limits(max_bytes=1024 * 1024)):
            pass
    assert unread.taken == 0
    assert endless.taken < 2 * 1024 * 1024


def test_too_many_rows_are_refused_and_the_limit_itself_is_not():
    assert len(rows_of("a\n" * 10, "prompts", limits=Limits(max_rows=10))) == 10
    with pytest.raises(Invalid, match="more than 10 rows"):
        rows_of("a\n" * 11, "prompts", limits=Limits(max_rows=10))


def test_unknown_columns_are_named_once():
    csv_file = rows_of("input,note,,id\na,n,,1\nb,n,,2\n", "csv")
    json_file = rows_of('{"input": "a", "note": 1}\n{"input": [{"role": "user", "content": "b", "name": "Al"}], "note": 2, "x\\ud800": 3}\n', "jsonl")

    assert [row.name for row in csv_file if isinstance(row, IgnoredColumn)] == ["note"]
    assert [row.name for row in json_file if isinstance(row, IgnoredColumn)] == ["note", "x\ufffd", "input.name"]


def test_case_key_never_changes():
    """Stored keys depend on these values."""
    assert case_key([{"role": "user", "content": "hello"}]) == "b963d64220a6c6e1ca70cb17b13374b1"
    assert case_key([{"role": "system", "content": 'Grüße "\n'}, {"role": "user", "content": "你好"}]) == "ed34791d6a67a9571d5c43a490ba6bfa"


def test_case_key_tells_roles_turns_and_single_spaces_apart():
    conversations = [
        [{"role": "user", "content": "a"}],
        [{"role": "user", "content": "a "}],
        [{"role": "system", "content": "a"}],
        [{"role": "user", "content": "a"}, {"role": "user", "content": ""}],
        [{"role": "user", "content": "\u00e9"}],
        [{"role": "user", "content": "e\u0301"}],
    ]

    assert len({case_key(messages) for messages in conversations}) == len(conversations)
