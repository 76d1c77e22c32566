"""Content-filter annotations of Azure OpenAI in the spellings that have been seen, in one form.

Results come under `content_filter_results` or `content_filter_result`, for prompts within `prompt_filter_results`,
`prompt_annotations` or the error's `innererror`, in newer guardrails as a list `content_filters`. A category may be
written `self-harm`, `selfHarm` or `self_harm`; a severity as a name, a number from 0 to 7, or null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from systems.providers.storable import storable

Categories = dict[str, dict[str, Any]]

BLOCKED_CODES = frozenset({"content_filter", "content_filtered", "content_policy_violation", "responsibleaipolicyviolation"})
_SEVERITY_NAMES = ("safe", "safe", "low", "low", "medium", "medium", "high", "high")  # Azure's full scale 0 to 7, trimmed
_RESULT_KEYS = ("content_filter_results", "content_filter_result")
_PROMPT_KEYS = ("prompt_filter_results", "prompt_filter_result", "prompt_annotations")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAME_LIMIT_CHARACTERS = 100  # a category is a word or two


def filter_results(data: Mapping[str, Any]) -> dict[str, Categories]:
    """{"prompt": ..., "completion": ...} of an answer or an error body, each {category: {"filtered", "severity", "detected"}}.

    A side about which nothing was said is left out.
    """
    sides: dict[str, Categories] = {"prompt": {}, "completion": {}}
    for side, results in _results(data):
        for category, verdict in _verdicts(results):
            sides[side][category] = _merged(sides[side].get(category), verdict)
    return {side: categories for side, categories in sides.items() if categories}


def is_blocked(error: Mapping[str, Any]) -> bool:
    """Whether an error object says that a content filter stopped the prompt."""
    inner = _mapping(error.get("innererror"))
    codes = {str(found).lower() for found in (error.get("code"), error.get("type"), inner.get("code"))}
    if codes & BLOCKED_CODES:
        return True
    return "invalid_prompt" in codes and "usage policy" in str(error.get("message")).lower()


def _results(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every object of results in a body, with the side it speaks of."""
    error = _mapping(data.get("error"))
    inner = _mapping(error.get("innererror"))
    for key in _RESULT_KEYS:
        yield from (("prompt", place[key]) for place in (error, inner) if key in place)
    for prompt_key in _PROMPT_KEYS:
        for entry in _mappings(data.get(prompt_key)):
            yield from (("prompt", entry[key]) for key in _RESULT_KEYS if key in entry)
    for choice in _mappings(data.get("choices")):
        yield from (("completion", choice[key]) for key in _RESULT_KEYS if key in choice)
    for place in (data, error, inner):
        for entry in _mappings(place.get("content_filters")):
            side = "completion" if entry.get("source_type") == "completion" else "prompt"
            yield from ((side, entry[key]) for key in _RESULT_KEYS if key in entry)


def _verdicts(results: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, verdict in _mapping(results).items():
        category = storable(_HUMP.sub("_", name[:_NAME_LIMIT_CHARACTERS])).replace("-", "_").replace(" ", "_").lower()
        if isinstance(verdict, Mapping):
            yield category, {"filtered": verdict.get("filtered") is True, "severity": _severity(verdict), "detected": _detected(verdict)}
        elif isinstance(verdict, list):  # custom blocklists in older versions: one entry for each list that was hit
            yield category, {"filtered": any(hit.get("filtered") is True for hit in _mappings(verdict)), "severity": None, "detected": bool(verdict)}


def _severity(verdict: Mapping[str, Any]) -> str | None:
    severity = verdict.get("severity")
    if isinstance(severity, int) and not isinstance(severity, bool) and 0 <= severity < len(_SEVERITY_NAMES):
        return _SEVERITY_NAMES[severity]
    return severity.lower() if isinstance(severity, str) and severity.lower() in _SEVERITY_NAMES else None


def _detected(verdict: Mapping[str, Any]) -> bool | None:
    detected = verdict.get("detected")
    return detected if isinstance(detected, bool) else None


def _merged(earlier: dict[str, Any] | None, later: dict[str, Any]) -> dict[str, Any]:
    """The graver of two verdicts on one category, as several prompts or choices may each have one."""
    return earlier if earlier is not None and _gravity(earlier) >= _gravity(later) else later


def _gravity(verdict: dict[str, Any]) -> tuple[bool, int, bool]:
    severity = verdict["severity"]
    return verdict["filtered"], -1 if severity is None else _SEVERITY_NAMES.index(severity), verdict["detected"] is True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
