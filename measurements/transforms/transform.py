"""What a transform is, and how it is drawn for one text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Family(StrEnum):
    """What a transform changes: how the text is written down, how well, or what is said around it."""

    ENCODING = "encoding"
    PERTURBATION = "perturbation"
    FRAMING = "framing"


@dataclass(frozen=True)
class Transform:
    """One way to say a text otherwise. `slug` is kept with every case made by it, so what a slug does never changes: a better one gets a new slug.

    `change` takes the text and a source of chance that hangs on seed, slug and text alone, so that the same set and seed give the same cases.
    """

    slug: str
    name: str
    family: Family
    description: str
    change: Callable[[str, Random], str]

    def apply(self, text: str, seed: int) -> str:
        """The transformed text; the text itself where there is nothing to change in it."""
        digest = hashlib.sha256(f"{seed}\0{self.slug}\0{text}".encode()).digest()
        return self.change(text, Random(digest))  # noqa: S311 (drawn again by the same seed, nothing secret)
