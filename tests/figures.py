"""Figures that proofs leave behind: printed at the end of the session, whether or not what tests print is captured."""

from __future__ import annotations

from collections import Counter

told: list[str] = []
counted: Counter[str] = Counter()  # summed over the processes of the session


def tell(line: str) -> None:
    told.append(line)


def count(what: str, number: int = 1) -> None:
    counted[what] += number


def all_lines() -> list[str]:
    return [*told, *(f"{what}: {number:,}" for what, number in sorted(counted.items()))]
