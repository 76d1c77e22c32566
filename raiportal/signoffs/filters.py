"""Filters of the list of requests for sign-off."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from raiportal import clocks
from raiportal.listing import ListFilter
from raiportal.signoffs import selectors
from raiportal.signoffs.enums import RequestState
from raiportal.signoffs.models import SignOffRequest, StandIn

MINE = [("waiting", "Waits for me"), ("asked", "Asked by me")]


class SignOffRequestFilter(ListFilter):
    """By kind, recorded state, system, subject, and by what the person has to do with it."""

    kind = django_filters.CharFilter(label="Kind", max_length=60)
    state = django_filters.ChoiceFilter(choices=RequestState.choices, label="Decision", empty_label="Any decision")
    system = django_filters.NumberFilter(field_name="scope_id", min_value=1, max_value=2**63 - 1, label="System")
    subject = django_filters.NumberFilter(field_name="subject_id", min_value=1, max_value=2**63 - 1, label="Subject")
    mine = django_filters.ChoiceFilter(choices=MINE, method="by_mine", label="Mine", empty_label="All")

    class Meta:
        model = SignOffRequest
        fields: list[str] = []

    def by_mine(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        user = self.request.user
        if value == "asked":
            return rows.filter(requested_by=user)
        return rows.filter(pk__in=[waiting.pk for waiting in selectors.waiting_for(user, clocks.now())])


STAND_IN_TIMES = [("now", "In force"), ("later", "To come"), ("over", "Over")]


class StandInFilter(ListFilter):
    """By when they hold, and by system."""

    time = django_filters.ChoiceFilter(choices=STAND_IN_TIMES, method="by_time", label="When", empty_label="Any time")
    system = django_filters.NumberFilter(field_name="scope_id", min_value=1, max_value=2**63 - 1, label="System")

    class Meta:
        model = StandIn
        fields: list[str] = []

    def by_time(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        now = clocks.now()
        over = Q(ended_at__isnull=False) | Q(until_at__lte=now)
        if value == "over":
            return rows.filter(over)
        return rows.exclude(over).filter(Q(from_at__lte=now) if value == "now" else Q(from_at__gt=now))
