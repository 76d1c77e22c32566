"""What is signed, as plain JSON with its digest, and what changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raiportal.audit.ledger import as_kept
from raiportal.evidence import selectors as evidence
from raiportal.signoffs.kinds import SignOffKind


@dataclass(frozen=True)
class Change:
    """One value that differs; None where there is none on that side."""

    label: str
    before: str | None
    after: str | None


def contents_of(kind: SignOffKind, subjects: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """By id {"subject", "evidence"}, as the database would give it back. A fixed number of queries."""
    if not subjects:
        return {}
    shown = kind.snapshot(subjects)
    attached = evidence.digests_of(kind.subject_kind, [subject.pk for subject in subjects])
    return {subject.pk: as_kept({"subject": shown[subject.pk], "evidence": attached[subject.pk]}) for subject in subjects}


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content as canonical JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any], words: Mapping[str, str]) -> list[Change]:
    """What differs, value by value, in the order of the labels."""
    old, new = dict(_values(before)), dict(_values(after))
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    return [Change(label_of(path, words), old.get(path), new.get(path)) for path in paths]


def values_of(content: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Every value with its label, in the order in which the snapshot has them."""
    return [(label_of(path, words), value) for path, value in _values(content)]


@dataclass(frozen=True)
class Part:
    """One field of what is signed, with every value in it."""

    label: str
    lines: Sequence[tuple[str, str]]


def parts_of(content: Mapping[str, Any], words: Mapping[str, str]) -> list[Part]:
    """The snapshot to be read: its fields in their order, empty values left out. Values of a field by itself have no label."""
    fields = {("subject", name): value for name, value in content["subject"].items()} | {("evidence",): content["evidence"]}
    found = []
    for path, value in fields.items():
        lines = [(label_of(inner, words), shown) for inner, shown in _values(value) if shown]
        if lines:
            found.append(Part(label_of(path, words), lines))
    return found


def label_of(path: tuple[str, ...], words: Mapping[str, str]) -> str:
    """The words of a field and where in it: ("subject", "impacts", "2") is "Impacts 3"."""
    inner = path[1:] if path[:1] == ("subject",) else path
    said = [str(int(part) + 1) if part.isdigit() else words.get(part, part.replace("_", " ")) for part in inner]
    text = " ".join(said)
    return text[:1].upper() + text[1:]


def _values(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _values(inner, (*path, str(name)))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _values(inner, (*path, str(place)))
    else:
        yield path, "" if value is None else str(value)
