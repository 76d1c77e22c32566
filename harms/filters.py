"""Filters of the harm register, the same for the page, the export and the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from harms import selectors
from harms.consistency import RULES
from harms.enums import CandidateSource, CandidateState, HarmState, Origin, RiskPointKind
from harms.models import HIGHEST_LEVEL, Baseline, Candidate, Harm, HarmCategory, HarmUse, LibraryDismissal
from raiportal.listing import ListFilter
from raiportal.look.levels import RISK_WORDS

LEVELS = [*((str(number), RISK_WORDS[number - 1].capitalize()) for number in range(HIGHEST_LEVEL, 0, -1)), ("high", "High and critical")]
FLAGS = [(selectors.ANY_FLAG, "Flagged"), *((rule.slug, rule.label) for rule in RULES)]
NOBODY, MYSELF = "none", "me"


class HarmFilter(django_filters.FilterSet):
    """`owner` is a person's id, "me" or "none"; `level` is 1 to 5, or "high" for high and critical; `severity` and `frequency` are those of the score that
    ranks, or of `point`. Works on harms, and on the harms of a use (`to_harm` leads from the row to its harm)."""

    q = django_filters.CharFilter(method="by_words", label="Words", max_length=200)
    origin = django_filters.ChoiceFilter(choices=Origin.choices, method="by_harm", label="Origin", empty_label="Any origin")
    category = django_filters.ModelChoiceFilter(
        queryset=HarmCategory.objects.order_by("position", "pk"), to_field_name="slug", method="by_harm", label="Category", empty_label="Any category"
    )
    state = django_filters.ChoiceFilter(choices=HarmState.choices, method="by_harm", label="State", empty_label="Any state")
    level = django_filters.ChoiceFilter(choices=LEVELS, method="by_level", label="Risk", empty_label="Any risk")
    owner = django_filters.CharFilter(method="by_owner", label="Owner", max_length=20)
    measured = django_filters.ChoiceFilter(
        choices=[("no", "Never measured"), ("yes", "Measured")], method="by_measured", label="Measured", empty_label="Measured or not"
    )
    appetite = django_filters.ChoiceFilter(
        choices=[("above", "Above appetite"), ("within", "Within appetite")], method="by_appetite", label="Appetite", empty_label="Above appetite or not"
    )
    since = django_filters.DateFilter(method="by_since", label="Proposed from", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(method="by_until", label="Proposed until", widget=forms.DateInput(attrs={"type": "date"}))
    flag = django_filters.ChoiceFilter(choices=FLAGS, method="by_flag", label="Flag", empty_label="Flagged or not")
    point = django_filters.ChoiceFilter(choices=RiskPointKind.choices, method="by_point", label="Risk point", empty_label="Ranking")
    severity = django_filters.NumberFilter(method="by_severity", min_value=1, max_value=HIGHEST_LEVEL, label="Severity")
    frequency = django_filters.NumberFilter(method="by_frequency", min_value=1, max_value=HIGHEST_LEVEL, label="Frequency")

    class Meta:
        model = Harm
        fields: list[str] = []

    def __init__(self, *args: Any, to_harm: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.to_harm = to_harm

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(selectors.matching(value, self.to_harm))

    def by_harm(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(**{f"{self.to_harm}{name}": value})

    def by_level(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "high":
            return rows.filter(priority__gte=selectors.HIGH_SCORE)
        return rows.filter(selectors.is_at_level(int(value)))

    def by_owner(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == NOBODY:
            return rows.filter(**{f"{self.to_harm}owner": None})
        if value == MYSELF:
            return rows.filter(**{f"{self.to_harm}owner": self.request.user})
        is_id = value.isascii() and value.isdigit() and len(value) <= 18
        return rows.filter(**{f"{self.to_harm}owner_id": int(value)}) if is_id else rows.none()

    def by_measured(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(measured_score__isnull=value == "no")

    def by_appetite(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        above = selectors.above_appetite(self.to_harm)
        return rows.filter(above) if value == "above" else rows.exclude(above)

    def by_flag(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return selectors.flagged(rows, value, self.to_harm)

    def by_since(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(**{f"{self.to_harm}created_at__date__gte": value})

    def by_until(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(**{f"{self.to_harm}created_at__date__lte": value})

    def by_point(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """It says which levels the two filters below, and the heat-map, are about."""
        return rows

    def by_severity(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(**{selectors.levels_of_point(self.point_shown)[0]: value})

    def by_frequency(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(**{selectors.levels_of_point(self.point_shown)[1]: value})

    @property
    def point_shown(self) -> str:
        """The risk point whose levels are looked at; "" for the score that ranks."""
        return str(self.form.cleaned_data.get("point") or "")

    @property
    def cell(self) -> tuple[int, int] | None:
        """Severity and frequency of the heat-map's cell that is open."""
        severity, frequency = self.form.cleaned_data.get("severity"), self.form.cleaned_data.get("frequency")
        return (int(severity), int(frequency)) if severity and frequency else None


class HarmApiFilter(HarmFilter):
    """The same for lists that reach over systems."""

    system = django_filters.NumberFilter(field_name="system_id", label="System")
    use = django_filters.NumberFilter(method="by_use", label="Intended use")

    def by_use(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(Exists(HarmUse.objects.filter(harm=OuterRef("pk"), intended_use=int(value), intended_use__archived_at=None)))


class CandidateFilter(ListFilter):
    q = django_filters.CharFilter(method="by_words", label="Words", max_length=200)
    state = django_filters.ChoiceFilter(choices=CandidateState.choices, label="State", empty_label="Any state")
    source = django_filters.ChoiceFilter(choices=CandidateSource.choices, label="Source", empty_label="Any source")

    class Meta:
        model = Candidate
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(title__icontains=value) | Q(summary__icontains=value))


class BaselineFilter(ListFilter):
    q = django_filters.CharFilter(method="by_words", label="Words", max_length=200)
    since = django_filters.DateFilter(field_name="made_at", lookup_expr="date__gte", label="Made from", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(field_name="made_at", lookup_expr="date__lte", label="Made until", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Baseline
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(title__icontains=value) | Q(reason__icontains=value))


class DismissalFilter(ListFilter):
    """Of known harms that were dismissed. Words are looked for in the entry's title, the model and the reason."""

    q = django_filters.CharFilter(method="by_words", label="Words", max_length=200)

    class Meta:
        model = LibraryDismissal
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        titled = [slug for slug, title in selectors.library_titles().items() if value.casefold() in title.casefold()]
        return rows.filter(Q(entry__in=titled) | Q(model_name__icontains=value) | Q(reason__icontains=value))


class CandidateApiFilter(CandidateFilter):
    system = django_filters.NumberFilter(field_name="system_id", min_value=1, max_value=2**63 - 1, label="System")
    harm = django_filters.NumberFilter(field_name="harm_id", min_value=1, max_value=2**63 - 1, label="Harm")
