"""Shapes of a measured risk that is stated from a run."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from harms.models import HIGHEST_LEVEL, RiskPoint

LARGEST_ID = 2**63 - 1


class MeasuredRiskInput(serializers.Serializer[Any]):
    metric = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="Of the run's metrics the one whose estimate is taken, over the whole run.")
    severity = serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL)
    frequency = serializers.IntegerField(
        min_value=1, max_value=HIGHEST_LEVEL, required=False, help_text="Of a run over representative cases alone; otherwise the level stated before stays."
    )
    intended_use = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, required=False, help_text="The use that it is about; the harm as a whole when left out."
    )
    rationale = serializers.CharField(max_length=2_000, help_text="What was seen in the outputs; the rate and where it comes from are added.")


class MeasuredRiskOutput(serializers.ModelSerializer[RiskPoint]):
    class Meta:
        model = RiskPoint
        fields = ("id", "harm", "intended_use", "severity", "frequency", "score", "rationale", "created_by", "created_at")
        read_only_fields = fields
