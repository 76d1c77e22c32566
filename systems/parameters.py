"""Parameters of a call that a configuration may fix: which there are, and which values are possible.

An allow-list, since whatever stands here is sent to the endpoint: model, messages and streaming are the portal's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from raiportal.errors import Invalid

LARGEST_SEED = 2**53 - 1  # every JSON reader keeps whole numbers up to here
MOST_TOKENS = 1_000_000  # above any model's longest answer
MOST_STOPS = 4  # the API's own limit
LONGEST_STOP = 200  # characters
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")

Check = Callable[[str, Any], Any]


def checked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in their one canonical form. Raises Invalid (field `parameters`) for an unknown name or an impossible value."""
    if not isinstance(parameters, Mapping):
        raise _refused("Parameters are names with values, as a JSON object.")
    unknown = sorted(str(name) for name in parameters if name not in CHECKS)
    if unknown:
        raise _refused(f"“{unknown[0][:40]}” can't be set. Parameters are {', '.join(CHECKS)}.")
    given = {name: CHECKS[name](name, value) for name, value in sorted(parameters.items()) if value is not None}
    if "max_tokens" in given and "max_completion_tokens" in given:
        raise _refused("Set max_tokens or max_completion_tokens, not both.")
    return given


def _refused(detail: str) -> Invalid:
    return Invalid(detail, field="parameters")


def _number(low: float, high: float) -> Check:
    def check(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
            raise _refused(f"{name} is a number from {low:g} to {high:g}.")
        return float(value) + 0.0  # one form for 1 and 1.0, and none for a negative zero

    return check


def _whole(low: int, high: int) -> Check:
    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _refused(f"{name} is a whole number from {low:,} to {high:,}.")
        return value

    return check


def _stops(name: str, value: Any) -> list[str]:
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not 1 <= len(stops) <= MOST_STOPS or not all(map(_is_stop, stops)):
        raise _refused(f"{name} is up to {MOST_STOPS} texts of at most {LONGEST_STOP} characters.")
    return stops


def _is_stop(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_STOP and "\0" not in value and _encodes(value)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _effort(name: str, value: Any) -> str:
    if value not in EFFORTS:
        raise _refused(f"{name} is one of {', '.join(EFFORTS)}.")
    return str(value)


CHECKS: dict[str, Check] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "max_tokens": _whole(1, MOST_TOKENS),
    "max_completion_tokens": _whole(1, MOST_TOKENS),
    "seed": _whole(-LARGEST_SEED, LARGEST_SEED),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "stop": _stops,
    "reasoning_effort": _effort,
}
