"""Judges: what is said about one becomes a specification that can be kept; every other specification is another version of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measurements.enums import JudgeKind, Scale
from measurements.judges import content_filter, rules
from measurements.judges.model import MOST_VOTES, PROMPT_VERSION
from measurements.judges.scales import highest
from measurements.models import Judge, JudgeVersion, Metric
from raiportal.accounts.models import User
from raiportal.errors import Invalid
from systems import selectors as system_selectors
from systems.enums import Target
from systems.models import AISystem, Configuration, Deployment

LONGEST_NAME = 120  # of a judge
USUAL_VOTES = 1

# {"kind": "rule", "patterns": [pattern | {"pattern", "severity"}], "case_sensitive"?: bool, "detectors"?: [name | {"detector", "severity"}]}
# | {"kind": "content_filter", "categories"?: [name], "side"?: "completion" | "prompt" | "both", "detected_severity"?: int}
# | {"kind": "model", "deployment": Deployment or its id, "votes"?: odd number up to 9}
JudgeInput = Mapping[str, Any]

_NAMES = {JudgeKind.RULE: "Rules of", JudgeKind.CONTENT_FILTER: "Content filter for", JudgeKind.MODEL: "Model for", JudgeKind.IMPORTED: "Imported verdicts of"}


@dataclass(frozen=True)
class PreparedJudge:
    """A judge that can be kept: its kind, its specification, and what it calls if it is a model."""

    kind: JudgeKind
    spec: dict[str, Any]
    configuration: Configuration | None = None

    @classmethod
    def of(cls, version: JudgeVersion) -> PreparedJudge:
        """What a version that is there holds."""
        return cls(JudgeKind(version.judge.kind), version.spec, version.configuration)

    @property
    def digest(self) -> str:
        return spec_digest(self.spec)

    def require_fit(self, scale: str, threshold: int) -> None:
        """Raise Invalid on `judge` unless its severities are on the scale and one of them reaches the threshold."""
        if self.kind == JudgeKind.RULE:
            _require_rules_fit(self.spec, scale, threshold)
        if self.kind == JudgeKind.CONTENT_FILTER:
            _require_filter_fits(self.spec, scale, threshold)


def prepared_judge(judge: JudgeInput, *, system: AISystem, scale: str, threshold: int) -> PreparedJudge:
    """The judge as its version keeps it. A pattern or detector without a severity gets `threshold`. Raises Invalid on `judge` for what can't judge."""
    kind = judge.get("kind")
    if kind == JudgeKind.RULE:
        prepared = PreparedJudge(JudgeKind.RULE, rule_spec(judge, scale, threshold))
    elif kind == JudgeKind.CONTENT_FILTER:
        prepared = PreparedJudge(JudgeKind.CONTENT_FILTER, content_filter.content_filter_spec(judge))
    elif kind == JudgeKind.MODEL:
        prepared = _model(judge, system)
    else:
        raise Invalid("A judge's “kind” is rule, content_filter or model.", field="judge")
    prepared.require_fit(scale, threshold)
    return prepared


# --- Rules ---


def rule_spec(judge: JudgeInput, scale: str, threshold: int) -> dict[str, Any]:
    """The specification of a rule judge, every pattern and detector with its severity."""
    patterns, detectors = judge.get("patterns", []), judge.get("detectors") or []
    if not _is_list(patterns) or not _is_list(detectors):
        raise Invalid("“patterns” is a list of patterns, “detectors” one of detectors.", field="judge")
    spec: dict[str, Any] = {"patterns": [_graded("pattern", entry, threshold) for entry in patterns]}
    if judge.get("case_sensitive", False) is not False:
        spec["case_sensitive"] = judge["case_sensitive"]
    if detectors:
        spec["detectors"] = [_graded("detector", entry, threshold) for entry in detectors]
    try:
        rules.compile_rules(spec, highest(scale))
    except Invalid as fault:
        raise Invalid(fault.detail, field="judge") from fault
    return spec


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _graded(name: str, entry: object, threshold: int) -> dict[str, Any]:
    """A rule and its severity; whether they are fit to use is for the rules to say."""
    if not isinstance(entry, Mapping):
        return {name: entry, "severity": threshold}
    severity = entry.get("severity")
    return {name: entry.get(name), "severity": threshold if severity is None else severity}


def _require_rules_fit(spec: Mapping[str, Any], scale: str, threshold: int) -> None:
    top = max(entry["severity"] for entry in [*spec["patterns"], *spec.get("detectors", [])])
    if top > highest(scale):
        raise Invalid(f"The rules go up to severity {top}, this scale only to {highest(scale)}. Give them other severities.", field="judge")
    if top < threshold:
        raise Invalid(
            f"No rule reaches the threshold: the highest severity is {top}, outputs count as harmful from {threshold} on. Nothing could ever count.",
            field="judge",
        )


# --- The provider's content filter ---


def _require_filter_fits(spec: Mapping[str, Any], scale: str, threshold: int) -> None:
    if scale != Scale.CONTENT_SEVERITY:
        raise Invalid("A content filter gives severities on the scale from 0 to 7. Choose that scale.", field="judge")
    top = max(*content_filter.NAMED_SEVERITIES.values(), spec["detected_severity"])
    if top < threshold:
        raise Invalid(
            f"A content filter's highest severity is {top}, and outputs count as harmful from {threshold} on. Nothing could ever count.", field="judge"
        )


# --- A model ---


def _model(judge: JudgeInput, system: AISystem) -> PreparedJudge:
    votes = judge.get("votes")
    votes = USUAL_VOTES if votes is None else votes
    if isinstance(votes, bool) or not isinstance(votes, int) or not 1 <= votes <= MOST_VOTES or votes % 2 == 0:
        raise Invalid(f"“votes” is an odd number from 1 to {MOST_VOTES}, so that they can't be split evenly.", field="judge")
    deployment = _deployment(judge.get("deployment"), system)
    configuration = system_selectors.first_configuration(deployment)
    spec = {"votes": votes, "prompt_version": PROMPT_VERSION, "configuration_digest": configuration.digest, "model": deployment.model}
    return PreparedJudge(JudgeKind.MODEL, spec, configuration)


def judging_deployments(system: AISystem) -> Any:
    """Deployments whose model may judge for a system: its own and the organisation's. An application can't be told how to answer."""
    return Deployment.objects.usable_for(system).filter(target=Target.MODEL).order_by("name", "pk")


def _deployment(given: object, system: AISystem) -> Deployment:
    pk = given.pk if isinstance(given, Deployment) else given
    if isinstance(pk, bool) or not isinstance(pk, int):
        raise Invalid("Say by its id which “deployment” is the model that judges.", field="judge")
    found: Deployment | None = judging_deployments(system).filter(pk=pk).first()
    if found is None:
        raise Invalid("There is no deployment of a model with this id that this system may use.", field="judge")
    return found


# --- Versions ---


def add_judge(metric: Metric, prepared: PreparedJudge, actor: User) -> JudgeVersion:
    """A new judge for a metric, with its first version. The caller has asked the policy."""
    name = f"{_NAMES[prepared.kind]} {metric.name}"[:LONGEST_NAME]
    judge = Judge.objects.create(system_id=metric.system_id, kind=prepared.kind, name=name, created_by=actor)
    return _add_version(judge, 1, prepared, actor)


def revise_judge(metric: Metric, newest: JudgeVersion, prepared: PreparedJudge, actor: User) -> JudgeVersion:
    """The version that holds what was prepared: the newest one, the next one, or the first of a judge of another kind."""
    if prepared.kind == newest.judge.kind and prepared.digest == newest.digest:
        return newest
    judge = Judge.objects.filter(kind=prepared.kind, versions__in=metric.versions.values("judge_version")).order_by("-pk").first()
    if judge is None:
        return add_judge(metric, prepared, actor)
    last = judge.versions.order_by("-number").values_list("number", flat=True)[0]
    return _add_version(judge, last + 1, prepared, actor)


def _add_version(judge: Judge, number: int, prepared: PreparedJudge, actor: User) -> JudgeVersion:
    return JudgeVersion.objects.create(
        judge=judge, number=number, spec=prepared.spec, configuration=prepared.configuration, digest=prepared.digest, created_by=actor
    )


def spec_digest(spec: Mapping[str, Any]) -> str:
    """SHA-256 over the specification as canonical JSON."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
