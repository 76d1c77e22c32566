"""The contact sheet shows every page there is."""

from __future__ import annotations

from tests.browser import screenshots
from tests.project.access import DOORS

NO_PICTURE = {"healthz", "readyz", "settings", "run-progress", "harm-export", "upload-rejected", "api-schema"}  # answers to programs, files, redirects
NOT_IN_THE_SAMPLE = {"upload"}  # nothing waits for confirmation there


def test_every_page_is_photographed() -> None:
    pages = {door.name for door in DOORS if door.method == "GET" and not door.is_api} - NO_PICTURE - NOT_IN_THE_SAMPLE

    assert pages - set(screenshots.PAGES) - set(screenshots.SIGNED_OUT) == set()
