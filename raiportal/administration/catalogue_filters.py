"""Filters and orders of the entries of one catalogue, for its page, its files and the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import F, Func, Q, QuerySet, TextField
from django.db.models.functions import Cast

from raiportal import clocks, keyset
from raiportal.administration.filters import LONGEST_SEARCH
from raiportal.catalogues import selectors
from raiportal.catalogues.enums import Origin
from raiportal.catalogues.kinds import CatalogueKind
from raiportal.catalogues.models import CatalogueEntry
from raiportal.listing import ListFilter, as_json_writes

SORTS = {"position": keyset.Sort("position"), "title": keyset.Sort("title"), "changed": keyset.Sort("updated_at")}
IN_ORDER = "position"
STATES = [("holds", "Holds"), ("ended", "Ended"), ("edited", "Edited here"), ("behind", "Shipped text changed since"), ("unverified", "Not compared yet")]


class _Texts(Func):
    """All texts in a body, without the names of its fields."""

    template = "(select string_agg(leaf #>> '{}', ' ') from jsonb_path_query(%(expressions)s, 'strict $.**') leaf where jsonb_typeof(leaf) = 'string')"
    output_field = TextField()


class EntriesFilter(ListFilter):
    """By words of any field, by state, and where the catalogue has them by stage and by source."""

    q = django_filters.CharFilter(method="by_words", label="Words of an entry", max_length=LONGEST_SEARCH)
    state = django_filters.ChoiceFilter(choices=STATES, method="by_state", label="State", empty_label="Any state")

    class Meta:
        model = CatalogueEntry
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The whole body as JSON is looked at first: that is cheap, and whatever has the words in one of its texts has them there too."""
        in_body = Q(written__icontains=as_json_writes(value)) & Q(texts__icontains=value)
        named = rows.alias(written=Cast("body", TextField()), texts=_Texts("body"))
        return named.filter(Q(title__icontains=value) | Q(slug__icontains=value) | in_body)

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        today = clocks.now().date()
        states = {
            "holds": selectors.in_force(today),
            "ended": Q(valid_to__lt=today),
            "edited": Q(origin=Origin.EDITED),
            "behind": Q(shipped_number__gt=F("number")),
            "unverified": Q(verified_on=None),
        }
        return rows.filter(states[value])


class CatalogueFilter(EntriesFilter):
    """The filters of the page of one catalogue: those that it has something to choose from."""

    stage = django_filters.ChoiceFilter(method="by_stage", label="Stage", empty_label="Any stage")
    source = django_filters.ChoiceFilter(field_name="source", label="Source", empty_label="Any source")

    class Meta:
        model = CatalogueEntry
        fields: list[str] = []

    def __init__(self, data: Any, *, kind: CatalogueKind) -> None:
        entries = CatalogueEntry.objects.filter(catalogue=kind.slug)
        super().__init__(data, queryset=entries)
        stages = [choice for field in kind.fields if field.name in ("stage", "stages") for choice in field.choices]
        sources = list(entries.order_by("source").values_list("source", flat=True).distinct())
        self._offer("stage", stages)
        self._offer("source", sources if len(sources) > 1 else [])

    def _offer(self, name: str, values: list[str]) -> None:
        if values:
            self.filters[name].extra["choices"] = [(value, value.capitalize() if name == "stage" else value) for value in values]
        else:
            del self.filters[name]

    def by_stage(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(body__stages__contains=[value]) | Q(body__stage=value))
