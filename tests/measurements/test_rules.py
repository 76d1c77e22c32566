"""The rule judge: what matches, what is refused, and that no pattern and no text can hold it up."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.judges.rules import compile_rules
from measurements.judges.verdict import Verdict
from raiportal.errors import Invalid


def rules(*patterns: object, **options: object) -> dict[str, object]:
    return {"kind": "rule", "patterns": list(patterns), **options}


def rule(pattern: object, severity: object = 5) -> dict[str, object]:
    return {"pattern": pattern, "severity": severity}


def test_highest_severity_of_a_matching_pattern_counts():
    compiled = compile_rules(rules(rule("bomb", 4), rule(r"step \d+", 2), rule("detonator", 6), rule("never", 7)))

    assert compiled.judge("Step 12: fit the detonator to the bomb.") == Verdict(6, 'The pattern "detonator" matches.', "detonator")
    assert compiled.judge("a bomb, step 2") == Verdict(4, 'The pattern "bomb" matches.', "bomb")
    assert compiled.judge("I can't help with that.") == Verdict(0, "No pattern matches.", None)
    assert compiled.judge("") == Verdict(0, "No pattern matches.", None)


def test_first_pattern_of_equal_severity_gives_the_reason():
    compiled = compile_rules(rules(rule("beta"), rule("alpha|beta"), rule("alpha")))

    assert compiled.judge("alpha").reason == 'The pattern "alpha|beta" matches.'
    assert compiled.judge("alpha beta").matched == "beta"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("kill", "KILL"), ("straße", "STRAßE"), ("ÉCLAT", "éclat"), ("привет", "ПРИВЕТ"), ("σ", "Σ"), (r"^\pL+$", "你好"), ("a.b", "a😀b")],
)
def test_case_is_ignored_in_any_script(pattern, text):
    assert compile_rules(rules(rule(pattern))).judge(text).severity == 5


def test_case_counts_when_asked():
    compiled = compile_rules(rules(rule("ACME"), rule("ABC"), case_sensitive=True))

    assert compiled.judge("acme abc").severity == 0
    assert compiled.judge("ACME").severity == 5


def test_bare_string_has_the_highest_severity():
    assert compile_rules(rules("boom")).judge("boom").severity == 7


def test_flags_and_group_names_of_one_pattern_do_not_touch_the_next():
    compiled = compile_rules(rules(rule("(?P<a>one)(?s)."), rule("(?P<a>two)."), rule("x|y"), rule("^start"), case_sensitive=True))

    assert compiled.judge("one\n").severity == 5
    assert compiled.judge("two\n").severity == 0
    assert compiled.judge("two!").severity == 5
    assert compiled.judge("no start").severity == 0


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({}, "A rule judge needs a list of patterns with at least one in it, or a detector."),
        (rules(), "A rule judge needs a list of patterns with at least one in it, or a detector."),
        ({"patterns": "kill"}, "A rule judge needs a list of patterns with at least one in it, or a detector."),
        (rules(*["a"] * 1_001), "A rule judge takes 1,000 patterns at most; here are 1,001."),
        (rules("a", case_sensitive="yes"), '"case_sensitive" has to be true or false.'),
        (rules("a", 5), "Pattern 2 is empty or not text."),
        (rules(rule(" ")), "Pattern 1 is empty or not text."),
        (rules(rule("a" * 1_001)), "Pattern 1 has 1,001 characters; 1,000 is the most."),
        (rules(rule("a", 0)), 'Pattern 1, "a", needs a severity from 1 to 7.'),
        (rules(rule("a", 8)), 'Pattern 1, "a", needs a severity from 1 to 7.'),
        (rules(rule("a", True)), 'Pattern 1, "a", needs a severity from 1 to 7.'),
        (rules({"pattern": "a"}), 'Pattern 1, "a", needs a severity from 1 to 7.'),
        (rules(rule("ok"), rule("(open")), 'Pattern 2, "(open", can\'t be used: missing ): (open.'),
        (rules(rule("a)|(?:b")), 'Pattern 1, "a)|(?:b", can\'t be used: unexpected ): a)|(?:b.'),
        (rules(rule("(?<=a)b")), 'Pattern 1, "(?<=a)b", can\'t be used: invalid perl operator: (?<=.'),
        (rules(rule(r"(a)\1")), 'Pattern 1, "(a)\\1", can\'t be used: invalid escape sequence: \\1.'),
        (rules(rule("x{1,2000}")), 'Pattern 1, "x{1,2000}", can\'t be used: invalid repetition size: {1,2000}.'),
        (rules(rule("a*")), 'Pattern 1, "a*", matches empty text, so it would match every output.'),
        (rules(rule("a|")), 'Pattern 1, "a|", matches empty text, so it would match every output.'),
        (rules(rule("a\0b")), "Pattern 1 holds a NUL character, which can't be stored."),
        (rules(rule("\ud800")), "Pattern 1 holds half of a surrogate pair, which is no character."),
    ],
)
def test_patterns_that_cannot_judge_are_refused_by_name(spec, sentence):
    with pytest.raises(Invalid) as refusal:
        compile_rules(spec)

    assert (refusal.value.detail, refusal.value.field) == (sentence, "patterns")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a|a?)+b$", "(.*a){20}$", "([a-z]+)*!", r"^(\w+\s?)*\?$"])
def test_evil_patterns_finish_at_once_on_long_texts(pattern):
    compiled = compile_rules(rules(rule(pattern), rule("zzz")))
    text = "a" * 100_000 + "\U0001f4a3"

    started = time.process_time()
    verdict = compiled.judge(text)
    used = time.process_time() - started

    assert verdict.severity == 0
    assert used < 1.0


def test_a_thousand_patterns_cost_no_more_than_a_few():
    many = compile_rules(rules(*(rule(f"forbidden phrase number {number}x", number % 7 + 1) for number in range(1_000))))
    text = "An ordinary answer about phrases and numbers that holds nothing of the kind. " * 50
    many.judge(text)  # the first text makes the engine build its tables

    started = time.process_time()
    verdicts = [many.judge(text).severity for _ in range(200)]
    used = time.process_time() - started

    assert set(verdicts) == {0}
    assert used / 200 < 0.005
    assert many.judge(f"{text} FORBIDDEN phrase number 999X").severity == 999 % 7 + 1


def test_patterns_too_large_to_combine_still_all_match(monkeypatch):
    monkeypatch.setattr("measurements.judges.rules.COMBINED_BYTES", 16 * 1024)

    compiled = compile_rules(rules(*(rule(f"w{number}x{{100}}y") for number in range(40))))

    assert 1 < len(compiled.levels[0].any_of) < 40
    assert [number for number in range(45) if compiled.judge(f"W{number}" + "x" * 100 + "y").severity == 5] == list(range(40))


def test_text_with_half_a_surrogate_pair_is_judged_all_the_same():
    assert compile_rules(rules(rule("bomb"))).judge("a \ud800 bomb").severity == 5


def test_long_match_is_shortened():
    assert compile_rules(rules(rule("a+"))).judge("a" * 5_000).matched == "a" * 200


literals = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=4)


@given(st.lists(st.tuples(literals, st.integers(1, 7)), min_size=1, max_size=12), st.text(st.characters(min_codepoint=97, max_codepoint=122)))
def test_judgement_equals_trying_every_pattern(patterns, text):
    expected = max((severity for pattern, severity in patterns if re.search(pattern, text)), default=0)

    assert compile_rules(rules(*(rule(pattern, severity) for pattern, severity in patterns))).judge(text).severity == expected
