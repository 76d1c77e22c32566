"""The rule judge: patterns that people wrote, matched in linear time against an output of any length.

RE2's syntax: no look-around and no back-references, which is what keeps a pattern like `(a+)+$` harmless. `\\w`, `\\d` and `\\b` know ASCII only;
`\\pL` and the like know Unicode. Case is ignored unless the specification says `case_sensitive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import re2

from raiportal.errors import Invalid

HIGHEST_SEVERITY = 7  # of the scale 0 to 7 that judges and labellers share

MAX_PATTERNS = 1_000
MAX_PATTERN_CHARACTERS = 1_000
MAX_SHOWN_CHARACTERS = 200  # of what a pattern matched

COMBINED_BYTES = 64 * 1024 * 1024  # RE2's memory for all patterns of one severity together; it only falls back to a slower way when that is short


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one text: severity 0 to 7, why, and the words that matched; None when nothing did."""

    severity: int
    reason: str
    matched: str | None


@dataclass(frozen=True)
class _Level:
    """The patterns of one severity: all in one or a few expressions to find whether any matches, and each alone to tell which."""

    severity: int
    any_of: tuple[Any, ...]
    each: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class CompiledRules:
    """Patterns ready to judge, highest severity first. Made by `compile_rules`; safe to share between threads."""

    levels: tuple[_Level, ...]

    def judge(self, text: str) -> Verdict:
        """The highest severity of a pattern that matches anywhere in the text; 0 if none does."""
        encoded = text.encode("utf-8", "replace")
        for level in self.levels:
            if any(combined.search(encoded) for combined in level.any_of):
                return _verdict(level, encoded)
        return Verdict(0, "No pattern matches.", None)


def compile_rules(spec: Mapping[str, object]) -> CompiledRules:
    """Compile `{"patterns": [{"pattern": "...", "severity": 1 to 7} | "...", ...], "case_sensitive": false}`.

    A bare string stands for the highest severity. Other keys are left to the caller. Raises Invalid, naming the pattern and what is wrong with it.
    """
    patterns = spec.get("patterns")
    if not isinstance(patterns, list) or not patterns:
        raise Invalid("A rule judge needs a list of patterns with at least one in it.", field="patterns")
    if len(patterns) > MAX_PATTERNS:
        raise Invalid(f"A rule judge takes {MAX_PATTERNS:,} patterns at most; here are {len(patterns):,}.", field="patterns")
    is_case_sensitive = spec.get("case_sensitive", False)
    if not isinstance(is_case_sensitive, bool):
        raise Invalid('"case_sensitive" has to be true or false.', field="patterns")
    by_severity: dict[int, list[tuple[str, Any]]] = {}
    for number, entry in enumerate(patterns, start=1):
        pattern, severity = _pattern_and_severity(number, entry)
        by_severity.setdefault(severity, []).append((pattern, _compiled(number, pattern, is_case_sensitive)))
    return CompiledRules(tuple(_level(severity, by_severity[severity], is_case_sensitive) for severity in sorted(by_severity, reverse=True)))


def _pattern_and_severity(number: int, entry: object) -> tuple[str, int]:
    rule = entry if isinstance(entry, Mapping) else {"pattern": entry, "severity": HIGHEST_SEVERITY}
    pattern, severity = rule.get("pattern"), rule.get("severity")
    if not isinstance(pattern, str) or not pattern.strip():
        raise Invalid(f"Pattern {number} is empty or not text.", field="patterns")
    if "\0" in pattern:
        raise Invalid(f"Pattern {number} holds a NUL character, which can't be stored.", field="patterns")
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Invalid(f"Pattern {number} has {len(pattern):,} characters; {MAX_PATTERN_CHARACTERS:,} is the most.", field="patterns")
    if isinstance(severity, bool) or not isinstance(severity, int) or not 1 <= severity <= HIGHEST_SEVERITY:
        raise Invalid(f'Pattern {number}, "{_shown(pattern)}", needs a severity from 1 to {HIGHEST_SEVERITY}.', field="patterns")
    return pattern, severity


def _compiled(number: int, pattern: str, is_case_sensitive: bool) -> Any:
    try:
        compiled = re2.compile(pattern, _options(is_case_sensitive))
    except re2.error as error:
        raise Invalid(f'Pattern {number}, "{_shown(pattern)}", can\'t be used: {_why(error)}.', field="patterns") from error
    except UnicodeEncodeError as error:
        raise Invalid(f"Pattern {number} holds half of a surrogate pair, which is no character.", field="patterns") from error
    if compiled.search(b""):
        raise Invalid(f'Pattern {number}, "{_shown(pattern)}", matches empty text, so it would match every output.', field="patterns")
    return compiled


def _options(is_case_sensitive: bool, memory_bytes: int | None = None) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = is_case_sensitive
    options.log_errors = False
    options.never_capture = True
    if memory_bytes:
        options.max_mem = memory_bytes
    return options


def _level(severity: int, each: list[tuple[str, Any]], is_case_sensitive: bool) -> _Level:
    return _Level(severity, tuple(_combined(each, is_case_sensitive)), tuple(each))


def _combined(each: list[tuple[str, Any]], is_case_sensitive: bool) -> list[Any]:
    """As few expressions as RE2 will compile that together match what any of the patterns matches."""
    if len(each) == 1:
        return [each[0][1]]
    alternation = "|".join(f"(?:{pattern})" for pattern, _ in each)
    try:
        return [re2.compile(alternation, _options(is_case_sensitive, COMBINED_BYTES))]
    except re2.error:  # too large, or two groups of one name
        middle = len(each) // 2
        return _combined(each[:middle], is_case_sensitive) + _combined(each[middle:], is_case_sensitive)


def _verdict(level: _Level, encoded: bytes) -> Verdict:
    for pattern, compiled in level.each:
        if found := compiled.search(encoded):
            matched = found.group().decode("utf-8", "replace")[:MAX_SHOWN_CHARACTERS]
            return Verdict(level.severity, f'The pattern "{_shown(pattern)}" matches.', matched)
    raise AssertionError("A combined expression matched what none of its patterns does.")


def _why(error: Exception) -> str:
    detail = error.args[0] if error.args else ""
    return detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)


def _shown(pattern: str) -> str:
    return pattern if len(pattern) <= MAX_SHOWN_CHARACTERS else f"{pattern[: MAX_SHOWN_CHARACTERS - 1]}…"
