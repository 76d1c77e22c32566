"""Judges: the machines that decide about outputs, with all their versions. Metrics make them; here they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from measurements.enums import JudgeKind
from measurements.judges.content_filter import SIDES
from measurements.models import Judge, JudgeVersion
from raiportal.accounts.enums import Ability
from raiportal.api.problems import UnknownParameter
from raiportal.api.resource import Resource


class JudgeInput(serializers.Serializer[Any]):
    """Who decides: rules, the provider's content filter, or a model. Of the other fields those of the kind count."""

    kind = serializers.CharField(max_length=30, help_text="“rule”, “content_filter” or “model”.")
    patterns = serializers.ListField(child=serializers.JSONField(), required=False, help_text='Of rules: patterns, or {"pattern", "severity"}.')
    case_sensitive = serializers.BooleanField(required=False)
    detectors = serializers.ListField(
        child=serializers.JSONField(),
        required=False,
        help_text='Of rules: refusal, email, phone, payment_card, iban, national_id, ip_address, or {"detector", "severity"}.',
    )
    categories = serializers.ListField(child=serializers.CharField(max_length=100), required=False, help_text="Of a content filter; empty for all.")
    side = serializers.ChoiceField(choices=SIDES, required=False, help_text="What the content filter speaks of; the completion if nothing is said.")
    detected_severity = serializers.IntegerField(required=False, help_text="Of a content filter's flag that has no severity, 1 to 7.")
    deployment = serializers.IntegerField(required=False, allow_null=True, help_text="Id of the deployment of the model that judges.")
    votes = serializers.IntegerField(required=False, allow_null=True, help_text="Of a model, an odd number up to 9.")

    def to_internal_value(self, data: Any) -> Any:
        """Unknown fields are refused by name here too, so that a typo is not silently ignored."""
        if isinstance(data, Mapping) and (unknown := sorted(map(str, set(data) - set(self.fields)))):
            raise UnknownParameter(f"There is no field “{unknown[0][:60]}” of a judge.")
        return super().to_internal_value(data)


class JudgeVersionOutput(serializers.ModelSerializer[JudgeVersion]):
    """One version of a judge; of the fields after `kind` those of its kind are filled."""

    kind = serializers.CharField(source="judge.kind")
    patterns = serializers.SerializerMethodField()
    case_sensitive = serializers.SerializerMethodField()
    detectors = serializers.SerializerMethodField()
    content_filter = serializers.SerializerMethodField()
    deployment = serializers.SerializerMethodField()
    votes = serializers.SerializerMethodField()

    class Meta:
        model = JudgeVersion
        fields = (
            *("id", "judge", "number", "kind", "patterns", "case_sensitive", "detectors", "content_filter", "deployment", "configuration", "votes"),
            *("spec", "digest", "created_at"),
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_patterns(self, version: JudgeVersion) -> list[dict[str, Any]]:
        return list(version.spec.get("patterns", []))

    def get_case_sensitive(self, version: JudgeVersion) -> bool:
        return bool(version.spec.get("case_sensitive", False))

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_detectors(self, version: JudgeVersion) -> list[dict[str, Any]]:
        return list(version.spec.get("detectors", []))

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_content_filter(self, version: JudgeVersion) -> dict[str, Any] | None:
        return dict(version.spec) if version.judge.kind == JudgeKind.CONTENT_FILTER else None

    def get_deployment(self, version: JudgeVersion) -> int | None:
        return version.configuration.deployment_id if version.configuration else None

    def get_votes(self, version: JudgeVersion) -> int | None:
        return version.spec.get("votes")


class JudgeOutput(serializers.ModelSerializer[Judge]):
    versions = JudgeVersionOutput(many=True)

    class Meta:
        model = Judge
        fields = ("id", "system", "kind", "name", "versions", "created_at")
        read_only_fields = fields


class JudgeFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")

    class Meta:
        model = Judge
        fields = ("system", "kind")


class Judges(Resource):
    """Machines that judge outputs, with all their versions."""

    ability = Ability.MEASURE
    queryset = Judge.objects.prefetch_related("versions__judge", "versions__configuration")
    serializer_class = JudgeOutput
    filterset_class = JudgeFilter
