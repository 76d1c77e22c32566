"""The judges of a run, ready to judge texts. Rule judges are pure functions, so outputs are judged in the statement that stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from measurements.enums import JudgeKind
from measurements.judges.rules import CompiledRules, compile_rules
from measurements.models import MetricVersion, Run


@dataclass(frozen=True)
class Finding:
    """What one judge found by one metric version."""

    metric_version_id: int
    judge_version_id: int
    severity: int
    is_harmful: bool
    reason: str


@dataclass(frozen=True)
class RuleJudge:
    metric_version_id: int
    judge_version_id: int
    threshold: int
    rules: CompiledRules

    def find(self, text: str) -> Finding:
        verdict = self.rules.judge(text)
        return Finding(self.metric_version_id, self.judge_version_id, verdict.severity, verdict.severity >= self.threshold, verdict.reason)


@dataclass(frozen=True)
class Judges:
    """The rule judges of a run's metrics."""

    rule_judges: Sequence[RuleJudge]

    @classmethod
    def of_run(cls, run: Run) -> Judges:
        versions = MetricVersion.objects.filter(pk__in=run.run_metrics.values("metric_version")).select_related("judge_version__judge").order_by("pk")
        return cls([rule_judge(version) for version in versions if version.judge_version.judge.kind == JudgeKind.RULE])

    def find(self, text: str) -> list[Finding]:
        return [judge.find(text) for judge in self.rule_judges]


def rule_judge(version: MetricVersion) -> RuleJudge:
    spec = version.judge_version.spec
    return RuleJudge(version.pk, version.judge_version_id, version.threshold, _compiled(orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)))


@lru_cache(maxsize=32)
def _compiled(spec: bytes) -> CompiledRules:
    """Compiled once a process: a thousand patterns take a while."""
    return compile_rules(orjson.loads(spec))
