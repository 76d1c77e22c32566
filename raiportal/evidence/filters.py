"""How lists of evidence are narrowed."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from raiportal.evidence.enums import EvidenceKind
from raiportal.evidence.models import Evidence
from raiportal.listing import ListFilter

IN_FORCE, RELIED_ON, REMOVED = "in_force", "relied_on", "removed"
STATES = [(IN_FORCE, "In force"), (RELIED_ON, "Relied on"), (REMOVED, "Removed")]


class EvidenceFilter(ListFilter):
    """Of rows that `selectors.with_use` read. Words are looked for in title, note, address and file name."""

    q = django_filters.CharFilter(method="by_words", label="Words", max_length=200)
    kind = django_filters.ChoiceFilter(choices=EvidenceKind.choices, label="Kind", empty_label="Any kind")
    state = django_filters.ChoiceFilter(choices=STATES, method="by_state", label="State", empty_label="Any state")
    added_by = django_filters.CharFilter(field_name="added_by__username", label="Added by", max_length=150)

    class Meta:
        model = Evidence
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(title__icontains=value) | Q(note__icontains=value) | Q(url__icontains=value) | Q(file_name__icontains=value))

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == REMOVED:
            return rows.exclude(removed_at=None)
        standing = rows.filter(removed_at=None)
        return standing.filter(is_used=True) if value == RELIED_ON else standing
