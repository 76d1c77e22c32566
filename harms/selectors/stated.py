"""What is said about harms as plain data: what a baseline keeps and a sign-off freezes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from harms.models import Harm, HarmUse, RiskPoint

WHOLE = ""  # the place of a score that is stated for the harm as a whole; others are codes of uses, "U-1"

Levels = dict[str, dict[str, list[int]]]  # by place, by kind of risk point: severity and frequency


def levels_by_place(harm_ids: Collection[int]) -> dict[int, Levels]:
    """By harm id, the newest levels of each kind in each place that counts: the harm as a whole, and its uses that aren't archived. Two queries."""
    found: dict[int, Levels] = {pk: {WHOLE: {}} for pk in harm_ids}
    codes: dict[tuple[int, int | None], str] = {(pk, None): WHOLE for pk in harm_ids}
    placed = HarmUse.objects.filter(harm__in=harm_ids, intended_use__archived_at=None).order_by("intended_use__number")
    for harm_id, use_id, number in placed.values_list("harm_id", "intended_use_id", "intended_use__number"):
        codes[harm_id, use_id] = f"U-{number}"
        found[harm_id][f"U-{number}"] = {}
    order = ("harm", "intended_use", "kind")
    for point in RiskPoint.objects.filter(harm__in=harm_ids).order_by(*order, "-pk").distinct(*order):
        place = codes.get((point.harm_id, point.intended_use_id))
        if place is not None:
            found[point.harm_id][place][point.kind] = [point.severity, point.frequency]
    return found


def merged_codes(harm_ids: Collection[int]) -> dict[int, list[str]]:
    """By harm id, the codes of those that were merged into it; one query."""
    found: dict[int, list[str]] = defaultdict(list)
    for pk, into in Harm.objects.filter(merged_into__in=harm_ids).order_by("pk").values_list("pk", "merged_into_id"):
        if into is not None:
            found[into].append(Harm(pk=pk).code)
    return found


def stated(harms: Sequence[Harm]) -> dict[int, dict[str, Any]]:
    """By id, the words of each harm, its treatment and its levels: everything that whoever accepts it relies on. A fixed number of queries.

    Harms come with their category and people.
    """
    levels, merged = levels_by_place([harm.pk for harm in harms]), merged_codes([harm.pk for harm in harms])
    return {harm.pk: {**_words(harm), "merged_here": merged.get(harm.pk, []), "levels": levels[harm.pk]} for harm in harms}


def _words(harm: Harm) -> dict[str, Any]:
    return {
        "code": harm.code,
        "title": harm.title,
        "description": harm.description,
        "category": harm.category.slug,
        "origin": harm.origin,
        "model_name": harm.model_name,
        "owner": harm.owner.username if harm.owner else None,
        "score": harm.priority,
        "severity": harm.severity,
        "frequency": harm.frequency,
        "treatment": harm.treatment,
        "treatment_words": harm.treatment_words,
        "treatment_owner": harm.treatment_owner.username if harm.treatment_owner else None,
        "treatment_due_on": harm.treatment_due_on,
        "reopened_count": harm.reopened_count,
        "merged_into": Harm(pk=harm.merged_into_id).code if harm.merged_into_id else None,
    }


def acceptance_snapshots(harms: Sequence[Harm]) -> dict[int, dict[str, Any]]:
    """By id, what is signed when what remains of a harm is accepted: its words, levels and treatment. Not its state, which the approval itself changes."""
    found = Harm.objects.filter(pk__in=[harm.pk for harm in harms]).select_related("category", "owner", "treatment_owner")
    return stated(list(found))


ACCEPTANCE_WORDS = {
    "code": "Code",
    "title": "Harm",
    "category": "Category",
    "origin": "Origin",
    "model_name": "Model",
    "owner": "Owner",
    "score": "Score",
    "treatment_words": "What is done",
    "treatment_owner": "Who treats it",
    "treatment_due_on": "Treated by",
    "reopened_count": "Times reopened",
    "merged_into": "Merged into",
    "merged_here": "Merged here",
    "levels": "Risk",
    WHOLE: "as a whole",
}
