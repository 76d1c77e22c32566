"""Handing a stored file out: to be saved, never to be run as a page of the portal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from raiportal.errors import Unavailable
from raiportal.evidence import storage
from raiportal.evidence.models import Evidence

log = structlog.get_logger(__name__)
NO_SCRIPTS = "sandbox; default-src 'none'"
MISSING = "The file's content isn't where it was kept. Tell whoever operates the portal."


def answer_with(row: Evidence) -> StreamingHttpResponse:
    """The content of a file as a download. Raises Unavailable where it is gone from the disk."""
    assert row.file is not None
    place = storage.place_of(row.file.path)
    try:
        size = place.stat().st_size
    except OSError as problem:
        log.error("evidence_content_missing", file_id=row.file_id)
        raise Unavailable(MISSING) from problem
    charset = "; charset=utf-8" if row.media_type.startswith("text/") else ""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": NO_SCRIPTS,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Length": str(size),
        "Content-Disposition": str(content_disposition_header(True, row.file_name)),
    }
    return StreamingHttpResponse(_content(place), content_type=f"{row.media_type}{charset}", headers=headers)


def _content(place: Path) -> Iterator[bytes]:
    """The file, opened when somebody reads the first piece and closed after the last."""
    with place.open("rb") as stream:
        yield from storage.chunks(stream)
