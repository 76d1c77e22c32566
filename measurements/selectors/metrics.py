"""Reads of metrics, their versions and their judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet

from measurements.enums import JudgeKind
from measurements.judges import rules
from measurements.judges.detectors import DETECTORS
from measurements.models import JudgeVersion, Metric, MetricVersion, RunMetric
from measurements.selectors.severities import on_scale
from raiportal.look.levels import Severity
from systems.models import AISystem


def newest_version(metric: Metric) -> MetricVersion:
    """The version that holds, with its judge. A new run takes it."""
    return MetricVersion.objects.select_related("judge_version__judge", "judge_version__configuration").filter(metric=metric).order_by("-number")[0]


def with_newest_version(metrics: QuerySet[Any]) -> QuerySet[Any]:
    """The metrics with their newest version, and its judge's, as the only entry of `newest`."""
    later = MetricVersion.objects.filter(metric=OuterRef("metric"), number__gt=OuterRef("number"))
    newest = MetricVersion.objects.filter(~Exists(later)).select_related("judge_version__judge", "judge_version__configuration")
    return metrics.prefetch_related(Prefetch("versions", queryset=newest, to_attr="newest"))


@dataclass(frozen=True)
class RuleLine:
    """One rule of a judge: a pattern, or a detector by its label with a hint. `matched` holds what it found in a text that was tried."""

    words: str
    hint: str
    is_pattern: bool
    severity: Severity
    is_harmful: bool
    matched: str | None = None


def rule_lines(spec: Mapping[str, Any], scale: str, threshold: int) -> list[RuleLine]:
    """Every rule of a rule judge, highest severity first."""
    patterns = [(entry["severity"], entry["pattern"], "", True) for entry in spec["patterns"]]
    detectors = [(entry["severity"], *_named(entry["detector"]), False) for entry in spec.get("detectors", [])]
    ranked = sorted([*detectors, *patterns], key=lambda rule: -rule[0])
    return [RuleLine(words, hint, is_pattern, on_scale(scale, threshold, severity), severity >= threshold) for severity, words, hint, is_pattern in ranked]


def trials(spec: Mapping[str, Any], scale: str, threshold: int, text: str) -> list[RuleLine]:
    """Every rule of a rule judge tried on one text, highest severity first. Raises Invalid for a specification that can't be used."""
    encoded = text.encode("utf-8", "replace")
    tried = []
    for level in rules.compile_rules(spec).levels:
        graded = (on_scale(scale, threshold, level.severity), level.severity >= threshold)
        for detector in level.detectors:
            tried.append(RuleLine(detector.label, detector.hint, False, *graded, _cut(detector.find(text))))
        for pattern, compiled in level.each:
            found = compiled.search(encoded)
            tried.append(RuleLine(pattern, "", True, *graded, _cut(found.group().decode("utf-8", "replace")) if found else None))
    return tried


def _named(detector: str) -> tuple[str, str]:
    return DETECTORS[detector].label, DETECTORS[detector].hint


def _cut(found: str | None) -> str | None:
    return found[: rules.MAX_SHOWN_CHARACTERS] if found else None


def judge_words(judge_version: JudgeVersion) -> str:
    """Who decides, in a few words: "3 rules", "content filter", "gpt-x, 3 votes", "verdicts of garak"."""
    kind, spec = judge_version.judge.kind, judge_version.spec
    if kind == JudgeKind.RULE:
        return _counted(len(spec["patterns"]) + len(spec.get("detectors", [])), "rule")
    if kind == JudgeKind.MODEL:
        return f"{spec['model'] or 'a model'}, {_counted(spec['votes'], 'vote')}"
    return "content filter" if kind == JudgeKind.CONTENT_FILTER else f"verdicts of {spec['tool']}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class VersionLine:
    """One version, and in words what it changed against the one before; nothing for the first."""

    version: MetricVersion
    changed: list[str]
    judge: str


VERSION_FIELDS = {
    "definition": "definition",
    "harmful_examples": "harmful examples",
    "harmless_examples": "harmless examples",
    "scale": "scale",
    "threshold": "threshold",
    "target_rate": "target",
    "judge_version_id": "judge",
}


def history(metric: Metric) -> list[VersionLine]:
    """Every version, newest first."""
    versions = list(
        MetricVersion.objects.filter(metric=metric).select_related("created_by", "judge_version__judge", "judge_version__configuration").order_by("-number")
    )
    before = [*versions[1:], None]
    return [VersionLine(version, _changed(earlier, version), judge_words(version.judge_version)) for version, earlier in zip(versions, before, strict=True)]


def metrics_of(system: AISystem) -> QuerySet[Any]:
    """The system's metrics with their newest version and harm."""
    return with_newest_version(Metric.objects.filter(system=system).select_related("harm"))


def runs_of_metrics(metrics: Iterable[Metric]) -> Counter[int]:
    """How many runs each of these metrics judges, by metric id; two queries, for the planner's sake as with sets."""
    metrics_by_version = dict(MetricVersion.objects.filter(metric__in=metrics).values_list("pk", "metric_id"))
    counted: Counter[int] = Counter()
    for version, runs in RunMetric.objects.filter(metric_version__in=list(metrics_by_version)).order_by().values_list("metric_version").annotate(Count("pk")):
        counted[metrics_by_version[version]] += runs
    return counted


def metric_count(system: AISystem) -> int:
    return Metric.objects.filter(system=system).count()


def _changed(before: MetricVersion | None, version: MetricVersion) -> list[str]:
    if before is None:
        return []
    return [words for field, words in VERSION_FIELDS.items() if getattr(before, field) != getattr(version, field)]
