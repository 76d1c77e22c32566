"""Reads of metrics, their versions and what their rules say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from measurements.judges import rules
from measurements.models import Metric, MetricVersion, RunMetric
from systems.models import AISystem


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


@dataclass(frozen=True)
class VersionLine:
    """One version, and in words what it changed against the one before; nothing for the first."""

    version: MetricVersion
    changed: list[str]


VERSION_FIELDS = {
    "definition": "definition",
    "harmful_examples": "harmful examples",
    "harmless_examples": "harmless examples",
    "threshold": "threshold",
    "target_rate": "target",
    "judge_version_id": "rules",
}


def history(metric: Metric) -> list[VersionLine]:
    """Every version, newest first."""
    versions = list(MetricVersion.objects.filter(metric=metric).select_related("created_by", "judge_version__judge").order_by("-number"))
    return [VersionLine(version, _changed(before, version)) for version, before in zip(versions, [*versions[1:], None], strict=True)]


def metrics_of(system: AISystem) -> QuerySet[Any]:
    """The system's metrics with their newest version, harm and number of runs."""
    runs = RunMetric.objects.filter(metric_version__metric=OuterRef("pk")).order_by().values("metric_version__metric").annotate(count=Count("pk"))
    rows = Metric.objects.filter(system=system).select_related("harm").annotate(run_count=Coalesce(Subquery(runs.values("count")[:1]), 0))
    return with_newest_version(rows)


def metric_count(system: AISystem) -> int:
    return Metric.objects.filter(system=system).count()


def _changed(before: MetricVersion | None, version: MetricVersion) -> list[str]:
    if before is None:
        return []
    return [words for field, words in VERSION_FIELDS.items() if getattr(before, field) != getattr(version, field)]
