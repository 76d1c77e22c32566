"""What a catalogue is: what its entries say, where their shipped text lies, and what is made of them elsewhere.

From the fields of a kind come the check of what is loaded or typed, the form on which an entry is edited, and its display.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from raiportal.accounts.models import User
from raiportal.errors import Invalid
from raiportal.registry import Registry

LONGEST_TEXT = 4_000  # characters of one field; facts and questions, not essays
REFERENCE = ":"  # between catalogue and entry, as in "hax-guidelines:g10"
Shape = Literal["text", "long", "choice", "list", "references", "number", "yes_no", "date", "rows"]


@dataclass(frozen=True)
class Field:
    """One thing that entries of a kind say. A list holds texts; references hold "catalogue:entry"; rows hold texts by the names in `columns`."""

    name: str
    label: str
    shape: Shape = "text"
    is_required: bool = False
    choices: Sequence[str] = ()  # of a choice, or of a list that takes only these
    columns: Sequence[str] = ()
    hint: str = ""

    def checked(self, value: Any) -> Any:
        """The value in this field's shape; None or empty where there is none. Raises Invalid on the field in words."""
        if value in (None, "", [], {}):
            if self.is_required:
                raise self._invalid("has to be filled in")
            return None
        value = _CHECKS[self.shape](self, value)
        unknown = [text for text in (value if isinstance(value, list) else [value]) if self.choices and text not in self.choices]
        if unknown:
            raise self._invalid(f"knows no “{str(unknown[0])[:60]}”: there is {', '.join(self.choices)}")
        return value

    def _invalid(self, words: str) -> Invalid:
        return Invalid(f"“{self.label}” {words}.", field=self.name)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise self._invalid(f"takes a text of at most {LONGEST_TEXT:,} characters")
        return value.strip()

    def _number(self, value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._invalid("takes a number")
        return value

    def _yes_no(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._invalid("takes yes or no")
        return value

    def _date(self, value: Any) -> str:
        try:
            return datetime.date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise self._invalid("takes a date, as in 2026-08-02") from None

    def _list(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise self._invalid("takes a list")
        return [self._text(text) for text in value]

    def _references(self, value: Any) -> list[str]:
        named = self._list(value)
        malformed = [text for text in named if text.count(REFERENCE) != 1]
        if malformed:
            raise self._invalid(f"takes references such as hax-guidelines:g10, not “{malformed[0][:60]}”")
        return named

    def _rows(self, value: Any) -> list[dict[str, str]]:
        if not isinstance(value, list) or any(not isinstance(row, dict) or set(row) - set(self.columns) for row in value):
            raise self._invalid(f"takes rows of {', '.join(self.columns)}")
        return [{name: self._text(str(row.get(name) if row.get(name) is not None else "")) for name in self.columns} for row in value]


_CHECKS: Mapping[str, Callable[[Field, Any], Any]] = {
    "text": Field._text,
    "long": Field._text,
    "choice": Field._text,
    "list": Field._list,
    "references": Field._references,
    "number": Field._number,
    "yes_no": Field._yes_no,
    "date": Field._date,
    "rows": Field._rows,
}


@dataclass(frozen=True)
class CatalogueKind:
    """One catalogue. `apply` brings its current entries into rows of an app that refers to them, and returns how many of those it changed."""

    slug: str
    title: str
    purpose: str
    file: Path
    fields: Sequence[Field]
    apply: Callable[[Sequence[Any], User], int] | None = None
    is_advice: bool = False  # law and standards: the pages say that the portal gives no legal advice
    order: int = 0

    def checked(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with just what entries of this kind say, empty things left out. Raises Invalid naming the field."""
        unknown = sorted(set(body) - {field.name for field in self.fields})
        if unknown:
            raise Invalid(f"Entries of “{self.title}” have no field “{unknown[0][:60]}”.", field=unknown[0])
        checked = {field.name: field.checked(body.get(field.name)) for field in self.fields}
        return {name: value for name, value in checked.items() if value is not None}


catalogues: Registry[CatalogueKind] = Registry(CatalogueKind)
