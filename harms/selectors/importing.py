"""What a file of harms would bring to a register: each row is a new harm, a duplicate, or rejected with a reason."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.core.validators import slug_re
from django.db.models import Q
from django.db.models.functions import Lower

from harms.enums import HarmState, Origin
from harms.imports import STATE, FileContent, FileRow, shown
from harms.models import HIGHEST_LEVEL, Harm, HarmCategory
from raiportal.accounts.models import User
from raiportal.checks import is_storable
from systems import selectors as system_selectors
from systems.models import AISystem, IntendedUse

LONGEST_TITLE = 160
LONGEST_ENTRY = 80
REJECTED_LISTED = 10_000
USE = re.compile(r"\s*(U-\d{1,9})\s*(?:=\s*([1-5])\s*[x×]\s*([1-5]))?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class NewHarm:
    """A row that can come in. `levels` is the inherent risk of the harm as a whole; each use may bring one of its own."""

    row: int
    title: str
    description: str
    category: HarmCategory
    origin: str
    owner: User | None
    uses: tuple[tuple[IntendedUse, tuple[int, int] | None], ...]
    levels: tuple[int, int] | None
    rationale: str
    library_entry: str


@dataclass(frozen=True)
class Reported:
    """One row of the report: a reason, or the title that is there already."""

    row: int
    words: str


@dataclass(frozen=True)
class Reading:
    """A whole file against the register. `duplicates` are rows whose title the system or the file has already."""

    fresh: list[NewHarm]
    duplicates: list[Reported]
    rejected: list[Reported]
    ignored: list[str]
    notes: tuple[str, ...] = ()  # what becomes of what a file says otherwise than it comes in

    def as_json(self) -> dict[str, Any]:
        """Kept with an upload and shown before it is confirmed."""
        return {
            "accepted": len(self.fresh),
            "duplicates": len(self.duplicates),
            "duplicate_rows": [{"row": one.row, "title": one.words} for one in self.duplicates[:REJECTED_LISTED]],
            "rejected_count": len(self.rejected),
            "rejected": [{"row": one.row, "reason": one.words} for one in self.rejected[:REJECTED_LISTED]],
            "ignored_columns": self.ignored[:100],
            "notes": list(self.notes),
            "sample": [{"row": harm.row, "title": harm.title, "category": harm.category.name, "origin": harm.origin} for harm in self.fresh[:20]],
        }


def read_against(system: AISystem, content: FileContent) -> Reading:
    """Every row of a file against the system's register as it is now; a fixed number of queries."""
    known = _Known(system, _owners_named(content))
    taken = {_folded(title) for title in Harm.objects.filter(system=system).values_list("title", flat=True).iterator()}
    fresh: list[NewHarm] = []
    duplicates: list[Reported] = []
    rejected: list[Reported] = []
    for row in content.rows:
        try:
            harm = known.harm(row)
        except ValueError as error:
            rejected.append(Reported(row.number, str(error)))
            continue
        if _folded(harm.title) in taken:
            duplicates.append(Reported(row.number, harm.title))
        else:
            taken.add(_folded(harm.title))
            fresh.append(harm)
    return Reading(fresh, duplicates, rejected, content.ignored, _notes(content, {harm.row for harm in fresh}))


def _notes(content: FileContent, fresh: set[int]) -> tuple[str, ...]:
    """What is said of new harms that the file calls accepted: nobody has signed that here."""
    count = sum(row.number in fresh and row.cells.get(STATE, "").strip().casefold() == HarmState.ACCEPTED for row in content.rows)
    if not count:
        return ()
    which = "1 harm is accepted by the file and comes" if count == 1 else f"{count:,} harms are accepted by the file and come"
    return (f"{which} in as assessed, or proposed without a score: what remains of a risk is accepted here by signing it off.",)


def _owners_named(content: FileContent) -> set[str]:
    """Every owner that a row names, in small letters."""
    said = {row.cells.get("owner", "").strip() for row in content.rows}
    return {name for text in said for name in (text.lower(), text.casefold()) if name}


def _people_called(names: set[str]) -> list[User]:
    """Those of the people to choose whose sign-in name or e-mail address is among the names; the others, however many, are not read."""
    names = {name for name in names if is_storable(name)}
    if not names:
        return []
    people = system_selectors.people_to_choose().annotate(email_key=Lower("email"))
    return list(people.filter(Q(username__in=names) | Q(email_key__in=names)))


def _folded(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


class _Known:
    """What rows may name, read once."""

    def __init__(self, system: AISystem, owners: set[str]) -> None:
        self.system = system
        self.categories = {name.casefold(): category for category in HarmCategory.objects.all() for name in (category.name, category.slug)}
        self.origins = {name.casefold(): str(value) for value, label in Origin.choices for name in (value, str(label))}
        people = _people_called(owners)
        self.people = {person.email.casefold(): person for person in people if person.email} | {person.username: person for person in people}
        self.uses = {use.code: use for use in IntendedUse.objects.filter(system=system, archived_at=None)}

    def harm(self, row: FileRow) -> NewHarm:
        """The row as a harm. Raises ValueError with the reason why it is none."""
        if "" in row.cells:
            raise ValueError(f"{row.cells[''].capitalize()}.")
        said = {name: value.strip() for name, value in row.cells.items()}
        if said.get("system") and said["system"].casefold() not in (self.system.slug, self.system.name.casefold()):
            raise ValueError(f"It belongs to another system, {_shown(said['system'])}.")
        levels = _levels(said.get("inherent_severity", ""), said.get("inherent_frequency", ""))
        return NewHarm(
            row=row.number,
            title=_title(said.get("title", "")),
            description=_plain_text(said.get("description", ""), "description"),
            category=self._named(self.categories, said.get("category", ""), "category"),
            origin=self._named(self.origins, said.get("origin", ""), "origin"),
            owner=self._named(self.people, said["owner"], "owner") if said.get("owner") else None,
            uses=self._uses(said.get("uses", "")),
            levels=levels,
            rationale=_plain_text(said.get("rationale", ""), "rationale"),
            library_entry=_entry(said.get("library_entry", "")),
        )

    def _named(self, offered: dict[str, Any], name: str, column: str) -> Any:
        if not name:
            raise ValueError(f"The {column} is missing.")
        if name.casefold() not in offered:
            hint = {"origin": " It is model, application or scenario.", "owner": " Give a user name or an e-mail address."}.get(column, "")
            raise ValueError(f"There is no {column} {_shown(name)}.{hint}")
        return offered[name.casefold()]

    def _uses(self, cell: str) -> tuple[tuple[IntendedUse, tuple[int, int] | None], ...]:
        found: dict[str, tuple[IntendedUse, tuple[int, int] | None]] = {}
        for part in filter(str.strip, cell.split(";")):
            match = USE.fullmatch(part)
            use = self.uses.get(match[1].upper()) if match else None
            if match is None or use is None:
                raise ValueError(f"There is no intended use {_shown(part.strip())} in this system. Write codes such as U-1; U-2=4x3.")
            found[use.code] = (use, (int(match[2]), int(match[3])) if match[2] else None)
        return tuple(found.values())


def _title(text: str) -> str:
    if not text:
        raise ValueError("The title is missing.")
    if len(text) > LONGEST_TITLE:
        raise ValueError(f"The title has {len(text):,} characters; {LONGEST_TITLE} fit.")
    return _plain_text(text, "title")


def _plain_text(text: str, column: str) -> str:
    if any((unicodedata.category(character) == "Cc" and character not in "\t\n\r") or unicodedata.category(character) == "Cs" for character in text):
        raise ValueError(f"The {column} holds control characters.")
    return text


def _levels(severity: str, frequency: str) -> tuple[int, int] | None:
    if not severity and not frequency:
        return None
    for column, text in (("severity", severity), ("frequency", frequency)):
        if text not in {str(level) for level in range(1, HIGHEST_LEVEL + 1)}:
            raise ValueError(f"The inherent {column} is a level from 1 to {HIGHEST_LEVEL}" + (f", not {_shown(text)}." if text else ", and is missing."))
    return int(severity), int(frequency)


def _entry(text: str) -> str:
    if text and (len(text) > LONGEST_ENTRY or not slug_re.match(text)):
        raise ValueError(f"{_shown(text)} is no entry of the harm library.")
    return text


def _shown(text: str) -> str:
    return f"“{shown(text)}”"
