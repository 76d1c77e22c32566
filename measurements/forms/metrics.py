"""Shapes of what is sent about metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from harms.models import Harm
from measurements.enums import JudgeKind, Scale
from measurements.forms.trials import ANNOTATIONS, ANNOTATIONS_HINT, LONGEST_TRIAL
from measurements.judges import content_filter
from measurements.judges.detectors import DETECTORS
from measurements.judges.model import MOST_VOTES
from measurements.judges.scales import USUAL_THRESHOLDS, choices
from measurements.models import MetricVersion
from measurements.models.metrics import HIGHEST_SEVERITY
from raiportal.look.widgets import CheckboxesAcross, HintedRadioSelect
from systems.models import Deployment

WITH_SEVERITY = re.compile(rf"([1-{HIGHEST_SEVERITY}]):\s+(.*)\Z", re.DOTALL)
PERCENT = Decimal(100)
OUT_OF_RANGE = "A target is a rate: from 0 to 100 %%."  # a template of Django's
USUAL_VOTES = 3
KINDS = (JudgeKind.RULE, JudgeKind.CONTENT_FILTER, JudgeKind.MODEL)  # that a person can choose
KIND_HINTS = {
    JudgeKind.RULE.value: "Patterns, refusals in words and personal data. At once, and the same every time.",
    JudgeKind.CONTENT_FILTER.value: "What the provider's own filter says of an answer. Outputs it said nothing about stay unjudged.",
    JudgeKind.IMPORTED.value: "The verdicts that came with another tool's results stay what they are.",
    JudgeKind.MODEL.value: "A model reads every answer by the definition above. It costs calls, and it errs: check it against people.",
}
SCALE_HINTS = {
    Scale.CONTENT_SEVERITY.value: "As content filters grade. 1 to 3 low, 4 and 5 medium, 6 and 7 high.",
    Scale.FIVE_LEVELS.value: "None, slight, moderate, serious, extreme.",
    Scale.YES_NO.value: "Either it is what the definition describes or it isn't.",
}
FIELDS_OF_KIND = {
    JudgeKind.RULE: ("patterns", "case_sensitive", *(f"detect_{name}" for name in DETECTORS)),
    JudgeKind.CONTENT_FILTER: ("categories", "side", "detected_severity"),
    JudgeKind.MODEL: ("deployment", "votes"),
}
SIDES = (("completion", "The answer"), ("prompt", "The prompt"), ("both", "Both"))
NOT_LOOKED_FOR = ("", "–")


class HarmChoice(forms.ModelChoiceField):
    """A harm of one system, by code and title."""

    def label_from_instance(self, harm: Any) -> str:
        return f"{harm.code} {harm.title}"


class DeploymentChoice(forms.ModelChoiceField):
    """A deployment that may judge, by name and model."""

    def label_from_instance(self, deployment: Any) -> str:
        whose = "" if deployment.system_id else ", the organisation's"
        return f"{deployment.name} ({deployment.model}{whose})" if deployment.model else f"{deployment.name}{whose}"


class MetricForm(forms.Form):
    """A metric with its judge. Of the fields about judging those of the chosen kind count; rules are one pattern a line: `6: pattern`, or a bare
    pattern that gets the threshold."""

    kinds: tuple[JudgeKind, ...] = KINDS

    name = forms.CharField(label="Name", max_length=120)
    harm = HarmChoice(label="Harm", required=False, queryset=Harm.objects.none(), empty_label="None yet")
    definition = forms.CharField(
        label="What counts as harmful",
        max_length=20_000,
        help_text="So that two people who read an output would decide alike.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    harmful_examples = forms.CharField(label="Harmful, for example", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}))
    harmless_examples = forms.CharField(label="Harmless, for example", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}))
    target_percent = forms.DecimalField(
        label="Target: at most, in %",
        required=False,
        min_value=Decimal(0),
        max_value=PERCENT,
        max_digits=7,
        decimal_places=4,
        help_text="Share of harmful outputs that must not be exceeded.",
        error_messages=dict.fromkeys(("min_value", "max_value"), OUT_OF_RANGE),
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    scale = forms.ChoiceField(
        label="Scale of severities", choices=Scale.choices, initial=Scale.CONTENT_SEVERITY.value, widget=HintedRadioSelect(hints=SCALE_HINTS)
    )
    threshold = forms.TypedChoiceField(
        label="Harmful from severity",
        coerce=int,
        help_text="What stays below it is judged too, and counts as not harmful.",
        error_messages={"invalid_choice": "Choose a severity of this scale."},
    )
    shown_scale = forms.CharField(required=False, widget=forms.HiddenInput)  # whose severities the threshold's choices are
    kind = forms.ChoiceField(
        label="Who decides",
        choices=[(kind.value, kind.label) for kind in KINDS],
        initial=JudgeKind.RULE.value,
        widget=HintedRadioSelect(hints=KIND_HINTS),
    )
    patterns = forms.CharField(
        label="Patterns",
        required=False,
        strip=False,
        max_length=1_000_000,
        help_text="One a line. Put a severity in front, such as “6: nerve agent”; without one the line gets the severity above. Patterns are "
        "regular expressions (RE2) and match anywhere in the output.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
    )
    case_sensitive = forms.BooleanField(label="Tell capitals from small letters", required=False)
    categories = forms.MultipleChoiceField(
        label="Categories",
        required=False,
        help_text="None chosen: all that the filter speaks of.",
        choices=[(name, name.replace("_", " ").capitalize()) for name in content_filter.CATEGORIES],
        widget=CheckboxesAcross,
    )
    side = forms.ChoiceField(label="What the filter says of", choices=SIDES, initial=content_filter.USUAL_SIDE, widget=HintedRadioSelect(across=True))
    detected_severity = forms.TypedChoiceField(
        label="Severity of a flag without one",
        coerce=int,
        choices=choices(Scale.CONTENT_SEVERITY),
        initial=content_filter.DETECTED_SEVERITY,
        help_text="Some detectors only say whether they found something.",
    )
    deployment = DeploymentChoice(label="Model", queryset=Deployment.objects.none(), empty_label="Choose a deployment")
    votes = forms.TypedChoiceField(
        label="Votes an output",
        coerce=int,
        choices=[(number, str(number)) for number in range(1, MOST_VOTES + 1, 2)],
        initial=USUAL_VOTES,
        help_text="The median counts. Each vote is a call.",
    )
    try_text = forms.CharField(
        label="Answer to try", required=False, strip=False, max_length=LONGEST_TRIAL, widget=forms.Textarea(attrs={"rows": 4}), help_text="The text isn't kept."
    )

    def __init__(self, *args: Any, harms: QuerySet[Harm], deployments: QuerySet[Deployment], fields_url: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["harm"].queryset = harms  # type: ignore[attr-defined]
        self.fields["deployment"].queryset = deployments  # type: ignore[attr-defined]
        self.chosen_scale = self._chosen("scale", Scale.values, Scale.CONTENT_SEVERITY.value)
        self.chosen_kind = self._chosen("kind", [kind.value for kind in self.kinds], JudgeKind.RULE.value)
        self._fit_to_scale()
        self._keep_fields_of_kind()
        if fields_url:
            self._reload_from(fields_url)

    @property
    def detectors(self) -> list[tuple[forms.BoundField, str]]:
        """The choices of severity for each detector, with a hint."""
        return [(self[f"detect_{name}"], detector.hint) for name, detector in DETECTORS.items()]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if self.chosen_kind == JudgeKind.RULE and "patterns" in said and not said["patterns"].strip() and not self._detected():
            self.add_error("patterns", "Give at least one pattern, or look for something below.")
        return said

    def content(self) -> dict[str, Any]:
        """The cleaned form as the actions take it."""
        said = self.cleaned_data
        percent = said["target_percent"]
        return {
            **{name: said[name] for name in ("name", "harm", "definition", "harmful_examples", "harmless_examples", "scale", "threshold")},
            "target_rate": None if percent is None else percent / PERCENT,
            "judge": self.judge(),
        }

    def judge(self) -> dict[str, Any] | None:
        """The judge as the form has it."""
        said = self.cleaned_data
        if self.chosen_kind == JudgeKind.MODEL:
            return {"kind": "model", "deployment": said.get("deployment"), "votes": said.get("votes")}
        if self.chosen_kind == JudgeKind.CONTENT_FILTER:
            chosen = {name: said.get(name) for name in ("categories", "side", "detected_severity")}
            return {"kind": "content_filter", **{name: value for name, value in chosen.items() if value}}
        judge = judge_of(said.get("patterns", ""), case_sensitive=said.get("case_sensitive", False))
        return judge | {"detectors": self._detected()}

    def _detected(self) -> list[dict[str, Any]]:
        chosen = {name: self.cleaned_data.get(f"detect_{name}") for name in DETECTORS}
        return [{"detector": name, "severity": severity} for name, severity in chosen.items() if severity]

    def _chosen(self, name: str, known: Iterable[str], usual: str) -> str:
        """What the form stands at, sent or as it is shown first."""
        value = self.data.get(name) if self.is_bound else self.initial.get(name)
        return str(value) if value and str(value) in known else usual

    def _fit_to_scale(self) -> None:
        """Severities to choose from are those of the scale; a threshold that isn't on it gives way to the usual one."""
        severities = choices(self.chosen_scale)
        threshold = self.fields["threshold"]
        threshold.choices = severities  # type: ignore[attr-defined]
        threshold.initial = USUAL_THRESHOLDS[Scale(self.chosen_scale)]
        self.initial = {**self.initial, "shown_scale": self.chosen_scale}
        for name, detector in DETECTORS.items():
            self.fields[f"detect_{name}"] = forms.TypedChoiceField(
                label=detector.label, required=False, coerce=int, empty_value=None, choices=[NOT_LOOKED_FOR, *severities]
            )

    def _keep_fields_of_kind(self) -> None:
        for kind, names in FIELDS_OF_KIND.items():
            for name in names if kind != self.chosen_kind else ():
                del self.fields[name]
        if self.chosen_kind == JudgeKind.CONTENT_FILTER:
            self.fields["try_text"].label, self.fields["try_text"].help_text = ANNOTATIONS, ANNOTATIONS_HINT

    def _reload_from(self, url: str) -> None:
        for name in ("scale", "kind"):
            self.fields[name].widget.attrs |= {"hx-post": url, "hx-trigger": "change", "hx-target": "#metric-judge", "hx-swap": "outerHTML"}


class RevisionForm(MetricForm):
    """The same with why, and with the version that was looked at. Verdicts that came with an import can stay what decides."""

    reason = forms.CharField(label="Why it changes", required=False, max_length=2_000)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, version: MetricVersion, **options: Any) -> None:
        judge_version = version.judge_version
        self.kinds = (*KINDS, JudgeKind.IMPORTED) if judge_version.judge.kind == JudgeKind.IMPORTED else KINDS
        super().__init__(*args, **options)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in self.kinds]  # type: ignore[attr-defined]
        own = [name for name in judge_version.spec.get("categories", []) if name not in content_filter.CATEGORIES]
        if categories := self.fields.get("categories"):
            categories.choices = [*categories.choices, *((name, name) for name in own)]  # type: ignore[attr-defined]

    def content(self) -> dict[str, Any]:
        return {**super().content(), "reason": self.cleaned_data["reason"], "seen": self.cleaned_data["seen"]}

    def judge(self) -> dict[str, Any] | None:
        """The judge as the form has it; None: as it is."""
        return None if self.chosen_kind == JudgeKind.IMPORTED else super().judge()


def judge_of(lines: str, *, case_sensitive: bool) -> dict[str, Any]:
    """The judge that the lines of a form stand for."""
    patterns: list[Any] = []
    for line in (line.strip() for line in lines.splitlines()):
        if found := WITH_SEVERITY.match(line):
            patterns.append({"severity": int(found[1]), "pattern": found[2]})
        elif line:
            patterns.append(line)
    return {"kind": "rule", "patterns": patterns, "case_sensitive": case_sensitive}


def lines_of(patterns: Iterable[Mapping[str, Any]]) -> str:
    """The patterns of a judge as the lines of a form."""
    return "\n".join(f"{entry['severity']}: {_one_line(entry['pattern'])}" for entry in patterns)


def revision_of(version: MetricVersion) -> dict[str, Any]:
    """What the form shows of the version that it is to revise."""
    metric, target = version.metric, version.target_rate
    return {
        **{name: getattr(version, name) for name in ("definition", "harmful_examples", "harmless_examples", "scale", "threshold")},
        "name": metric.name,
        "harm": metric.harm_id,
        "target_percent": None if target is None else f"{(target * PERCENT).normalize():f}",
        **_judge_of_version(version),
        "seen": version.number,
    }


def _judge_of_version(version: MetricVersion) -> dict[str, Any]:
    judge_version = version.judge_version
    kind, spec = judge_version.judge.kind, judge_version.spec
    if kind == JudgeKind.RULE:
        detectors = {f"detect_{entry['detector']}": entry["severity"] for entry in spec.get("detectors", [])}
        return {"kind": kind, "patterns": lines_of(spec["patterns"]), "case_sensitive": spec.get("case_sensitive", False), **detectors}
    if kind == JudgeKind.CONTENT_FILTER:
        return {"kind": kind, **spec}
    if kind == JudgeKind.MODEL and judge_version.configuration:
        return {"kind": kind, "deployment": judge_version.configuration.deployment_id, "votes": spec["votes"]}
    return {"kind": kind}


def _one_line(pattern: str) -> str:
    """The same pattern without line ends of its own."""
    return pattern.replace("\r", "\\r").replace("\n", "\\n")
