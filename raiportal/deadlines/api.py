"""The API's resource about deadlines: read here, set by what they belong to."""

from __future__ import annotations

from typing import Any

import django_filters
from rest_framework import serializers

from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.deadlines.models import Deadline
from raiportal.keyset import Sort


class DeadlineOutput(serializers.ModelSerializer[Deadline]):
    system = serializers.IntegerField(source="scope_id", read_only=True, allow_null=True)

    class Meta:
        model = Deadline
        fields = (
            *("id", "kind", "system", "subject_kind", "subject_id", "started_at", "due_at", "paused_at", "pause_reason", "paused_seconds"),
            *("closed_at", "remaining_seconds"),
        )
        read_only_fields = fields


class DeadlineFilter(django_filters.FilterSet):
    kind = django_filters.CharFilter(max_length=60)
    system = django_filters.NumberFilter(field_name="scope_id", min_value=1, max_value=2**63 - 1)
    subject_kind = django_filters.CharFilter(max_length=60)
    subject_id = django_filters.NumberFilter(min_value=1, max_value=2**63 - 1)
    is_open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    due_before = django_filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lte")

    class Meta:
        model = Deadline
        fields: list[str] = []


class Deadlines(Resource):
    """Dates that somebody has to keep."""

    queryset: Any = Deadline.objects.all()
    serializer_class = DeadlineOutput
    filterset_class = DeadlineFilter
    sorts = {"id": Sort("pk"), "due_at": Sort("due_at")}


router = BothSlashes()
router.register("deadlines", Deadlines, basename="api-deadline")
urlpatterns = router.urls
