"""Filters of campaigns, sessions and findings, the same for pages, exports and the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from harms.enums import Approach, CampaignState, FindingState, SessionKind, SessionResult, SessionState, TestedLayer
from harms.models import HIGHEST_LEVEL, Campaign, Finding, ProbeSession
from raiportal.listing import ListFilter

LARGEST_ID = 2**63 - 1


def _id(**options: Any) -> django_filters.NumberFilter:
    return django_filters.NumberFilter(min_value=1, max_value=LARGEST_ID, **options)


class CampaignFilter(ListFilter):
    q = django_filters.CharFilter(field_name="title", lookup_expr="icontains", label="Words in the title", max_length=160)
    state = django_filters.ChoiceFilter(choices=CampaignState.choices, label="State", empty_label="Any state")
    approach = django_filters.ChoiceFilter(choices=Approach.choices, label="Approach", empty_label="Any approach")

    class Meta:
        model = Campaign
        fields: list[str] = []


class CampaignApiFilter(CampaignFilter):
    system = _id(field_name="system_id", label="Id of a system")


class SessionFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=SessionKind.choices, label="Kind", empty_label="Any kind")
    state = django_filters.ChoiceFilter(choices=SessionState.choices, label="State", empty_label="Any state")
    result = django_filters.ChoiceFilter(choices=SessionResult.choices, label="Result", empty_label="Any result")
    layer = django_filters.ChoiceFilter(choices=TestedLayer.choices, label="Layer", empty_label="Any layer")
    harm = _id(field_name="harm_id", label="Id of a harm")

    class Meta:
        model = ProbeSession
        fields: list[str] = []


class SessionApiFilter(SessionFilter):
    campaign = _id(field_name="campaign_id", label="Id of a campaign")
    finding = _id(field_name="finding_id", label="Id of a finding that is replayed")


class FindingFilter(ListFilter):
    q = django_filters.CharFilter(field_name="title", lookup_expr="icontains", label="Words in the title", max_length=160)
    state = django_filters.ChoiceFilter(choices=FindingState.choices, label="State", empty_label="Any state")
    severity = django_filters.NumberFilter(field_name="severity", lookup_expr="gte", min_value=1, max_value=HIGHEST_LEVEL, label="Severity at least")
    layer = django_filters.ChoiceFilter(choices=TestedLayer.choices, label="Layer", empty_label="Any layer")
    strategy = django_filters.CharFilter(method="by_strategy", label="Strategy", max_length=80)
    campaign = _id(field_name="campaign_id", label="Id of a campaign")
    harm = _id(field_name="harm_id", label="Id of a harm")

    class Meta:
        model = Finding
        fields: list[str] = []

    def by_strategy(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(strategies__contains=[value])


class FindingApiFilter(FindingFilter):
    system = _id(field_name="system_id", label="Id of a system")
