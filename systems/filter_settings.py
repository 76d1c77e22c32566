"""What is kept of a provider's content filters: categories with thresholds, detectors, block lists, and whatever else it lets one set.

The shape, as the API takes it and the table keeps it::

    {"categories": {"hate": {"prompt": "medium", "completion": "medium"}, ...},
     "detectors": {"jailbreak": "block", ...}, "blocklists": ["names"], "other": {...}}

Categories, detectors and severities are those of Azure's content filters as its documentation names them (learn.microsoft.com, "Content filter
configurability"). What isn't named is not known, which is not the same as switched off.

Their words stand here beside their names and are not looked up in the catalogue `content-filter`, which explains them: an administrator may rename or
end its entries, and what a kept version says must stay readable and comparable whatever becomes of them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from raiportal.errors import Invalid
from systems.enums import DetectorMode, Threshold

CATEGORIES = {"hate": "Hate and fairness", "sexual": "Sexual", "violence": "Violence", "self_harm": "Self-harm"}
SIDES = {"prompt": "Prompt", "completion": "Completion"}
DETECTORS = {
    "jailbreak": "Jailbreak attempts in prompts",
    "indirect_attack": "Indirect attacks in documents",
    "protected_material_text": "Protected material, text",
    "protected_material_code": "Protected material, code",
    "profanity": "Profanity",
    "groundedness": "Ungrounded answers",
}
MOST_BLOCKLISTS = 50
LONGEST_BLOCKLIST_NAME = 120  # characters
LARGEST_OTHER = 20_000  # characters of the rest as JSON
UNSTORABLE = re.compile("[\\0\ud800-\udfff]")
PARTS = ("categories", "detectors", "blocklists", "other")


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in the shape that is kept. Raises Invalid with the field "settings" for what isn't known."""
    if unknown := sorted(set(map(str, settings)) - set(PARTS)):
        raise Invalid(f"Filters have {', '.join(PARTS)}; “{unknown[0][:60]}” belongs under “other”.", field="settings")
    kept = {
        "categories": {name: _sides(name, sides) for name, sides in _mapping(settings, "categories", CATEGORIES).items()},
        "detectors": {name: _choice(mode, DetectorMode.values, name) for name, mode in _mapping(settings, "detectors", DETECTORS).items()},
        "blocklists": _blocklists(settings.get("blocklists") or []),
        "other": _other(settings.get("other") or {}),
    }
    if not any(kept.values()):
        raise Invalid("Say at least one thing that the filters are set to.", field="settings")
    _require_storable(kept)
    return kept


def as_lines(settings: Mapping[str, Any]) -> str:
    """One setting a line, in a fixed order, so that two versions can be compared line by line."""
    lines = [
        f"{CATEGORIES[name]}, {SIDES[side].lower()}: {Threshold(settings['categories'][name][side]).label}"
        for name in CATEGORIES
        for side in SIDES
        if side in settings["categories"].get(name, {})
    ]
    lines += [f"{words}: {DetectorMode(settings['detectors'][name]).label}" for name, words in DETECTORS.items() if name in settings["detectors"]]
    lines += [f"Block list: {name}" for name in settings["blocklists"]]
    return "\n".join([*lines, *json.dumps(settings["other"], indent=2, sort_keys=True, ensure_ascii=False).splitlines()] if settings["other"] else lines)


def _mapping(settings: Mapping[str, Any], part: str, known: Mapping[str, str]) -> dict[str, Any]:
    given = settings.get(part) or {}
    if not isinstance(given, Mapping):
        raise Invalid(f"“{part}” is an object by name.", field="settings")
    if unknown := sorted(set(map(str, given)) - set(known)):
        raise Invalid(f"There is no “{unknown[0][:60]}” among {part}; there is {', '.join(known)}.", field="settings")
    return {name: given[name] for name in known if name in given}


def _sides(category: str, sides: Any) -> dict[str, str]:
    if not isinstance(sides, Mapping) or not sides or set(sides) - set(SIDES):
        raise Invalid(f"Of “{category}” say the threshold of prompt, completion or both.", field="settings")
    return {side: _choice(sides[side], Threshold.values, category) for side in SIDES if side in sides}


def _choice(value: Any, known: list[str], name: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise Invalid(f"“{name}” is one of {', '.join(known)}.", field="settings")
    return value


def _blocklists(names: Any) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("Block lists are a list of names.", field="settings")
    stripped = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(stripped) > MOST_BLOCKLISTS or any(len(name) > LONGEST_BLOCKLIST_NAME for name in stripped):
        raise Invalid(f"At most {MOST_BLOCKLISTS} block lists, with names of at most {LONGEST_BLOCKLIST_NAME} characters.", field="settings")
    return stripped


def _other(rest: Any) -> dict[str, Any]:
    if not isinstance(rest, Mapping):
        raise Invalid("“other” is an object by name.", field="settings")
    if len(json.dumps(rest, ensure_ascii=False)) > LARGEST_OTHER:
        raise Invalid(f"The other settings have at most {LARGEST_OTHER:,} characters.", field="settings")
    return dict(rest)


def _require_storable(kept: Mapping[str, Any]) -> None:
    try:
        is_storable = _is_storable(kept)
    except RecursionError as error:
        raise Invalid("The settings are nested too deep.", field="settings") from error
    if not is_storable:
        raise Invalid("The settings hold a character or a number that can't be kept.", field="settings")


def _is_storable(value: Any) -> bool:
    """Whether PostgreSQL keeps it as JSON: every text whole and without NUL, every number finite."""
    if isinstance(value, str):
        return not UNSTORABLE.search(value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_is_storable(name) and _is_storable(inner) for name, inner in value.items())
    return not isinstance(value, list) or all(map(_is_storable, value))
