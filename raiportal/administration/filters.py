"""Filters of the ledger's page."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms

from raiportal.accounts.models import Scope, User
from raiportal.audit.models import Entry


class EntryFilter(django_filters.FilterSet):
    """By what was done, by whom, in which system, from and to which day (UTC)."""

    action = django_filters.CharFilter(lookup_expr="istartswith", label="Action starts with")
    actor = django_filters.ModelChoiceFilter(queryset=User.objects.order_by("name", "pk"), label="By", empty_label="Anybody")
    scope = django_filters.ModelChoiceFilter(queryset=lambda request: Scope.objects.order_by("name", "pk"), label="System", empty_label="Any system")
    since = django_filters.DateFilter(field_name="at", lookup_expr="date__gte", label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(field_name="at", lookup_expr="date__lte", label="To", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Entry
        fields: list[Any] = []
