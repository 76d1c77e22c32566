"""Candidates for harms as lists and files read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import QuerySet

from harms.enums import CandidateState
from harms.models import Candidate, Harm
from raiportal.keyset import Sort
from systems.models import AISystem

CANDIDATE_SORTS = {"id": Sort("pk"), "title": Sort("title"), "source": Sort("source"), "state": Sort("state")}
CANDIDATE_COLUMNS = ("code", "title", "summary", "source", "state", "harm", "decided_why", "decided_by", "decided_at", "created_by", "created_at")
ROWS_AT_ONCE = 1_000


def candidates_of(system: AISystem) -> QuerySet[Candidate]:
    return Candidate.objects.filter(system=system).select_related("harm", "created_by", "decided_by")  # type: ignore[no-any-return]


def candidate_from(system: AISystem, subject: models.Model) -> Candidate | None:
    """The one that an object of the system gave, if it did."""
    return Candidate.objects.filter(system=system, subject_kind=subject._meta.label_lower, subject_id=subject.pk).first()  # type: ignore[no-any-return]


def instances_of(harm: Harm, most: int) -> list[Candidate]:
    """What was linked to a harm or became it, newest first."""
    return list(Candidate.objects.filter(harm=harm).order_by("-decided_at", "-pk")[:most])


def waiting_counts(systems: Any) -> QuerySet[Any]:
    return Candidate.objects.filter(system__in=systems, state=CandidateState.WAITING)  # type: ignore[no-any-return]


def exported_candidates(rows: QuerySet[Candidate]) -> Iterator[dict[str, Any]]:
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield {
            **{name: getattr(row, name) for name in CANDIDATE_COLUMNS},
            "harm": row.harm.code if row.harm else None,
            "decided_by": row.decided_by.username if row.decided_by else None,
            "created_by": row.created_by.username,
        }
