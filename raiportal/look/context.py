"""What `base.html` draws around a page, worked out only when a template asks for it: fragments never pay for the rail."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest

from raiportal.look.navigation import Link, StageLink, SwitcherEntry, everywhere, stages, switcher

SWITCHER_MOST = 12  # systems listed in the switcher; the list page has the rest


class Shell:
    """The rail for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def everywhere(self, section: str) -> list[Link]:
        return everywhere(self._request, section)

    def stages(self, system: Any, section: str) -> list[StageLink]:
        return stages(self._request, system, section)

    @cached_property
    def systems(self) -> list[SwitcherEntry]:
        registered = switcher()
        return list(registered.entries(self._request.user, SWITCHER_MOST)) if registered else []

    @property
    def all_systems_url_name(self) -> str:
        registered = switcher()
        return registered.all_url_name if registered else ""


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor. Views add `system` (the AI system that the page belongs to) and `section` (a navigation entry's slug)."""
    return {"shell": Shell(request)}
