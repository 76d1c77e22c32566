"""Shapes of what people enter about intended uses and stakeholders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from raiportal.look.widgets import HintedRadioSelect
from systems.enums import Reach
from systems.models import IntendedUse

SUPPORT = [("yes", "Supported"), ("no", "Known to be unfit")]
SUPPORT_HINTS = {"yes": "People are meant to do this with it", "no": "People may try this, and it is known not to be fit for it"}
REACH_HINTS = {Reach.DIRECT: "They use it, or it speaks to them", Reach.INDIRECT: "Its answers are about them or reach them, without their using it"}


class IntendedUseForm(forms.Form):
    title = forms.CharField(
        max_length=160, label="Use", help_text="In a few words, such as “Draft a discharge letter”.", error_messages={"required": "Say what people do with it."}
    )
    description = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), help_text="Who does it, when, with what; where it ends."
    )
    is_supported = forms.TypedChoiceField(
        choices=SUPPORT, coerce=lambda value: value == "yes", initial="yes", label="Is it meant", widget=HintedRadioSelect(hints=SUPPORT_HINTS)
    )


def initial_of_use(use: IntendedUse) -> dict[str, Any]:
    return {"title": use.title, "description": use.description, "is_supported": "yes" if use.is_supported else "no"}


class UseChoices(forms.ModelMultipleChoiceField):
    """Intended uses of one system, by code and title."""

    def label_from_instance(self, use: Any) -> str:
        return f"{use.code} {use.title}"


class StakeholderForm(forms.Form):
    name = forms.CharField(
        max_length=160, label="Group", help_text="Such as “Patients” or “Night-shift nurses”.", error_messages={"required": "Say who they are."}
    )
    reach = forms.ChoiceField(
        choices=Reach.choices,
        initial=Reach.DIRECT,
        label="How it touches them",
        widget=HintedRadioSelect(hints={str(key): hint for key, hint in REACH_HINTS.items()}),
    )
    description = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), help_text="What they stand to gain or lose, and who is most exposed."
    )
    intended_uses = UseChoices(label="In which uses", required=False, queryset=IntendedUse.objects.none(), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, uses: QuerySet[IntendedUse], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["intended_uses"].queryset = uses  # type: ignore[attr-defined]
        if not uses.exists():
            del self.fields["intended_uses"]
