"""Which version another is shown beside."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404

MOST_DIGITS = 9  # of a version's number in an address


def compared_with(versions: QuerySet[Any], number: int, against: str | None) -> Any | None:
    """The version that `against` numbers, or the one just before `number`; None for the first. Raises Http404 for a number that isn't there."""
    if not against:
        return versions.filter(number__lt=number).order_by("-number").first()
    found = versions.filter(number=int(against)).first() if against.isascii() and against.isdigit() and len(against) <= MOST_DIGITS else None
    if found is None:
        raise Http404
    return found
