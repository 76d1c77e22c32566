"""Baselines of a register: what one keeps, and what differs between two, or between one and the register as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from harms.enums import HarmState, Origin, Treatment
from harms.models import Baseline, Harm
from harms.selectors.reference import current_scale
from harms.selectors.stated import WHOLE, stated
from raiportal.audit.ledger import as_kept
from systems.models import AISystem

LABELS = {
    "title": "Title",
    "description": "Description",
    "category": "Category",
    "origin": "Origin",
    "model_name": "Model",
    "owner": "Owner",
    "state": "State",
    "score": "Score",
    "treatment": "Treatment",
    "treatment_words": "What is done",
    "treatment_owner": "Who treats it",
    "treatment_due_on": "Treated by",
    "accepted_until": "Accepted until",
    "review_on": "Next review",
    "reopened_count": "Times reopened",
    "merged_here": "Merged here",
}
DIFFERENCE_COLUMNS = ("what", "code", "title", "field", "before", "after")
KEPT_COLUMNS = (
    *("code", "title", "description", "category", "origin", "model_name", "library_entry", "owner", "state", "score", "severity", "frequency"),
    *("treatment", "treatment_words", "treatment_owner", "treatment_due_on", "accepted_until", "review_on", "reopened_count", "merged_into", "levels"),
)


@dataclass(frozen=True)
class FieldChange:
    """One thing that is said otherwise; None where nothing was said."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class HarmDifference:
    """One harm that is new, gone, merged or changed between two states of a register."""

    what: str  # added | gone | merged | changed
    harm_id: int
    code: str
    title: str
    changes: tuple[FieldChange, ...] = ()
    into: str = ""

    @property
    def word(self) -> str:
        return {"added": "Added", "gone": "Gone", "merged": f"Merged into {self.into}", "changed": "Changed"}[self.what]


def baselines_of(system: AISystem) -> QuerySet[Baseline]:
    """Newest first, without what they keep."""
    return Baseline.objects.filter(system=system).select_related("made_by").defer("content").order_by("-number")  # type: ignore[no-any-return]


def content_of(system: AISystem) -> dict[str, Any]:
    """The register as it is now, as JSON gives it back: {"scale", "scale_version", "harms": [...]}, harms by id. A fixed number of queries."""
    harms = list(Harm.objects.filter(system=system).select_related("category", "owner", "treatment_owner").order_by("pk"))
    said, scale = stated(harms), current_scale()
    rows = [
        {
            "id": harm.pk,
            **said[harm.pk],
            "library_entry": harm.library_entry,
            "state": harm.state,
            "accepted_until": harm.accepted_until,
            "review_on": harm.review_on,
        }
        for harm in harms
    ]
    kept: dict[str, Any] = as_kept({"scale": str(scale), "scale_version": scale.version, "harms": rows})
    return kept


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[HarmDifference]:
    """What became of each harm between two states of one register: changes first by code. A pure function of their contents."""
    old, new = ({row["id"]: row for row in content["harms"]} for content in (before, after))
    return [found for pk in sorted(old.keys() | new.keys()) if (found := _between(pk, old.get(pk), new.get(pk)))]


def _between(pk: int, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> HarmDifference | None:
    row: Any = new or old
    if old is None:
        return HarmDifference("added", pk, row["code"], row["title"])
    if new is None:
        return HarmDifference("gone", pk, row["code"], row["title"])
    changes = tuple(_changes(old, new))
    if new["merged_into"] and not old["merged_into"]:
        return HarmDifference("merged", pk, row["code"], row["title"], changes, into=new["merged_into"])
    return HarmDifference("changed", pk, row["code"], row["title"], changes) if changes else None


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name, label in LABELS.items():
        if old.get(name) != new.get(name):
            yield FieldChange(label, _shown(name, old.get(name)), _shown(name, new.get(name)))
    for place in sorted(old["levels"].keys() | new["levels"].keys()):
        before, after = old["levels"].get(place, {}), new["levels"].get(place, {})
        where = f" in {place}" if place != WHOLE else ""
        if place not in old["levels"] or place not in new["levels"]:
            yield FieldChange(f"Intended use {place}", *(("in it" if place in side["levels"] else None) for side in (old, new)))
        for kind in sorted(before.keys() | after.keys()):
            if before.get(kind) != after.get(kind):
                yield FieldChange(f"{kind.capitalize()} risk{where}", _levels(before.get(kind)), _levels(after.get(kind)))


STATE_WORDS = {state.value: str(state.label) for state in HarmState}
WORDS: Mapping[str, Mapping[str, str]] = {
    "state": STATE_WORDS,
    "origin": {origin.value: str(origin.label) for origin in Origin},
    "treatment": {treatment.value: str(treatment.label) for treatment in Treatment},
}


def _shown(name: str, value: Any) -> str | None:
    if value in (None, "", []):
        return None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return WORDS.get(name, {}).get(str(value), str(value))


def _levels(levels: list[int] | None) -> str | None:
    return f"{levels[0] * levels[1]} (severity {levels[0]} × frequency {levels[1]})" if levels else None


def difference_rows(found: list[HarmDifference]) -> Iterator[dict[str, Any]]:
    """One row for each thing that differs, for a file."""
    for row in found:
        base = {"what": row.what, "code": row.code, "title": row.title, "field": None, "before": None, "after": row.into or None}
        if row.what != "changed":
            yield base
        yield from ({**base, "what": "changed", "field": one.label, "before": one.before, "after": one.after} for one in row.changes)


def kept_rows(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The harms that a baseline keeps, for a file; levels as "whole inherent 4x3; U-1 residual 2x2"."""
    for row in content["harms"]:
        yield {**{name: row.get(name) for name in KEPT_COLUMNS}, "levels": _levels_in_words(row["levels"])}


def _levels_in_words(levels: Mapping[str, Mapping[str, list[int]]]) -> str:
    return "; ".join(f"{place or 'whole'} {kind} {pair[0]}x{pair[1]}" for place, kinds in levels.items() for kind, pair in kinds.items())
