"""Expressions matched in linear time, whatever the text: RE2, on UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

MEMORY_BYTES = 64 * 1024 * 1024  # of one expression; RE2 only falls back to a slower way, linear too, when that is short
BEFORE, AFTER = 40, 8  # bytes around a candidate that a detector may look at

# Other ways of writing what the expressions spell in ASCII: spaces that don't break, dashes, curly apostrophes, wide figures and signs, and the two
# letters that RE2 takes for an ASCII one where case is ignored: the sign for Kelvin and the long s.
_PLAIN = str.maketrans(
    "\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2212\u2018\u2019\u02bc\uff20\uff0b\uff0e\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\u212a\u017f",
    "    -----'''@+.0123456789Ks",
)


def compiled(pattern: str) -> Any:
    """An expression of our own, with the case of letters ignored."""
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY_BYTES
    return re2.compile(pattern, options)


def plain_bytes(text: str) -> bytes:
    """The text as the expressions take it."""
    return text.translate(_PLAIN).encode("utf-8", "replace")


class Candidate:
    """A stretch of a text that may be what a detector looks for, with what stands around it."""

    __slots__ = ("end", "start", "text")

    def __init__(self, text: bytes, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end

    def __str__(self) -> str:
        return self.text[self.start : self.end].decode("utf-8", "replace")

    @property
    def before(self) -> str:
        return self.text[max(0, self.start - BEFORE) : self.start].decode("utf-8", "replace")

    @property
    def after(self) -> str:
        return self.text[self.end : self.end + AFTER].decode("utf-8", "replace")

    @property
    def stands_alone(self) -> bool:
        """Whether it is no piece of a longer word or number: nothing joined to it by a letter, a figure, or a sign with one behind it."""
        before, after = self.before[-2:], self.after[:2]
        if before and (before[-1].isalnum() or before[-1] in "_#@"):
            return False
        if after and (after[0].isalnum() or after[0] in "_@"):
            return False
        return not (_joins(before[::-1], "-./+") or _joins(after, "-/+") or _joins_figures(before[::-1], ":") or _joins_figures(after, ".:"))


def candidates(expression: Any, text: bytes) -> Iterator[Candidate]:
    """Where the expression matches, from the left, none overlapping."""
    for found in expression.finditer(text):
        yield Candidate(text, found.start(), found.end())


def digits(written: str) -> str:
    return "".join(character for character in written if "0" <= character <= "9")


def _joins_figures(pair: str, signs: str) -> bool:
    return _joins(pair, signs) and pair[1].isdigit()


def _joins(pair: str, signs: str) -> bool:
    """Whether the first of two characters joins the second to the candidate."""
    return len(pair) == 2 and pair[0] in signs and pair[1].isalnum()  # a pair
