"""Shapes of what is sent about metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from harms.models import Harm
from measurements.models import MetricVersion
from measurements.models.metrics import HIGHEST_SEVERITY
from raiportal.look.levels import severity_band

WITH_SEVERITY = re.compile(rf"([1-{HIGHEST_SEVERITY}]):\s+(.*)\Z", re.DOTALL)
PERCENT = Decimal(100)
SEVERITIES = [(number, f"{number}, {severity_band(number).word}") for number in range(1, HIGHEST_SEVERITY + 1)]
USUAL_THRESHOLD = 4  # the first severity called medium
LONGEST_TRIAL = 100_000  # characters


class HarmChoice(forms.ModelChoiceField):
    """A harm of one system, by code and title."""

    def label_from_instance(self, harm: Any) -> str:
        return f"{harm.code} {harm.title}"


class MetricForm(forms.Form):
    """A metric with its rules, one pattern a line: `6: pattern`, or a bare pattern that gets the threshold."""

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
    threshold = forms.TypedChoiceField(
        label="Harmful from severity", coerce=int, choices=SEVERITIES, initial=USUAL_THRESHOLD, help_text="Outputs are judged 0 (safe) to 7 (high)."
    )
    target_percent = forms.DecimalField(
        label="Target: at most, in %",
        required=False,
        min_value=Decimal(0),
        max_value=PERCENT,
        max_digits=7,
        decimal_places=4,
        help_text="Share of harmful outputs that must not be exceeded.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    patterns = forms.CharField(
        label="Rules",
        strip=False,
        max_length=1_000_000,
        help_text="One pattern a line. Put a severity in front, such as “6: nerve agent”; without one the line gets the severity above. Patterns are "
        "regular expressions (RE2) and match anywhere in the output.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
    )
    case_sensitive = forms.BooleanField(label="Tell capitals from small letters", required=False)
    try_text = forms.CharField(label="Text to try", required=False, strip=False, max_length=LONGEST_TRIAL, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, harms: QuerySet[Harm], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["harm"].queryset = harms  # type: ignore[attr-defined]

    def content(self) -> dict[str, Any]:
        """The cleaned form as the actions take it."""
        said = self.cleaned_data
        percent = said["target_percent"]
        return {
            **{name: said[name] for name in ("name", "harm", "definition", "harmful_examples", "harmless_examples", "threshold")},
            "target_rate": None if percent is None else percent / PERCENT,
            "judge": self.judge(),
        }

    def judge(self) -> dict[str, Any]:
        """The rules as the form has them."""
        return judge_of(self.cleaned_data["patterns"], case_sensitive=self.cleaned_data.get("case_sensitive", False))


class RevisionForm(MetricForm):
    """The same with why, and with the version that was looked at."""

    reason = forms.CharField(label="Why it changes", required=False, max_length=2_000)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def content(self) -> dict[str, Any]:
        return {**super().content(), "reason": self.cleaned_data["reason"], "seen": self.cleaned_data["seen"]}


class TrialForm(forms.Form):
    """A text on which rules are tried."""

    text = forms.CharField(label="Text to try", strip=False, max_length=LONGEST_TRIAL, widget=forms.Textarea(attrs={"rows": 5}))


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
    spec, metric, target = version.judge_version.spec, version.metric, version.target_rate
    return {
        **{name: getattr(version, name) for name in ("definition", "harmful_examples", "harmless_examples", "threshold")},
        "name": metric.name,
        "harm": metric.harm_id,
        "target_percent": None if target is None else f"{(target * PERCENT).normalize():f}",
        "patterns": lines_of(spec["patterns"]),
        "case_sensitive": spec.get("case_sensitive", False),
        "seen": version.number,
    }


def _one_line(pattern: str) -> str:
    """The same pattern without line ends of its own."""
    return pattern.replace("\r", "\\r").replace("\n", "\\n")
