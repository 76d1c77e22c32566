"""Reading JSON bodies: whatever can't be stored or would break the reader is unreadable, and says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

SURROGATE = re.compile("[\ud800-\udfff]")


class StrictJsonParser(JSONParser):
    """JSON that is nested within reason and holds whole characters only."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            whole = _is_whole(data)
        except (RecursionError, LookupError) as error:  # nested too deep; a charset that doesn't exist
            raise ParseError("The body can't be read: it is nested too deep, or its charset is unknown.") from error
        if not whole:
            raise ParseError("The body holds half of a surrogate pair, which is no character.")
        return data


def _is_whole(value: Any) -> bool:
    """Whether every text in it can be written as UTF-8."""
    if isinstance(value, str):
        return value.isascii() or not SURROGATE.search(value)
    if isinstance(value, Mapping):
        return all(_is_whole(name) and _is_whole(inner) for name, inner in value.items())
    return not isinstance(value, list) or all(map(_is_whole, value))
