"""Seals outside the database: one JSON line for each segment, so that whoever rewrites the whole ledger still has to rewrite this file too."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raiportal.audit.models import Segment

TAIL_BYTES = 65_536  # more than the longest line
BATCH = 1_000  # segments read at a time


def append(path: Path) -> int:
    """Write the segments that the file doesn't tell of yet, and wait for the disk. Returns how many. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another worker may be at it
        last, is_whole = _last(file)
        written = 0
        for segment in Segment.objects.filter(number__gt=last).order_by("number").iterator(BATCH):
            file.write(b"" if is_whole else b"\n")
            file.write(json.dumps(line(segment)).encode() + b"\n")
            is_whole = True
            written += 1
        file.flush()
        os.fsync(file.fileno())
    return written


def line(segment: Segment) -> dict[str, Any]:
    return {
        "segment": segment.number,
        "digest": segment.digest,
        "last_id": segment.last_id,
        "sealed_at": segment.sealed_at.isoformat(),
        "key_id": segment.key_id,
        "signature": segment.signature,
    }


def lines(path: Path) -> Iterator[str]:
    """The lines that the file has when the first is asked for; none where there is no file. Raises OSError."""
    if not path.exists():
        return
    with path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size
        for text in file:
            if left <= 0:
                return
            left -= len(text)
            yield text.decode("utf-8", "surrogateescape")


def _last(file: Any) -> tuple[int, bool]:
    """The number of the last segment that the file tells of, and whether the file ends with a whole line (a full disk may have cut it)."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read()
    for text in reversed(tail.splitlines()):
        try:
            return int(json.loads(text)["segment"]), tail.endswith(b"\n")
        except (ValueError, KeyError, TypeError):
            continue
    return 0, not tail or tail.endswith(b"\n")
