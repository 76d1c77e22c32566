"""The harms of a system by what a file calls them: code (H-07), id or title."""

from __future__ import annotations

import re
from functools import cache, cached_property

from harms.models import Harm

NUMBERED = re.compile(r"(?:H-)?0*([1-9]\d{0,17})\Z", re.IGNORECASE | re.ASCII)


class HarmNames:
    """Looks harms of one system up; its harms are read once, when the first name is asked for."""

    def __init__(self, system_id: int) -> None:
        self._system_id = system_id
        self.find = cache(self._find)

    def _find(self, name: str) -> int | None:
        """The harm's id, or None when the name fits none, or more than one title."""
        numbered = NUMBERED.match(name)
        if numbered and int(numbered[1]) in self._titles:
            return int(numbered[1])
        found = self._by_title.get(name.casefold(), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def _titles(self) -> dict[int, str]:
        return dict(Harm.objects.filter(system_id=self._system_id).values_list("pk", "title"))

    @cached_property
    def _by_title(self) -> dict[str, list[int]]:
        by_title: dict[str, list[int]] = {}
        for pk, title in self._titles.items():
            by_title.setdefault(title.strip().casefold(), []).append(pk)
        return by_title
