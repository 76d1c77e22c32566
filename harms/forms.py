"""Shapes of what people enter about harms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from harms import selectors
from harms.enums import Axis, Origin
from harms.models import Harm, HarmCategory, RiskScale, ScaleLevel
from raiportal.accounts.models import User
from raiportal.look.widgets import HintedRadioSelect
from systems import selectors as system_selectors

ORIGIN_HINTS: dict[str, str] = {
    Origin.MODEL: "The model itself does it",
    Origin.APPLICATION: "What is built around the model does it: retrieval, tools, filters, storage",
    Origin.SCENARIO: "It comes from how people use the system",
}


class HarmForm(forms.Form):
    title = forms.CharField(max_length=160, label="What goes wrong", help_text="In one line, such as: Invented medication or dose.")
    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 4}), label="How, and for whom", help_text="Who is hurt, how it comes about, what it leads to."
    )
    category = forms.ModelChoiceField(
        queryset=HarmCategory.objects.none(), empty_label="Choose a category", error_messages={"required": "Choose the category that fits best."}
    )
    origin = forms.ChoiceField(choices=Origin.choices, widget=HintedRadioSelect(hints=ORIGIN_HINTS), error_messages={"required": "Say where it comes from."})
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet", help_text="Sees to it that something is done.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = selectors.categories()  # type: ignore[attr-defined]
        self.fields["owner"].queryset = system_selectors.people_to_choose()  # type: ignore[attr-defined]


def words_of(harm: Harm) -> dict[str, Any]:
    return {name: getattr(harm, name) for name in HarmForm.base_fields}


class AssessmentForm(forms.Form):
    """Severity and frequency on the levels of a scale, each with the words that anchor it."""

    severity = forms.TypedChoiceField(coerce=int, error_messages={"required": "Choose how bad it is."})
    frequency = forms.TypedChoiceField(coerce=int, error_messages={"required": "Choose how often it happens."})
    rationale = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What it rests on",
        help_text="What you saw, read or were told. It stays with the score.",
        error_messages={"required": "Say what the two levels rest on."},
    )

    def __init__(self, *args: Any, scale: RiskScale, levels: Mapping[str, Sequence[ScaleLevel]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hints = {
            Axis.SEVERITY: f"{scale.severity_unit[:1].upper()}{scale.severity_unit[1:]}",
            Axis.FREQUENCY: f"How often in ordinary use, {scale.frequency_unit}",
        }
        for axis, hint in hints.items():
            field = self.fields[axis]
            field.widget = HintedRadioSelect(hints={str(level.level): level.anchor for level in levels[axis]})
            field.choices = [(level.level, f"{level.level} {level.label}") for level in levels[axis]]  # type: ignore[attr-defined]
            field.help_text = hint
