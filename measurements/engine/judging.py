"""The judges of a run that need no calls, ready to judge answers: they judge in the statement that stores them. Model judges are asked afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import orjson
import structlog

from measurements.enums import JudgeKind
from measurements.judges import content_filter
from measurements.judges.rules import CompiledRules, compile_rules
from measurements.judges.verdict import Verdict
from measurements.models import MetricVersion, Run

log = structlog.get_logger(__name__)

Filters = Mapping[str, Any] | None  # {"prompt" | "completion": {category: {"filtered", "severity", "detected"}}}


@dataclass(frozen=True)
class Finding:
    """What one judge found by one metric version."""

    metric_version_id: int
    judge_version_id: int
    severity: int
    is_harmful: bool
    reason: str


class LocalJudge(Protocol):
    """A judge that decides from what is stored of an output, without a call. `find` gives None where it can't say anything."""

    @property
    def metric_version_id(self) -> int: ...
    @property
    def judge_version_id(self) -> int: ...
    def find(self, text: str, filters: Filters = None) -> Finding | None: ...


@dataclass(frozen=True)
class _Deciding:
    metric_version_id: int
    judge_version_id: int
    threshold: int

    def _finding(self, verdict: Verdict) -> Finding:
        return Finding(self.metric_version_id, self.judge_version_id, verdict.severity, verdict.severity >= self.threshold, verdict.reason)


@dataclass(frozen=True)
class RuleJudge(_Deciding):
    rules: CompiledRules

    def find(self, text: str, filters: Filters = None) -> Finding:
        return self._finding(self.rules.judge(text))


@dataclass(frozen=True)
class ContentFilterJudge(_Deciding):
    spec: Mapping[str, Any]

    def find(self, text: str, filters: Filters = None) -> Finding | None:
        verdict = content_filter.judge(filters, self.spec)
        return self._finding(verdict) if verdict else None


def found(judge: LocalJudge, text: str, filters: Filters = None) -> Finding | None:
    """What a judge finds, or None: a text that it fails over stays unjudged, and can't hold up the run that it belongs to."""
    try:
        return judge.find(text, filters)
    except Exception:
        log.exception("judge_failed", metric_version_id=judge.metric_version_id, judge_version_id=judge.judge_version_id)
        return None


@dataclass(frozen=True)
class Judges:
    """The local judges of a run's metrics."""

    local: Sequence[LocalJudge]

    @classmethod
    def of_run(cls, run: Run) -> Judges:
        versions = MetricVersion.objects.filter(pk__in=run.run_metrics.values("metric_version")).select_related("judge_version__judge").order_by("pk")
        return cls([judge for judge in map(local_judge, versions) if judge])

    def find(self, text: str, filters: Filters = None) -> list[Finding]:
        """What they find in an answer with the provider's annotations; a judge that can't say anything leaves it unjudged."""
        return [finding for judge in self.local if (finding := found(judge, text, filters))]


def local_judge(version: MetricVersion) -> RuleJudge | ContentFilterJudge | None:
    """The judge of a metric version, with its `judge_version__judge`, if it decides without a call."""
    judge_version = version.judge_version
    if judge_version.judge.kind == JudgeKind.RULE:
        compiled = _compiled(orjson.dumps(judge_version.spec, option=orjson.OPT_SORT_KEYS))
        return RuleJudge(version.pk, judge_version.pk, version.threshold, compiled)
    if judge_version.judge.kind == JudgeKind.CONTENT_FILTER:
        return ContentFilterJudge(version.pk, judge_version.pk, version.threshold, judge_version.spec)
    return None


@lru_cache(maxsize=32)
def _compiled(spec: bytes) -> CompiledRules:
    """Compiled once a process: a thousand patterns take a while."""
    return compile_rules(orjson.loads(spec))
