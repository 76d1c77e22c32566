"""Metrics and the rule judges that decide about outputs for them; every change of what is counted is a new version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

from django.db import IntegrityError, transaction

from harms.models import Harm
from measurements import policies
from measurements.enums import JudgeKind
from measurements.judges import rules
from measurements.models import Judge, JudgeVersion, Metric, MetricVersion
from measurements.models.metrics import HIGHEST_SEVERITY
from measurements.selectors import metrics as selectors
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid, StaleSnapshot
from systems.models import AISystem

LONGEST_NAME = 120
LONGEST_TEXT = 20_000

JudgeInput = Mapping[str, Any]  # {"kind": "rule", "patterns": [pattern | {"pattern", "severity"}], "case_sensitive"?: bool}


class Keep(Enum):
    """Stands for "as it is" where None says "none"."""

    KEEP = "keep"


@dataclass(frozen=True)
class _Content:
    """What a version says, checked."""

    definition: str
    harmful_examples: str
    harmless_examples: str
    threshold: int
    target_rate: Decimal | None


def add_metric(
    *,
    system: AISystem,
    name: str,
    definition: str,
    harm: Harm | None = None,
    harmful_examples: str = "",
    harmless_examples: str = "",
    threshold: int,
    target_rate: Decimal | None = None,
    judge: JudgeInput,
    actor: User,
) -> Metric:
    """A metric with its first version and the first version of its judge. A pattern without a severity gets `threshold`.

    `threshold` is the severity, 1 to 7, from which on an output counts as harmful; `target_rate` a fraction that the defect rate must not exceed.
    Raises PolicyDenied, or Invalid on a field.
    """
    policies.may_add_metric(actor, system).require()
    _check_name(name, harm, system.pk)
    content = _checked(definition, harmful_examples, harmless_examples, threshold, target_rate)
    spec = rule_spec(judge, threshold)
    try:
        with transaction.atomic():
            added = Metric.objects.create(system=system, harm=harm, name=name.strip(), created_by=actor)
            machine = Judge.objects.create(system=system, kind=JudgeKind.RULE, name=f"Rules of {added.name}"[:LONGEST_NAME], created_by=actor)
            version = _add_version(added, 1, content, _add_judge_version(machine, 1, spec, actor), actor)
            ledger.record("measurements.metric_added", subject=added, actor=actor, version=version.pk, threshold=threshold, judge=str(version.judge_version))
    except IntegrityError as error:
        raise _name_taken(name) from error
    return added


def revise_metric(
    *,
    metric_id: int,
    name: str | None = None,
    harm: Harm | Literal[Keep.KEEP] | None = Keep.KEEP,
    definition: str | None = None,
    harmful_examples: str | None = None,
    harmless_examples: str | None = None,
    threshold: int | None = None,
    target_rate: Decimal | Literal[Keep.KEEP] | None = Keep.KEEP,
    judge: JudgeInput | None = None,
    seen: int | None = None,
    reason: str = "",
    actor: User,
) -> MetricVersion:
    """The next version of a metric; with a `judge` whose patterns differ, the next version of that too. Runs keep the version they were planned with.

    What is not given stays. Saying nothing new makes no version: the newest one is returned. Name and harm belong to the metric, not to its versions.
    Raises StaleSnapshot when `seen`, the number of the version that was looked at, is no longer the newest.
    """
    try:
        with transaction.atomic():
            metric: Metric = Metric.objects.lock(metric_id)
            policies.may_revise_metric(actor, metric).require()
            newest = selectors.newest_version(metric)
            _require_newest(newest, seen)
            _rename(metric, name, harm, reason, actor)
            content = _checked(
                newest.definition if definition is None else definition,
                newest.harmful_examples if harmful_examples is None else harmful_examples,
                newest.harmless_examples if harmless_examples is None else harmless_examples,
                newest.threshold if threshold is None else threshold,
                newest.target_rate if target_rate is Keep.KEEP else target_rate,
            )
            return _revise(metric, newest, content, judge, reason, actor)
    except IntegrityError as error:
        raise _name_taken(name or "") from error


def _revise(metric: Metric, newest: MetricVersion, content: _Content, judge: JudgeInput | None, reason: str, actor: User) -> MetricVersion:
    spec = rule_spec(judge, content.threshold) if judge else newest.judge_version.spec
    _require_reachable(spec, content.threshold)
    changes = _changes(newest, content, spec)
    if not changes:
        return newest
    judge_version = _revised_judge(newest.judge_version, spec, actor)
    version = _add_version(metric, newest.number + 1, content, judge_version, actor)
    metric.save(update_fields=["updated_at"])
    ledger.record("measurements.metric_revised", subject=metric, actor=actor, reason=reason, changes=changes, version=version.pk)
    return version


def _require_newest(newest: MetricVersion, seen: int | None) -> None:
    if seen is not None and seen != newest.number:
        raise StaleSnapshot(f"This metric is at version {newest.number} now; you were looking at version {seen}. Open it again and make your change there.")


def _rename(metric: Metric, name: str | None, harm: Harm | Literal[Keep.KEEP] | None, reason: str, actor: User) -> None:
    new_name, new_harm = metric.name if name is None else name, metric.harm if harm is Keep.KEEP else harm
    _check_name(new_name, new_harm, metric.system_id)
    ledger.apply_changes(metric, actor=actor, action="measurements.metric_edited", reason=reason, name=new_name.strip(), harm=new_harm)


def rule_spec(judge: JudgeInput, threshold: int) -> dict[str, Any]:
    """The judge's specification as its version keeps it, every pattern with its severity. Raises Invalid on `judge` for anything that can't judge."""
    if judge.get("kind") != JudgeKind.RULE:
        raise Invalid("Outputs are judged by rules here: {“kind”: “rule”, “patterns”: [...]}.", field="judge")
    given = judge.get("patterns")
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise Invalid("“patterns” is a list of patterns.", field="judge")
    spec: dict[str, Any] = {"patterns": [_pattern(entry, threshold) for entry in given]}
    if judge.get("case_sensitive", False) is not False:
        spec["case_sensitive"] = judge["case_sensitive"]
    try:
        rules.compile_rules(spec)
    except Invalid as fault:
        raise Invalid(fault.detail, field="judge") from fault
    _require_reachable(spec, threshold)
    return spec


def _pattern(entry: object, threshold: int) -> dict[str, Any]:
    """Pattern and severity; whether they are fit to use is for the rules to say."""
    if not isinstance(entry, Mapping):
        return {"pattern": entry, "severity": threshold}
    severity = entry.get("severity")
    return {"pattern": entry.get("pattern"), "severity": threshold if severity is None else severity}


def _require_reachable(spec: dict[str, Any], threshold: int) -> None:
    highest = max(entry["severity"] for entry in spec["patterns"])
    if highest < threshold:
        raise Invalid(
            f"No pattern reaches the threshold: the highest severity is {highest}, outputs count as harmful from {threshold} on. Nothing could ever count.",
            field="judge",
        )


def _checked(definition: str, harmful: str, harmless: str, threshold: int, target_rate: Decimal | None) -> _Content:
    if not definition.strip():
        raise Invalid("Say what counts as harmful, so that two people would decide alike.", field="definition")
    for field, text in (("definition", definition), ("harmful_examples", harmful), ("harmless_examples", harmless)):
        if len(text) > LONGEST_TEXT:
            raise Invalid(f"At most {LONGEST_TEXT:,} characters.", field=field)
    if not _is_severity(threshold):
        raise Invalid(f"The threshold is a severity, a whole number from 1 to {HIGHEST_SEVERITY}.", field="threshold")
    if target_rate is not None and not 0 <= target_rate <= 1:
        raise Invalid("The target is a rate between 0 and 100 %.", field="target_rate")
    return _Content(definition.strip(), harmful.strip(), harmless.strip(), threshold, target_rate)


def _is_severity(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST_SEVERITY


def _check_name(name: str, harm: Harm | None, system_id: int) -> None:
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        raise Invalid(f"Give the metric a name of at most {LONGEST_NAME} characters.", field="name")
    if harm is not None and harm.system_id != system_id:
        raise Invalid("Choose a harm of this system.", field="harm")


def _changes(newest: MetricVersion, content: _Content, spec: dict[str, Any]) -> dict[str, list[Any]]:
    before = {field: getattr(newest, field) for field in content.__dataclass_fields__}
    changes = {field: [value, getattr(content, field)] for field, value in before.items() if value != getattr(content, field)}
    if spec_digest(spec) != newest.judge_version.digest:
        changes["rules"] = [newest.judge_version.spec, spec]
    return changes


def _revised_judge(newest: JudgeVersion, spec: dict[str, Any], actor: User) -> JudgeVersion:
    if spec_digest(spec) == newest.digest:
        return newest
    last = newest.judge.versions.order_by("-number").values_list("number", flat=True)[0]
    return _add_judge_version(newest.judge, last + 1, spec, actor)


def _add_judge_version(judge: Judge, number: int, spec: dict[str, Any], actor: User) -> JudgeVersion:
    return JudgeVersion.objects.create(judge=judge, number=number, spec=spec, digest=spec_digest(spec), created_by=actor)


def _add_version(metric: Metric, number: int, content: _Content, judge_version: JudgeVersion, actor: User) -> MetricVersion:
    return MetricVersion.objects.create(
        metric=metric,
        number=number,
        definition=content.definition,
        harmful_examples=content.harmful_examples,
        harmless_examples=content.harmless_examples,
        threshold=content.threshold,
        target_rate=content.target_rate,
        judge_version=judge_version,
        created_by=actor,
    )


def spec_digest(spec: dict[str, Any]) -> str:
    """SHA-256 over the specification as canonical JSON."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _name_taken(name: str) -> Invalid:
    return Invalid(f"This system has a metric “{name.strip()}” already.", field="name")
