"""Metrics and their versions."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms.models import Harm
from measurements.actions import metrics as actions
from measurements.api.judges import JudgeInput, JudgeVersionOutput
from measurements.enums import Scale
from measurements.filters import MetricFilter
from measurements.models import Metric, MetricVersion
from measurements.models.metrics import HIGHEST_SEVERITY
from measurements.selectors import metrics as selectors
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem

NOT_A_SEVERITY = (
    f"The threshold is a severity, a whole number from 1 to {HIGHEST_SEVERITY}: outputs judged at or above it count as harmful. "
    "A rate that must not be exceeded belongs in target_rate."
)


class MetricVersionOutput(serializers.ModelSerializer[MetricVersion]):
    target_rate = serializers.FloatField(allow_null=True)
    judge = JudgeVersionOutput(source="judge_version")

    class Meta:
        model = MetricVersion
        fields = ("id", "metric", "number", "definition", "harmful_examples", "harmless_examples", "scale", "threshold", "target_rate", "judge", "created_at")
        read_only_fields = fields


class MetricOutput(serializers.ModelSerializer[Metric]):
    """A metric as its newest version has it; `version` is that version's id."""

    version = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()

    class Meta:
        model = Metric
        fields = ("id", "system", "harm", "name", "state", "version", "current", "created_at", "updated_at")
        read_only_fields = fields

    def get_version(self, metric: Any) -> int:
        return int(metric.newest[0].pk)

    @extend_schema_field(MetricVersionOutput)
    def get_current(self, metric: Any) -> Any:
        return MetricVersionOutput(metric.newest[0]).data


class MetricContent(serializers.Serializer[Any]):
    harm = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a harm of the system.")
    harmful_examples = serializers.CharField(required=False, allow_blank=True, max_length=actions.LONGEST_TEXT)
    harmless_examples = serializers.CharField(required=False, allow_blank=True, max_length=actions.LONGEST_TEXT)
    scale = serializers.ChoiceField(choices=Scale.choices, required=False, help_text="Severities go from 0 to 7, to 4 or to 1.")
    target_rate = serializers.DecimalField(
        max_digits=7, decimal_places=6, min_value=0, max_value=1, required=False, allow_null=True, help_text="A fraction that must not be exceeded."
    )


def _severity(**options: Any) -> serializers.IntegerField:
    messages: dict[str, Any] = dict.fromkeys(("invalid", "min_value", "max_value", "max_string_length"), NOT_A_SEVERITY)
    return serializers.IntegerField(min_value=1, max_value=HIGHEST_SEVERITY, error_messages=messages, **options)


class MetricInput(MetricContent):
    system = serializers.IntegerField()
    name = serializers.CharField(max_length=actions.LONGEST_NAME)
    definition = serializers.CharField(max_length=actions.LONGEST_TEXT)
    intended_use = serializers.IntegerField(required=False, allow_null=True)
    threshold = _severity()
    judge = JudgeInput()


class MetricRevision(MetricContent):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=actions.LONGEST_NAME, required=False)
    definition = serializers.CharField(max_length=actions.LONGEST_TEXT, required=False)
    threshold = _severity(required=False)
    judge = JudgeInput(required=False)
    seen = serializers.IntegerField(required=False, help_text="Number of the version that this change was made on; refused when there is a newer one.")
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class Metrics(Resource):
    """What is counted about outputs. The newest version holds; runs keep the one they were planned with."""

    ability = Ability.MEASURE
    queryset = Metric.objects.all()
    serializer_class = MetricOutput
    filterset_class = MetricFilter
    sorts = {"id": Sort("pk"), "created_at": Sort("created_at")}

    def get_queryset(self) -> Any:
        return selectors.with_newest_version(super().get_queryset())

    @extend_schema(request=MetricInput, responses={201: MetricOutput})
    def create(self, request: Request) -> Response:
        """Add a metric with its judge."""
        return self.once(self._create)

    @extend_schema(request=MetricRevision, responses=MetricOutput)
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        """Make the next version of a metric."""
        return self.once(self._revise)

    def _create(self) -> Response:
        data = self.read(MetricInput)
        system = self.find(AISystem.objects, data.pop("system"), "system")
        if data.pop("intended_use", None) is not None:
            raise Invalid("There is none with this id that you may use.", field="intended_use")
        harm = self.find(Harm.objects, data.pop("harm", None), "harm")
        row = actions.add_metric(system=system, harm=harm, **data, actor=self.request.user)  # type: ignore[arg-type]
        return self.answer(self.get_queryset().get(pk=row.pk), status=201)

    def _revise(self) -> Response:
        row = self.visible()
        data = self.read(MetricRevision)
        if "harm" in data:
            data["harm"] = self.find(Harm.objects, data["harm"], "harm")
        actions.revise_metric(metric_id=row.pk, **data, actor=self.request.user)  # type: ignore[arg-type]
        return self.answer(self.visible())


class MetricVersionFilter(django_filters.FilterSet):
    metric = django_filters.NumberFilter(field_name="metric_id")

    class Meta:
        model = MetricVersion
        fields = ("metric",)


class MetricVersions(Resource):
    """Immutable versions of metrics, each with the judge's version that decides for it."""

    ability = Ability.MEASURE
    queryset = MetricVersion.objects.select_related("judge_version__judge", "judge_version__configuration")
    serializer_class = MetricVersionOutput
    filterset_class = MetricVersionFilter
