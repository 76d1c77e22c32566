"""Filters of the list of reports."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet

from raiportal.listing import ListFilter
from raiportal.reports.models import Report, ReportRecipient

LONGEST_SEARCH = 200  # characters
MINE = [("waiting", "To be acknowledged by me"), ("sent", "Sent to me")]


class ReportFilter(ListFilter):
    """By words of the title, kind, system, subject, and by what was sent to oneself."""

    q = django_filters.CharFilter(field_name="title", lookup_expr="icontains", label="Words of the title", max_length=LONGEST_SEARCH)
    kind = django_filters.CharFilter(label="Kind", max_length=60)
    system = django_filters.NumberFilter(field_name="scope_id", min_value=1, max_value=2**63 - 1, label="System")
    subject = django_filters.NumberFilter(field_name="subject_id", min_value=1, max_value=2**63 - 1, label="Subject")
    mine = django_filters.ChoiceFilter(choices=MINE, method="by_mine", label="Mine", empty_label="All")

    class Meta:
        model = Report
        fields: list[str] = []

    def by_mine(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        sent = ReportRecipient.objects.filter(report=OuterRef("pk"), person_id=self.request.user.pk, taken_back_at=None)
        return rows.filter(Exists(sent.waiting() if value == "waiting" else sent))
