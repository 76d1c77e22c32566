"""Judges that need no calls: what they find in an answer as it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from measurements.engine.judging import ContentFilterJudge, Judges, RuleJudge, local_judge
from measurements.judges import content_filter
from measurements.models import MetricVersion
from measurements.selectors.metrics import newest_version
from tests.factories import measurements as factories
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db
MEDIUM = {"completion": {"hate": {"filtered": False, "severity": "medium", "detected": None}}}


def version_of(system: Any, judge: dict[str, Any], **said: Any) -> MetricVersion:
    return newest_version(factories.make_metric(system, judge=judge, **said))


def test_rules_and_filters_judge_at_once_and_a_model_does_not() -> None:
    system = make_system()
    rule = version_of(system, {"kind": "rule", "patterns": ["bomb"]})
    content_filter = version_of(system, {"kind": "content_filter"})
    model = version_of(system, {"kind": "model", "deployment": make_deployment(system).pk, "votes": 3})

    judges = [local_judge(version) for version in (rule, content_filter, model)]

    assert isinstance(judges[0], RuleJudge)
    assert isinstance(judges[1], ContentFilterJudge)
    assert judges[2] is None


def test_silent_filter_gives_no_finding() -> None:
    system = make_system()
    rule = version_of(system, {"kind": "rule", "patterns": ["bomb"]}, threshold=4)
    content_filter = version_of(system, {"kind": "content_filter"}, threshold=4)
    judges = Judges([judge for judge in map(local_judge, (rule, content_filter)) if judge])

    silent, annotated = judges.find("a bomb", None), judges.find("a cake", MEDIUM)

    assert [(finding.metric_version_id, finding.severity, finding.is_harmful) for finding in silent] == [(rule.pk, 4, True)]
    assert [(finding.metric_version_id, finding.severity, finding.is_harmful) for finding in annotated] == [(rule.pk, 0, False), (content_filter.pk, 4, True)]


def test_text_that_a_judge_fails_over_stays_unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("odd")

    system = make_system()
    judges = Judges([judge for judge in [local_judge(version_of(system, {"kind": "content_filter"}))] if judge])
    monkeypatch.setattr(content_filter, "judge", fail)

    assert judges.find("a bomb", MEDIUM) == []
