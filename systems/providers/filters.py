"""Content-filter annotations of Azure OpenAI in the spellings that have been seen, in one form.

Results come under `content_filter_results` or `content_filter_result`, for prompts within `prompt_filter_results`,
`prompt_annotations`, the error or its `innererror`, in newer guardrails as a list `content_filters`. A category may be
written `self-harm`, `selfHarm`, `SelfHarm` or `self_harm`; a severity as a name, a number from 0 to 7, or null. Where the
filter itself failed, an entry `error` stands in place of categories: nothing was said then.
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
_INNER_KEYS = ("innererror", "inner_error", "innerError")
_FILTER_FAILED = "error"  # no category
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
    codes = {str(found).lower() for found in (error.get("code"), error.get("type"), _inner(error).get("code"))}
    if codes & BLOCKED_CODES:
        return True
    if "invalid_prompt" in codes and "usage policy" in str(error.get("message")).lower():
        return True
    return any(verdict["filtered"] for _, results in _error_results(error) for _, verdict in _verdicts(results))


def _results(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every object of results in a body, with the side it speaks of."""
    error = _mapping(data.get("error"))
    is_bare = not error and not data.get("choices")  # a gateway may leave the error's level out
    yield from _error_results(data if is_bare else error)
    if not is_bare:
        yield from _guardrails(data)
    for prompt_key in _PROMPT_KEYS:
        for entry in _mappings(data.get(prompt_key)):
            yield from (("prompt", entry[key]) for key in _RESULT_KEYS if key in entry)
    for choice in _mappings(data.get("choices")):
        yield from (("completion", choice[key]) for key in _RESULT_KEYS if key in choice)


def _error_results(error: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    inner = _inner(error)
    for key in _RESULT_KEYS:
        yield from (("prompt", place[key]) for place in (error, inner) if key in place)
    yield from _guardrails(error)
    yield from _guardrails(inner)


def _guardrails(place: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for entry in _mappings(place.get("content_filters")):
        side = "completion" if entry.get("source_type") == "completion" else "prompt"
        yield from ((side, entry[key]) for key in _RESULT_KEYS if key in entry)


def _inner(error: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((error[key] for key in _INNER_KEYS if isinstance(error.get(key), Mapping)), {})


def _verdicts(results: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, verdict in _mapping(results).items():
        if name == _FILTER_FAILED:
            continue
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
    """Of a detector; of custom blocklists, which of them were hit is in `details`."""
    detected = verdict.get("detected")
    if isinstance(detected, bool):
        return detected
    return bool(verdict["details"]) if isinstance(verdict.get("details"), list) else None


def _merged(earlier: dict[str, Any] | None, later: dict[str, Any]) -> dict[str, Any]:
    """The graver of two verdicts on one category, as several prompts or choices may each have one."""
    return earlier if earlier is not None and _gravity(earlier) >= _gravity(later) else later


def _gravity(verdict: dict[str, Any]) -> tuple[bool, int, bool]:
    severity = verdict["severity"]
    return verdict["filtered"], -1 if severity is None else _SEVERITY_NAMES.index(severity), verdict["detected"] is True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; a single object stands for a list of one."""
    entries = [value] if isinstance(value, Mapping) else value
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
