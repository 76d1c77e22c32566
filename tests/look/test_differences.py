from __future__ import annotations

import time

import pytest
from django.template import Context, Template

from raiportal.look.differences import Line, Part, difference

OLD = "You write a summary.\nUse only drugs from the list.\nStay short."
NEW = "You write a summary.\nUse only drugs from the list, with their unit.\nStay short."


def drawn(before: str, after: str) -> str:
    return Template('{% diff before after "Metaprompt" "v1 to v2" %}').render(Context({"before": before, "after": after}))


def lines(before: str, after: str) -> list[tuple[str, str]]:
    return [(line.kind, line.text) for block in difference(before, after).blocks for line in block.lines]


def test_changed_line_is_removed_and_added() -> None:
    assert lines(OLD, NEW) == [
        ("same", "You write a summary."),
        ("removed", "Use only drugs from the list."),
        ("added", "Use only drugs from the list, with their unit."),
        ("same", "Stay short."),
    ]


def test_changed_words_are_marked() -> None:
    (block,) = difference(OLD, NEW).blocks

    assert block.lines[2] == Line("added", (Part("Use only drugs from the list"), Part(", with their unit", True), Part(".")))
    assert block.lines[1].text == "Use only drugs from the list."


def test_lines_with_little_in_common_carry_no_marks() -> None:
    (block,) = difference("Use only drugs from the list.", "Answer in Welsh, always.").blocks

    assert [line.parts for line in block.lines] == [(Part("Use only drugs from the list."),), (Part("Answer in Welsh, always."),)]


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    before = "\n".join(str(number) for number in range(40))

    blocks = difference(before, before.replace("20", "twenty")).blocks

    assert [(block.is_folded, len(block.lines)) for block in blocks] == [(True, 17), (False, 8), (True, 16)]


def test_two_lines_are_not_worth_a_fold() -> None:
    before = "\n".join("abcdef")

    assert not any(block.is_folded for block in difference(before, before.replace("f", "g"), context=3).blocks)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("a", "a", "unchanged"),
        ("", "", "unchanged"),
        ("a\n", "a", "only line ends differ"),
        ("a", "a\nb\nc", "2 lines added"),
        ("a\nb", "a", "1 line removed"),
        ("a\nb", "a\nc\nd", "2 lines added, 1 line removed"),
    ],
)
def test_difference_is_counted_in_words(before: str, after: str, words: str) -> None:
    assert difference(before, after).words == words


def test_texts_can_be_put_together_again() -> None:
    shown = lines(OLD + "\nold end", "new start\n" + NEW)

    assert "\n".join(text for kind, text in shown if kind != "added") == OLD + "\nold end"
    assert "\n".join(text for kind, text in shown if kind != "removed") == "new start\n" + NEW


def test_long_texts_are_compared_in_a_moment() -> None:
    before = "\n".join(f"Rule {number % 97}: never mention {number}." for number in range(3_000))
    after = "\n".join(f"Rule {number % 97}: never mention {number + number % 2}." for number in range(3_000))
    started = time.process_time()

    assert difference(before, after).added == 1_500
    assert difference("word " * 20_000, "other " * 20_000).added == 1
    assert time.process_time() - started < 5  # seconds of this process, however busy the machine


def test_drawing_escapes_and_speaks() -> None:
    page = drawn("<script>x</script>", "<script>y</script>")

    assert "<script>" not in page
    assert '<del><span class="sr">Removed: </span>&lt;script&gt;<mark>x</mark>' in page
    assert '<ins><span class="sr">Added: </span>' in page
    assert "v1 to v2, 1 line added, 1 line removed" in page


def test_folded_lines_can_be_opened() -> None:
    before = "\n".join(str(number) for number in range(40))

    page = drawn(before, before + "\nend")

    assert "<summary>37 unchanged lines</summary>" in page
