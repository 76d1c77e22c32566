"""Fields that the API of campaigns, probe sessions and findings have in common."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from raiportal.api.resource import Resource
from systems.models import Configuration

LARGEST = 2**63 - 1
MOST_STRATEGIES = 8


def id_field(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=LARGEST, **options)


def words_field(longest: int = 4_000, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=longest, required=False, allow_blank=True, **options)


def strategies_field() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=MOST_STRATEGIES, help_text="Slugs of the catalogue attack-strategies."
    )


def configuration_of(resource: Resource, pk: int) -> Configuration:
    """One of the systems that the caller sees, or of the organisation."""
    shared = Configuration.objects.filter(pk=pk, system=None).select_related("deployment").first()
    return shared or resource.find(Configuration.objects.select_related("deployment"), pk, "configuration")  # type: ignore[no-any-return]
