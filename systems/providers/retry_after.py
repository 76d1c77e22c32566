"""How long an endpoint asks to be left alone, from its headers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
_MILLISECONDS_PER_SECOND = 1000


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, else `retry-after` as seconds or as an HTTP date, in seconds; not capped.

    None where nothing is asked for, or nothing that can be understood: negative, in the past, or rubbish. A date counts
    from the endpoint's own clock where it tells it, since ours may be minutes apart.
    """
    milliseconds = _decimal(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / _MILLISECONDS_PER_SECOND
    asked = headers.get("retry-after", "")
    seconds = _decimal(asked)
    return seconds if seconds is not None else _seconds_until(asked, headers.get("date", ""))


def _decimal(text: str) -> float | None:
    return float(text) if _DECIMAL.fullmatch(text.strip()) else None


def _seconds_until(moment: str, endpoint_now: str) -> float | None:
    until, now = _moment(moment), _moment(endpoint_now)
    if until is None:
        return None
    wait = until.timestamp() - (now.timestamp() if now else time.time())
    return wait if wait > 0 else None


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError, IndexError):
        return None
