"""The rule judge: patterns that people wrote, and detectors of our own, in linear time against an output of any length.

Patterns have RE2's syntax: no look-around and no back-references, which is what keeps a pattern like `(a+)+$` harmless. `\\w`, `\\d` and `\\b` know ASCII only;
`\\pL` and the like know Unicode. Case is ignored unless the specification says `case_sensitive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import re2

from measurements.judges.detectors import DETECTORS, Detector
from measurements.judges.verdict import Verdict
from raiportal.errors import Invalid

HIGHEST_SEVERITY = 7  # of the longest scale

MAX_PATTERNS = 1_000
MAX_PATTERN_CHARACTERS = 1_000
MAX_SHOWN_CHARACTERS = 200  # of what a pattern matched

NO_MATCH, NOTHING_FOUND = "No pattern matches.", "No rule finds anything."

COMBINED_BYTES = 64 * 1024 * 1024  # RE2's memory for all patterns of one severity together; it only falls back to a slower way when that is short


@dataclass(frozen=True)
class Level:
    """The rules of one severity. Patterns: all in one or a few expressions to find whether any matches, and each alone to tell which."""

    severity: int
    any_of: tuple[Any, ...]
    each: tuple[tuple[str, Any], ...]
    detectors: tuple[Detector, ...]


@dataclass(frozen=True)
class CompiledRules:
    """Rules ready to judge, highest severity first. Made by `compile_rules`; safe to share between threads."""

    levels: tuple[Level, ...]

    def judge(self, text: str) -> Verdict:
        """The highest severity of a rule that finds something anywhere in the text; 0 if none does."""
        encoded = text.encode("utf-8", "replace")
        for level in self.levels:
            if any(combined.search(encoded) for combined in level.any_of):
                return _verdict(level, encoded)
            for detector in level.detectors:
                if found := detector.find(text):
                    return Verdict(level.severity, detector.finding, found[:MAX_SHOWN_CHARACTERS])
        return Verdict(0, NOTHING_FOUND if any(level.detectors for level in self.levels) else NO_MATCH, None)


def compile_rules(spec: Mapping[str, object], top: int = HIGHEST_SEVERITY) -> CompiledRules:
    """Compile `{"patterns": [{"pattern", "severity"} | pattern, ...], "case_sensitive"?: false, "detectors"?: [{"detector", "severity"} | name, ...]}`.

    Severities go from 1 to `top`, the highest of the metric's scale, which a bare string stands for. Other keys are left to the caller. Raises
    Invalid, naming the pattern or detector and what is wrong with it.
    """
    patterns, detectors = spec.get("patterns", []), spec.get("detectors", [])
    if not isinstance(patterns, list) or not isinstance(detectors, list) or not patterns + detectors:
        raise Invalid("A rule judge needs a list of patterns with at least one in it, or a detector.", field="patterns")
    if len(patterns) > MAX_PATTERNS:
        raise Invalid(f"A rule judge takes {MAX_PATTERNS:,} patterns at most; here are {len(patterns):,}.", field="patterns")
    is_case_sensitive = spec.get("case_sensitive", False)
    if not isinstance(is_case_sensitive, bool):
        raise Invalid('"case_sensitive" has to be true or false.', field="patterns")
    by_severity: dict[int, list[tuple[str, Any]]] = {}
    for number, entry in enumerate(patterns, start=1):
        pattern, severity = _pattern_and_severity(number, entry, top)
        by_severity.setdefault(severity, []).append((pattern, _compiled(number, pattern, is_case_sensitive)))
    found_by = _detectors(detectors, top)
    levels = sorted(by_severity.keys() | found_by.keys(), reverse=True)
    return CompiledRules(tuple(_level(severity, by_severity.get(severity, []), found_by.get(severity, []), is_case_sensitive) for severity in levels))


def _detectors(entries: list[object], top: int) -> dict[int, list[Detector]]:
    """Detectors by severity. None twice, since the higher severity would always win."""
    by_severity: dict[int, list[Detector]] = {}
    seen = set()
    for entry in entries:
        chosen = entry if isinstance(entry, Mapping) else {"detector": entry, "severity": top}
        name, severity = chosen.get("detector"), chosen.get("severity")
        if not isinstance(name, str) or name not in DETECTORS:
            raise Invalid(f"There is no detector “{_shown(str(name))}”. Detectors are {', '.join(DETECTORS)}.", field="patterns")
        if name in seen:
            raise Invalid(f"The detector “{name}” stands there twice.", field="patterns")
        if not _is_severity(severity, top):
            raise Invalid(f"The detector “{name}” needs a severity from 1 to {top}.", field="patterns")
        seen.add(name)
        by_severity.setdefault(severity, []).append(DETECTORS[name])
    return by_severity


def _is_severity(value: object, top: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= top


def _pattern_and_severity(number: int, entry: object, top: int) -> tuple[str, int]:
    rule = entry if isinstance(entry, Mapping) else {"pattern": entry, "severity": top}
    pattern, severity = rule.get("pattern"), rule.get("severity")
    if not isinstance(pattern, str) or not pattern.strip():
        raise Invalid(f"Pattern {number} is empty or not text.", field="patterns")
    if "\0" in pattern:
        raise Invalid(f"Pattern {number} holds a NUL character, which can't be stored.", field="patterns")
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Invalid(f"Pattern {number} has {len(pattern):,} characters; {MAX_PATTERN_CHARACTERS:,} is the most.", field="patterns")
    if not _is_severity(severity, top):
        raise Invalid(f'Pattern {number}, "{_shown(pattern)}", needs a severity from 1 to {top}.', field="patterns")
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


def _level(severity: int, each: list[tuple[str, Any]], detectors: list[Detector], is_case_sensitive: bool) -> Level:
    return Level(severity, tuple(_combined(each, is_case_sensitive) if each else ()), tuple(each), tuple(detectors))


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


def _verdict(level: Level, encoded: bytes) -> Verdict:
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
