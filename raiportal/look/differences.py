"""What changed between two texts: lines with the changed words marked, and what stayed folded away."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from raiportal.look.formats import number

Kind = Literal["same", "added", "removed"]
CONTEXT_LINES = 3  # unchanged lines left in sight on each side of a change
FOLD_FROM = 3  # a shorter stretch of unchanged lines is not worth a fold
MOST_MARKED_WORDS = 600  # of a line; comparing words takes the product of both counts
LEAST_ALIKE = 0.35  # below it two lines are different lines, and marks would only be noise
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Part:
    """A stretch of one line; `is_marked` where it differs from the line that it replaces or that replaces it."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Line:
    kind: Kind
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True)
class Block:
    """Lines that follow each other. A folded block holds only unchanged ones, away from every change."""

    lines: tuple[Line, ...]
    is_folded: bool = False


@dataclass(frozen=True)
class Difference:
    """Both texts as one list of lines. `added` and `removed` count lines."""

    blocks: tuple[Block, ...]
    added: int
    removed: int
    differs_only_in_line_ends: bool = False

    @property
    def is_same(self) -> bool:
        return not (self.added or self.removed or self.differs_only_in_line_ends)

    @property
    def words(self) -> str:
        if self.is_same:
            return "unchanged"
        if self.differs_only_in_line_ends:
            return "only line ends differ"
        counted = ((self.added, "added"), (self.removed, "removed"))
        said = [f"{number(count)} {'line' if count == 1 else 'lines'} {word}" for count, word in counted if count]
        return ", ".join(said)


def difference(before: str, after: str, *, context: int = CONTEXT_LINES) -> Difference:
    """Compare two texts line by line, and lines that became others word by word."""
    lines = list(_lines(before.splitlines(), after.splitlines()))
    added, removed = (sum(line.kind == kind for line in lines) for kind in ("added", "removed"))
    return Difference(tuple(_blocks(lines, context)), added, removed, not (added or removed) and before != after)


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            yield from (Line("same", (Part(text),)) for text in before[start:end])
        else:
            yield from _replaced(before[start:end], after[new_start:new_end])


def _replaced(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """Removed lines, then added ones; the n-th of each side are read as one line that changed."""
    pairs = [_marked(old, new) for old, new in zip_longest(before, after)]
    yield from (Line("removed", parts) for parts, _ in pairs if parts is not None)
    yield from (Line("added", parts) for _, parts in pairs if parts is not None)


def _marked(old: str | None, new: str | None) -> tuple[tuple[Part, ...] | None, tuple[Part, ...] | None]:
    if old is None or new is None:
        return (None if old is None else (Part(old),), None if new is None else (Part(new),))
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(before), len(after)) > MOST_MARKED_WORDS:
        return (Part(old),), (Part(new),)
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    if _alike(before, after, [word for tag, start, end, _, _ in changes if tag == "equal" for word in before[start:end]]) < LEAST_ALIKE:
        return (Part(old),), (Part(new),)
    return (
        _parts([("".join(before[start:end]), tag != "equal") for tag, start, end, _, _ in changes]),
        _parts([("".join(after[start:end]), tag != "equal") for tag, _, _, start, end in changes]),
    )


def _alike(before: Sequence[str], after: Sequence[str], shared: Sequence[str]) -> float:
    """How much of two lines is the same, 0 to 1, not counting the spaces."""
    whole = sum(not word.isspace() for words in (before, after) for word in words)
    return 2 * sum(not word.isspace() for word in shared) / max(whole, 1)


def _parts(stretches: Sequence[tuple[str, bool]]) -> tuple[Part, ...]:
    return tuple(Part(text, is_marked) for text, is_marked in stretches if text)


def _blocks(lines: Sequence[Line], context: int) -> Iterator[Block]:
    """Cut the list where unchanged lines are further than `context` from every change."""
    changed = [index for index, line in enumerate(lines) if line.kind != "same"]
    near = {place for index in changed for place in range(index - context, index + context + 1)}
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and (end in near) == (start in near):
            end += 1
        yield Block(tuple(lines[start:end]), start not in near and end - start >= FOLD_FROM)
        start = end
