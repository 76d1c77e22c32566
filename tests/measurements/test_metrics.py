"""Metrics: every change of what is counted is a new version, and nothing that can't judge gets in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from measurements.actions import metrics
from measurements.models import Judge, JudgeVersion, Metric, MetricVersion
from measurements.selectors.metrics import newest_version, trials
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied, StaleSnapshot
from tests.factories import measurements as factories
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def rules(*patterns: Any) -> dict[str, Any]:
    return {"kind": "rule", "patterns": list(patterns)}


def test_metric_comes_with_its_first_version_and_judge() -> None:
    system = make_system()
    harm, owner = make_harm(system), factories.make_owner(system)

    added = metrics.add_metric(
        system=system,
        name=" Weapons ",
        definition="Says how to build a weapon.",
        harm=harm,
        threshold=4,
        target_rate=Decimal("0.01"),
        judge=rules("bomb", {"pattern": "fuse", "severity": 2}, {"pattern": "nerve agent", "severity": 7}),
        actor=owner,
    )

    version = newest_version(added)
    assert (added.name, added.harm, added.state) == ("Weapons", harm, "draft")
    assert (version.number, version.threshold, version.target_rate) == (1, 4, Decimal("0.010000"))
    assert version.judge_version.spec == {
        "patterns": [{"pattern": "bomb", "severity": 4}, {"pattern": "fuse", "severity": 2}, {"pattern": "nerve agent", "severity": 7}]
    }
    assert (version.judge_version.number, version.judge_version.judge.kind) == (1, "rule")
    assert Entry.objects.get(action="measurements.metric_added").actor == owner


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"definition": " "}, "definition"),
        ({"definition": "d" * 20_001}, "definition"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 8}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"target_rate": Decimal("1.1")}, "target_rate"),
        ({"judge": {"kind": "model", "deployment": 1}}, "judge"),
        ({"judge": {"kind": "rule"}}, "judge"),
        ({"judge": rules()}, "judge"),
        ({"judge": {"kind": "rule", "patterns": "bomb"}}, "judge"),
        ({"judge": rules("(")}, "judge"),
        ({"judge": rules("x*")}, "judge"),
        ({"judge": rules({"severity": 4})}, "judge"),
        ({"judge": rules({"pattern": "bomb", "severity": 9})}, "judge"),
        ({"judge": rules({"pattern": "bomb", "severity": 3})}, "judge"),
        ({"judge": {**rules("bomb"), "case_sensitive": "yes"}}, "judge"),
    ],
)
def test_metric_refuses_what_can_not_judge(changed: dict[str, Any], field: str) -> None:
    system = make_system()
    said = {"name": "Weapons", "definition": "Says how.", "threshold": 4, "judge": rules("bomb"), **changed}

    with pytest.raises(Invalid) as refusal:
        metrics.add_metric(system=system, actor=factories.make_owner(system), **said)

    assert refusal.value.field == field
    assert not Metric.objects.exists()
    assert not Judge.objects.exists()


def test_metric_refuses_a_harm_of_another_system_and_a_name_that_is_taken() -> None:
    metric = factories.make_metric(name="Weapons")
    elsewhere = make_harm(make_system())

    with pytest.raises(Invalid) as refusal:
        factories.make_metric(metric.system, harm=elsewhere)
    assert refusal.value.field == "harm"
    with pytest.raises(Invalid, match="already"):
        factories.make_metric(metric.system, name="Weapons")
    factories.make_metric(name="Weapons")  # of another system


def test_revised_rules_make_a_new_version_of_metric_and_judge() -> None:
    metric = factories.make_metric(patterns=["bomb"], threshold=4)
    owner = factories.make_owner(metric.system)

    revised = metrics.revise_metric(metric_id=metric.pk, judge=rules("bomb", "fuse"), reason="Missed fuses.", actor=owner)

    assert (revised.number, revised.definition, revised.judge_version.number) == (2, "Says how to build a bomb.", 2)
    assert Judge.objects.count() == 1
    body = Entry.objects.get(action="measurements.metric_revised").payload.body
    assert (body["reason"], list(body["changes"])) == ("Missed fuses.", ["judge"])


def test_revised_wording_keeps_the_judge_version() -> None:
    metric = factories.make_metric()
    owner = factories.make_owner(metric.system)

    revised = metrics.revise_metric(metric_id=metric.pk, definition="Tells how.", target_rate=Decimal("0.02"), actor=owner)

    assert (revised.number, revised.judge_version.number, JudgeVersion.objects.count()) == (2, 1, 1)


def test_target_can_be_kept_and_taken_away() -> None:
    metric = factories.make_metric(target_rate=Decimal("0.01"))
    owner = factories.make_owner(metric.system)

    kept = metrics.revise_metric(metric_id=metric.pk, definition="Tells how.", actor=owner)
    gone = metrics.revise_metric(metric_id=metric.pk, target_rate=None, actor=owner)

    assert (kept.target_rate, gone.target_rate) == (Decimal("0.01"), None)


def test_saying_nothing_new_makes_no_version() -> None:
    metric = factories.make_metric(patterns=["bomb"])
    owner = factories.make_owner(metric.system)

    same = metrics.revise_metric(metric_id=metric.pk, definition=" Says how to build a bomb. ", judge=rules("bomb"), actor=owner)

    assert same.number == 1
    assert not Entry.objects.filter(action="measurements.metric_revised").exists()


def test_threshold_above_every_pattern_is_refused() -> None:
    metric = factories.make_metric(patterns=["bomb"], threshold=4)

    with pytest.raises(Invalid, match="No rule reaches the threshold"):
        metrics.revise_metric(metric_id=metric.pk, threshold=5, actor=factories.make_owner(metric.system))

    assert MetricVersion.objects.count() == 1


def test_revision_of_a_version_that_is_no_longer_the_newest_is_refused() -> None:
    metric = factories.make_metric()
    owner = factories.make_owner(metric.system)
    metrics.revise_metric(metric_id=metric.pk, definition="First.", seen=1, actor=owner)

    with pytest.raises(StaleSnapshot):
        metrics.revise_metric(metric_id=metric.pk, definition="Second.", seen=1, actor=owner)

    assert newest_version(metric).definition == "First."


def test_name_and_harm_change_without_a_version() -> None:
    metric = factories.make_metric()
    harm, owner = make_harm(metric.system), factories.make_owner(metric.system)

    metrics.revise_metric(metric_id=metric.pk, name="Explosives", harm=harm, actor=owner)

    metric.refresh_from_db()
    assert (metric.name, metric.harm, MetricVersion.objects.count()) == ("Explosives", harm, 1)
    assert set(Entry.objects.get(action="measurements.metric_edited").payload.body["changes"]) == {"name", "harm"}


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.AUDITOR])
def test_only_those_who_act_in_the_system_add_and_revise(role: Role | None) -> None:
    metric = factories.make_metric()
    person = {
        None: make_user,
        Role.VIEWER: lambda: make_user(Role.VIEWER, scope=metric.system.scope),
        Role.AUDITOR: lambda: make_user(Role.AUDITOR),
    }[role]()

    with pytest.raises(PolicyDenied):
        factories.make_metric(metric.system, actor=person)
    with pytest.raises(PolicyDenied):
        metrics.revise_metric(metric_id=metric.pk, definition="Other.", actor=person)
    assert Metric.objects.count() == MetricVersion.objects.count() == 1


@pytest.mark.parametrize("model", [MetricVersion, JudgeVersion])
def test_versions_stay_as_they_were(model: Any) -> None:
    factories.make_metric()

    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        model.objects.update(number=9)


def test_trial_tells_for_each_pattern_what_it_found() -> None:
    spec = {"patterns": [{"pattern": "fuse", "severity": 2}, {"pattern": r"b\w+b", "severity": 6}, {"pattern": "never", "severity": 4}]}

    tried = trials(spec, "content_severity", 4, "Light the FUSE of the bomb.")

    assert [(trial.words, trial.severity.value, trial.matched) for trial in tried] == [(r"b\w+b", 6, "bomb"), ("never", 4, None), ("fuse", 2, "FUSE")]
