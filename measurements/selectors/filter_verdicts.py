"""What the provider's content filter said about an output, line by line, from annotations in the form of `systems.providers.filters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from measurements.models import Run
from measurements.models.runs import FLAGGED_PATH

SIDES = {"prompt": "Prompt", "completion": "Answer"}
CATEGORIES = {
    "hate": "Hate and fairness",
    "sexual": "Sexual",
    "violence": "Violence",
    "self_harm": "Self-harm",
    "jailbreak": "Jailbreak",
    "indirect_attack": "Indirect attack",
    "protected_material_text": "Protected text",
    "protected_material_code": "Protected code",
    "profanity": "Profanity",
    "custom_blocklists": "Custom blocklists",
}
SEVERITIES = ("safe", "low", "medium", "high")
MOST_READ = 2_000  # flagged outputs of a run; where there are more, categories are listed without counts

# Ids first, which the index of flagged outputs has: with their annotations at once, the planner takes a third of all outputs for flagged and walks them all.
_CATEGORIES = """
with flagged as materialized (
    select id, filters from output where id = any(array(
        select id from output where run_id = %(run)s and jsonb_path_exists(filters, (%(path)s)::jsonpath) order by id limit %(most)s
    ))
)
select category.key, count(distinct flagged.id), (select count(*) from flagged)
from flagged, jsonb_each(flagged.filters) side, jsonb_each(side.value) category
where jsonb_path_exists(category.value, '$ ? (@.filtered == true || @.detected == true || @.severity == "low"
    || @.severity == "medium" || @.severity == "high")')
group by category.key order by category.key
"""


@dataclass(frozen=True)
class FilterLine:
    """One verdict: `severity` is safe, low, medium, high, or "" where the provider gave none; `is_detected` None where it doesn't say."""

    side: str
    category: str
    severity: str
    is_detected: bool | None
    is_blocked: bool

    @property
    def label(self) -> str:
        return category_words(self.category)

    @property
    def is_flagged(self) -> bool:
        return self.is_blocked or self.is_detected is True or self.severity in SEVERITIES[1:]

    @property
    def gravity(self) -> tuple[bool, bool, int]:
        return self.is_blocked, self.is_flagged, SEVERITIES.index(self.severity) if self.severity in SEVERITIES else 0


def category_words(category: str) -> str:
    return CATEGORIES.get(category, category.replace("_", " ").capitalize())


def filter_lines(filters: Mapping[str, Any] | None) -> list[FilterLine]:
    """The gravest first; what blocked before what was only noted."""
    return sorted(_lines(filters or {}), key=lambda line: line.gravity, reverse=True)


def blocked_by(filters: Mapping[str, Any] | None) -> list[str]:
    """Names of the categories that blocked, each once."""
    return list(dict.fromkeys(line.label for line in filter_lines(filters) if line.is_blocked))


def _lines(filters: Mapping[str, Any]) -> Iterator[FilterLine]:
    for side, label in SIDES.items():
        categories = filters.get(side)
        for category, verdict in categories.items() if isinstance(categories, Mapping) else ():
            if isinstance(verdict, Mapping):
                severity = verdict.get("severity")
                yield FilterLine(label, str(category), severity if severity in SEVERITIES else "", verdict.get("detected"), verdict.get("filtered") is True)


def categories_of(run: Run) -> Sequence[tuple[str, int | None]]:
    """The categories that flagged anything in a run, with the outputs of each; None where counting all would be dear."""
    with connection.cursor() as cursor:
        cursor.execute(_CATEGORIES, {"run": run.pk, "path": FLAGGED_PATH, "most": MOST_READ})
        found = cursor.fetchall()
    return [(category, None if read >= MOST_READ else count) for category, count, read in found]
