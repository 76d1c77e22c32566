"""Text from outside in a form that PostgreSQL stores, without loss.

PostgreSQL's text and jsonb hold neither U+0000 nor lone surrogates. Each such character is written as U+241B
(SYMBOL FOR ESCAPE) followed by four hexadecimal digits, and U+241B itself likewise, so that `restored` gives back exactly
what came. Text without these characters, which is nearly all text, stays as it is.
"""

from __future__ import annotations

import re

ESCAPE = "\u241b"
_UNSTORABLE = re.compile("[\x00\u241b\ud800-\udfff]")
_ESCAPED = re.compile("\u241b([0-9a-f]{4})")


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates escaped; the inverse is `restored`."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", text)


def restored(text: str) -> str:
    """What `storable` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def decoded(raw: bytes) -> str:
    """Bytes from outside as storable text: UTF-8, with each byte that is not written as the surrogate U+DC80 + (byte - 128), escaped."""
    return storable(raw.decode("utf-8", "surrogateescape"))
