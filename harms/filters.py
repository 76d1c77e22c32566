"""Filters of the harm register, the same for the page, the export and the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from harms import selectors
from harms.enums import HarmState, Origin
from harms.models import HIGHEST_LEVEL, Harm, HarmCategory
from raiportal.look.levels import RISK_WORDS

LEVELS = [*((str(number), RISK_WORDS[number - 1].capitalize()) for number in range(HIGHEST_LEVEL, 0, -1)), ("high", "High and critical")]
NOBODY, MYSELF = "none", "me"


class HarmFilter(django_filters.FilterSet):
    """`owner` is a person's id, "me" or "none"; `level` is 1 to 5, or "high" for high and critical."""

    q = django_filters.CharFilter(method="by_words", label="Title or id", max_length=200)
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label="Origin", empty_label="Any origin")
    category = django_filters.ModelChoiceFilter(
        queryset=HarmCategory.objects.order_by("position", "pk"), to_field_name="slug", label="Category", empty_label="Any category"
    )
    state = django_filters.ChoiceFilter(choices=HarmState.choices, label="State", empty_label="Any state")
    level = django_filters.ChoiceFilter(choices=LEVELS, method="by_level", label="Risk", empty_label="Any risk")
    owner = django_filters.CharFilter(method="by_owner", label="Owner", max_length=20)
    measured = django_filters.ChoiceFilter(choices=[("no", "Never measured"), ("yes", "Measured")], method="by_measured", label="Measured", empty_label="All")
    severity = django_filters.NumberFilter(field_name="severity", min_value=1, max_value=HIGHEST_LEVEL, label="Severity")
    frequency = django_filters.NumberFilter(field_name="frequency", min_value=1, max_value=HIGHEST_LEVEL, label="Frequency")

    class Meta:
        model = Harm
        fields: list[str] = []

    def by_words(self, harms: QuerySet[Harm], name: str, value: str) -> QuerySet[Harm]:
        return selectors.matching(harms, value)

    def by_level(self, harms: QuerySet[Harm], name: str, value: str) -> QuerySet[Harm]:
        if value == "high":
            return harms.filter(priority__gte=selectors.HIGH_SCORE)
        return selectors.at_level(harms, int(value))

    def by_owner(self, harms: QuerySet[Harm], name: str, value: str) -> QuerySet[Harm]:
        if value == NOBODY:
            return harms.filter(owner=None)
        if value == MYSELF:
            return harms.filter(owner=self.request.user)
        is_id = value.isascii() and value.isdigit() and len(value) <= 18
        return harms.filter(owner_id=int(value)) if is_id else harms.none()

    def by_measured(self, harms: QuerySet[Harm], name: str, value: str) -> QuerySet[Harm]:
        return harms.filter(measured_score__isnull=value == "no")

    @property
    def cell(self) -> tuple[Any, Any]:
        """Severity and frequency of the heat-map's cell that is open."""
        return self.form.cleaned_data.get("severity"), self.form.cleaned_data.get("frequency")


class HarmApiFilter(HarmFilter):
    """The same for lists that reach over systems."""

    system = django_filters.NumberFilter(field_name="system_id", label="System")
