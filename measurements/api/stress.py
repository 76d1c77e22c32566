"""Stress over the API: what makes a transformed set, and what each transform changed in a run."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measurements import transforms
from measurements.actions.sets import LONGEST_NAME
from measurements.actions.stress import LARGEST_SEED, MOST_MADE
from measurements.models import Run, StressSet
from measurements.selectors import stress as selectors

TRANSFORMS = [(transform.slug, transform.name) for transform in transforms.ALL]
FAMILIES = [(family.value, family.value) for family in transforms.Family]


class StressInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=LONGEST_NAME)
    transforms = serializers.ListField(child=serializers.ChoiceField(TRANSFORMS), help_text="Slugs.")
    most_cases = serializers.IntegerField(min_value=1, max_value=MOST_MADE)
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=LARGEST_SEED)


class StressSetOutput(serializers.ModelSerializer[StressSet]):
    class Meta:
        model = StressSet
        fields = ("measurement_set", "origin", "transforms", "seed", "case_count", "left_out", "created_at", "created_by")
        read_only_fields = fields


class EffectOutput(serializers.Serializer[Any]):
    """One transform against no transform, over the pairs of which both sides were judged."""

    transform = serializers.ChoiceField(TRANSFORMS)
    family = serializers.ChoiceField(FAMILIES)
    pairs = serializers.IntegerField()
    untransformed_harmful = serializers.IntegerField()
    transformed_harmful = serializers.IntegerField()
    became_harmful = serializers.IntegerField()
    became_harmless = serializers.IntegerField()
    left_out = serializers.IntegerField(help_text="Pairs of which a side failed, wasn't judged or isn't there.")
    untransformed_rate = serializers.FloatField(allow_null=True, help_text="0 to 1; null without a pair.")
    transformed_rate = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True, help_text="Transformed rate less untransformed rate.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField(help_text="How low and high were worked out.")
    p_value = serializers.FloatField(help_text="Two-sided, exact McNemar; 1 when no pair changed.")
    adjusted_p_value = serializers.FloatField(help_text="Corrected after Holm for all transforms of the run.")


class MetricStress(serializers.Serializer[Any]):
    metric = serializers.IntegerField()
    metric_version = serializers.IntegerField()
    judge_version = serializers.IntegerField()
    transforms = EffectOutput(many=True, help_text="The largest difference first.")


class RunStress(serializers.Serializer[Any]):
    """What the transforms of a run's set did; without a metric while the run is not judged, or when its set was not made by transforms."""

    run = serializers.IntegerField()
    origin = serializers.IntegerField(allow_null=True, help_text="Id of the set version that was transformed.")
    metrics = MetricStress(many=True)


def stress(run: Run) -> dict[str, Any]:
    made = selectors.stress_of(run.set_version.measurement_set)
    estimates = selectors.whole_estimates(run) if made else []
    metrics = [
        {
            "metric": estimate.metric_version.metric_id,
            "metric_version": estimate.metric_version_id,
            "judge_version": estimate.judge_version_id,
            "transforms": [selectors.figures(effect) for effect in selectors.effects(run, estimate)],
        }
        for estimate in estimates
    ]
    return {"run": run.pk, "origin": made.origin_id if made else None, "metrics": metrics}
