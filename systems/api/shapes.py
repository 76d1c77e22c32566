"""Shapes that several resources of systems share."""

from __future__ import annotations

from typing import Any

import django_filters
from rest_framework import serializers

from raiportal.keyset import Sort

NEWEST_FIRST = {"id": Sort("pk"), "created_at": Sort("created_at")}


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class OfSystemFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")
