"""Bringing the catalogue's kinds of review into rows that reviewers' roles refer to. What changed stands in the ledger as a change of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from raiportal import clocks
from raiportal.accounts.models import ReviewKind, User


def apply_review_kinds(entries: Sequence[Any], actor: User) -> int:
    """Make or change the kinds that these catalogue entries say; one that is ended can't be given any more. Returns how many were made or changed."""
    today = clocks.now().date()
    before = {kind.slug: kind for kind in ReviewKind.objects.select_for_update()}
    wanted = [
        ReviewKind(
            slug=entry.slug,
            name=entry.title,
            description=entry.body["description"][:400],
            position=entry.position,
            is_active=entry.valid_to is None or entry.valid_to > today,
        )
        for entry in entries
    ]
    differing = [kind for kind in wanted if _said(before.get(kind.slug)) != _said(kind)]
    for kind in differing:
        kind.save(force_insert=kind.slug not in before, force_update=kind.slug in before)
    return len(differing)


def _said(kind: ReviewKind | None) -> tuple[Any, ...] | None:
    return None if kind is None else (kind.name, kind.description, kind.position, kind.is_active)
