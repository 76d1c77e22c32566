"""Reads of metrics, their versions and what their rules say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from measurements import rules
from measurements.models import Metric, MetricVersion


def newest_version(metric: Metric) -> MetricVersion:
    """The version that holds, with its judge. A new run takes it."""
    return MetricVersion.objects.select_related("judge_version__judge").filter(metric=metric).order_by("-number")[0]


def with_newest_version(metrics: QuerySet[Any]) -> QuerySet[Any]:
    """The metrics with their newest version, and its judge's, as the only entry of `newest`."""
    later = MetricVersion.objects.filter(metric=OuterRef("metric"), number__gt=OuterRef("number"))
    newest = MetricVersion.objects.filter(~Exists(later)).select_related("judge_version__judge")
    return metrics.prefetch_related(Prefetch("versions", queryset=newest, to_attr="newest"))


@dataclass(frozen=True)
class Trial:
    """One pattern tried on a text; `matched` holds the words that it found, None when it found none."""

    pattern: str
    severity: int
    matched: str | None


def trials(spec: Mapping[str, object], text: str) -> list[Trial]:
    """Every pattern of a rule judge on one text, highest severity first. Raises Invalid for a specification that can't be used."""
    encoded = text.encode("utf-8", "replace")
    tried = []
    for level in rules.compile_rules(spec).levels:
        for pattern, compiled in level.each:
            found = compiled.search(encoded)
            matched = found.group().decode("utf-8", "replace")[: rules.MAX_SHOWN_CHARACTERS] if found else None
            tried.append(Trial(pattern, level.severity, matched))
    return tried
