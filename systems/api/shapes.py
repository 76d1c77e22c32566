"""Shapes that several resources of systems share."""

from __future__ import annotations

from typing import Any

import django_filters
from rest_framework import serializers

from raiportal.accounts.enums import SCOPE_ROLES, Role
from raiportal.keyset import Sort

NEWEST_FIRST = {"id": Sort("pk"), "created_at": Sort("created_at")}


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class OfSystemFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")


class RoleFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="scope_id", label="Id of a system")
    person = django_filters.CharFilter(field_name="user__username", max_length=150, label="Username")
    role = django_filters.ChoiceFilter(choices=[(role.value, role.label) for role in Role if role in SCOPE_ROLES])
