"""One JSON document of any length, read piece by piece: the elements of the lists that are asked for come one at a time.

Everything else is read whole where it is small and passed over where it is not, so that memory holds one element and no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from measurements.imports.cases import Limits, RowFaultError
from measurements.imports.formats import DECODER
from raiportal.errors import Invalid

OUTSIDE = re.compile(r'["{}\[\],]')
INSIDE = re.compile(r'["\\]')
SPACE = re.compile(r"[ \t\r\n]*")
OPENING, CLOSING = "{[", "}]"

MOST_BEHIND = 64 * 1024  # characters already read that are kept

Path = tuple[str, ...]

MEMBERS: frozenset[Path] = frozenset({("", "")})  # no list to follow: every member of the document's object, whole


class Found(NamedTuple):
    """A value of the document: where it stands, the line it starts on, and why it can't be read if so. `is_element`: of a list asked for."""

    path: Path
    line: int
    value: object
    fault: str = ""
    is_element: bool = False


def read_document(pieces: Iterator[str], lists: frozenset[Path], limits: Limits) -> Iterator[Found]:
    """Elements of the `lists`, and the other values beside and above them, in the document's order. Raises Invalid where it is no JSON document."""
    document = _Document(pieces, lists, limits)
    yield from document.values(())
    document.require_end()


class _Document:
    def __init__(self, pieces: Iterator[str], lists: frozenset[Path], limits: Limits) -> None:
        self._pieces = pieces
        self._lists = lists
        self._longest = limits.max_record_bytes
        self._text, self._at, self._line = "", 0, 1

    def values(self, path: Path) -> Iterator[Found]:
        opening = self._next()
        if opening == "[" and path in self._lists:
            yield from self._elements(path)
        elif opening == "{" and any(len(wanted) > len(path) and wanted[: len(path)] == path for wanted in self._lists):
            yield from self._members(path)
        else:
            yield self._value(path)

    def require_end(self) -> None:
        if self._next():
            self._refuse("something follows the end of the document")

    def _elements(self, path: Path) -> Iterator[Found]:
        self._step("[")
        while self._next() != "]":
            yield self._value(path, is_element=True)
            if self._next() != "]":
                self._step(",")
        self._step("]")

    def _members(self, path: Path) -> Iterator[Found]:
        self._step("{")
        while self._next() != "}":
            if self._next() != '"':
                self._refuse("a name in quotes is missing")
            name = self._value(path)
            if name.fault:
                self._refuse(name.fault)
            self._step(":")
            yield from self.values((*path, str(name.value)))
            if self._next() != "}":
                self._step(",")
        self._step("}")

    def _value(self, path: Path, *, is_element: bool = False) -> Found:
        """Read one value whole. One that is too long or no JSON is passed over with the reason, as far as its brackets can be followed."""
        if not self._next():
            self._refuse("the document ends too early")
        if self._at > MOST_BEHIND:  # the decoder counts lines from the beginning for every error that it finds
            self._text, self._at = self._text[self._at :], 0
        line, fault = self._line, f"The entry is longer than {self._longest:,} characters."
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or not self._more():  # a number at the end of what is read may go on
                    self._pass(end)
                    return Found(path, line, value, is_element=is_element)
                continue
            except json.JSONDecodeError as error:
                if len(self._text) - self._at < self._longest:
                    if self._more():
                        continue
                    fault = f"This is not valid JSON: {error.msg}."
            except RecursionError:
                fault = "This JSON is nested too deeply."
            except RowFaultError as refused:
                fault = str(refused)
            self._skip()
            return Found(path, line, None, fault, is_element)

    def _skip(self) -> None:
        depth, is_text = 0, False
        while True:
            found = (INSIDE if is_text else OUTSIDE).search(self._text, self._at)
            if found is None:
                self._pass(len(self._text))
                if not self._more():
                    self._refuse("the document ends too early")
                continue
            sign = found[0]
            if depth == 0 and not is_text and (sign == "," or sign in CLOSING):
                self._pass(found.start())
                return
            self._pass(found.end())
            if sign == "\\":
                if self._at == len(self._text):
                    self._more()
                self._pass(min(self._at + 1, len(self._text)))
            elif sign == '"':
                is_text = not is_text
            else:
                depth += (sign in OPENING) - (sign in CLOSING)

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = SPACE.match(self._text, self._at)
            self._pass(found.end() if found else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _step(self, expected: str) -> None:
        if self._next() != expected:
            self._refuse(f"“{expected}” is missing")
        self._pass(self._at + 1)

    def _pass(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Read on: as much again as is waiting, so that a long value is tried only a few times."""
        waiting = self._text[self._at :]
        pieces, length = [waiting], 0
        while length <= len(waiting) and (piece := next(self._pieces, "")):
            pieces.append(piece)
            length += len(piece)
        self._text, self._at = "".join(pieces), 0
        return length > 0

    def _refuse(self, why: str) -> NoReturn:
        raise Invalid(f"This is not a valid JSON document (line {self._line:,}): {why.rstrip('.')}.", field="file")
