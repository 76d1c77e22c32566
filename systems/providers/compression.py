"""Undoing the compression of an answer without letting it grow past a limit.

We ask for answers without compression; some gateways compress all the same, and a hostile one may send a few kilobytes
that unfold to gigabytes.
"""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB_WINDOW = 47  # 32 + 15: zlib finds out by itself which of the two it is
_RAW_DEFLATE_WINDOW = -15  # what some servers mean by "deflate", against RFC 9110
_KNOWN_ENCODINGS = frozenset({b"gzip", b"x-gzip", b"deflate"})


def decompressed(encoding: bytes, body: bytes, limit_bytes: int) -> tuple[bytes, bool]:
    """The body as it was before compression, and whether it was cut at `limit_bytes`.

    What is in another encoding, or broken, comes back as it is: it will not parse as JSON and is kept for people to see.
    """
    if encoding.strip().lower() not in _KNOWN_ENCODINGS:
        return body, False
    for window in (_GZIP_OR_ZLIB_WINDOW, _RAW_DEFLATE_WINDOW):
        try:
            unfolded = zlib.decompressobj(window).decompress(body, limit_bytes + 1)
        except zlib.error:
            continue
        return unfolded[:limit_bytes], len(unfolded) > limit_bytes
    return body, False
