"""The filters of the ledger's page."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from raiportal.accounts.models import Scope
from raiportal.administration.filters import LONGEST_SEARCH
from raiportal.administration.people_named import PersonFilter
from raiportal.audit.ledger import REFUSED
from raiportal.audit.models import Entry
from raiportal.audit.selectors import known_actions
from raiportal.audit.subjects import subject_kinds
from raiportal.listing import ListFilter

WHAT_COUNTS = [("done", "What was done"), ("refused", "Refusals only")]
LARGEST_ID = 2**63 - 1


def _kinds() -> list[tuple[str, str]]:
    return sorted(((kind.slug, kind.name) for kind in subject_kinds), key=lambda choice: choice[1])


class EntryFilter(ListFilter):
    """By words in the object's label, what was done, by whom, in which system, to what kind of object or which one, when (days in UTC) and in which request."""

    q = django_filters.CharFilter(field_name="payload__body__subject", lookup_expr="icontains", label="Object", max_length=LONGEST_SEARCH)
    action = django_filters.ChoiceFilter(choices=known_actions, label="Action", empty_label="Any action")
    actor = PersonFilter(label="By", widget=forms.TextInput(attrs={"type": "search", "list": "people", "placeholder": "Sign-in name"}))
    scope = django_filters.ModelChoiceFilter(queryset=lambda request: Scope.objects.order_by("name", "pk"), label="System", empty_label="Any system")
    kind = django_filters.ChoiceFilter(field_name="subject_kind", choices=_kinds, label="Kind of object", empty_label="Any object")
    subject = django_filters.NumberFilter(field_name="subject_id", label="Object's number", decimal_places=0, min_value=1, max_value=LARGEST_ID)
    only = django_filters.ChoiceFilter(choices=WHAT_COUNTS, method="by_refusal", label="Refusals", empty_label="Done and refused")
    since = django_filters.DateFilter(field_name="at", lookup_expr="date__gte", label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(field_name="at", lookup_expr="date__lte", label="To", widget=forms.DateInput(attrs={"type": "date"}))
    request_id = django_filters.CharFilter(label="Request", max_length=64)

    class Meta:
        model = Entry
        fields: list[str] = []

    def by_refusal(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return rows.filter(Q(action=REFUSED) if value == "refused" else ~Q(action=REFUSED))
