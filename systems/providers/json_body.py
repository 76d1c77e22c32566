"""A body from outside, read strictly and kept whole.

Bodies are JSON in the strict sense: what a strict reader refuses (NaN, another charset, rubbish after the end) is not
JSON here. Three things pass all the same, since the text in them can be read and nothing is lost: a byte order mark, half of
a surrogate pair, which a model leaves when it is cut off within an emoji, and numbers too large for any machine. Of a
repeated key the last value counts, as it does for the applications that read the same answer.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

from systems.providers.storable import decoded

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TINY_NUMBER = re.compile(rb"[eE]-[0-9]{4}")
_LONG_NUMBER = re.compile(rb"[0-9]{10000}")  # PostgreSQL keeps 16,383 digits after the point
_LONG_NUMBER_BYTES = 10_000
_READ_DIGITS = 300  # of a whole number; longer ones take Python long to read, or are refused by it
_DEPTH_LIMIT_LEVELS = 200  # Python's own reader, which reads jsonb back, gives up near 1,000


def parse(content: bytes) -> tuple[Any, str]:
    """The value that `content` holds, None if it is not JSON, and `content` as text that casts to jsonb.

    The text is a JSON object byte for byte, or, where the content is no object or can't be stored as it came, a JSON
    string that holds it, escaped as in `storable`; empty for no content.
    """
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _leniently_parsed(content), _as_string(content)
    if isinstance(data, dict) and not _is_beyond_jsonb(content) and not _is_deep(data, content):
        return data, content.decode("utf-8")
    return data, _as_string(content)


def _leniently_parsed(content: bytes) -> Any:
    try:
        return json.loads(content.removeprefix(_BYTE_ORDER_MARK).decode("utf-8"), parse_int=_whole_number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _whole_number(digits: str) -> float:
    return int(digits) if len(digits) <= _READ_DIGITS else math.inf


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _is_beyond_jsonb(content: bytes) -> bool:
    """Whether a JSON text may hold what jsonb can't: U+0000, or numbers outside of PostgreSQL's numeric."""
    if b"\\u0000" in content:
        return True
    if (b"e-" in content or b"E-" in content) and _TINY_NUMBER.search(content):
        return True
    return len(content) > _LONG_NUMBER_BYTES and _LONG_NUMBER.search(content) is not None


def _is_deep(data: Any, content: bytes) -> bool:
    """Whether values are nested deeper than the limit; counting brackets spares nearly every body the walk."""
    if content.count(b"{") + content.count(b"[") <= _DEPTH_LIMIT_LEVELS:
        return False
    level = [data]
    for _ in range(_DEPTH_LIMIT_LEVELS):
        inside = (child for value in level for child in (value.values() if isinstance(value, dict) else value))
        level = [child for child in inside if isinstance(child, dict | list)]
    return bool(level)


def _as_string(content: bytes) -> str:
    return orjson.dumps(decoded(content)).decode("utf-8") if content else ""
