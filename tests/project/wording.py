"""What the texts of a world say."""

from __future__ import annotations

from collections.abc import Callable

Words = Callable[[str], str]  # what a field says: from its name to its text


def plainly(field: str) -> str:
    return f"Something about the {field}."


def elsewhere(field: str) -> str:
    return f"Something about the {field} elsewhere."
