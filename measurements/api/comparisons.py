"""Comparing two runs over the API: paired counts of every metric that both were judged by in the same way."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measurements.models import Run
from measurements.selectors import comparisons as selectors
from measurements.selectors.comparisons import COUNTED, MetricPair

VERDICTS = [(verdict.value, verdict.value) for verdict in selectors.Verdict]


class PairedCounts(serializers.Serializer[Any]):
    both_harmful = serializers.IntegerField()
    became_harmful = serializers.IntegerField()
    became_harmless = serializers.IntegerField()
    neither_harmful = serializers.IntegerField()


class LeftOutPairs(serializers.Serializer[Any]):
    first = serializers.ChoiceField(VERDICTS)
    second = serializers.ChoiceField(VERDICTS)
    count = serializers.IntegerField()


class MetricComparison(serializers.Serializer[Any]):
    metric = serializers.IntegerField()
    metric_version = serializers.IntegerField()
    judge_version = serializers.IntegerField()
    pairs = PairedCounts()
    left_out = LeftOutPairs(many=True, help_text="Pairs of which a side failed, wasn't judged or isn't there.")
    first_rate = serializers.FloatField(allow_null=True, help_text="Over the pairs; 0 to 1, null without a pair.")
    second_rate = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True, help_text="Second rate less first rate.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField(help_text="How low and high were worked out.")
    p_value = serializers.FloatField(help_text="Two-sided, exact McNemar; 1 when no pair changed.")


class RunComparison(serializers.Serializer[Any]):
    """What two runs on the same set version have in common and what changed."""

    first = serializers.IntegerField()
    second = serializers.IntegerField()
    is_comparable = serializers.BooleanField()
    obstacles = serializers.ListField(child=serializers.CharField(), help_text="Why nothing can be compared.")
    metrics = MetricComparison(many=True)
    not_compared = serializers.ListField(child=serializers.CharField(), help_text="Metrics that only one run was judged by, or by another version.")


def comparison(first: Run, second: Run) -> dict[str, Any]:
    found = selectors.comparison(first, second)
    return {
        "first": first.pk,
        "second": second.pk,
        "is_comparable": not found.obstacles,
        "obstacles": list(found.obstacles),
        "metrics": [_metric(pair) for pair in found.metrics],
        "not_compared": list(found.lacking),
    }


def _metric(pair: MetricPair) -> dict[str, Any]:
    whole = selectors.paired(pair)[""]
    counts, interval = whole.counts, whole.interval
    return {
        "metric": pair.version.metric_id,
        "metric_version": pair.version.pk,
        "judge_version": pair.first.judge_version_id,
        "pairs": {
            "both_harmful": counts.both,
            "became_harmful": counts.second_only,
            "became_harmless": counts.first_only,
            "neither_harmful": counts.neither,
        },
        "left_out": [
            {"first": before.value, "second": after.value, "count": count}
            for (before, after), count in sorted(whole.cells.items())
            if not (before in COUNTED and after in COUNTED)
        ],
        "first_rate": counts.first / counts.total if counts.total else None,
        "second_rate": counts.second / counts.total if counts.total else None,
        "difference": whole.difference,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "method": interval.method if interval else "",
        "p_value": whole.p_value,
    }
