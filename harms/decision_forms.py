"""Shapes of what people decide about harms and candidates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from harms import selectors
from harms.enums import Origin, Treatment
from harms.forms import ORIGIN_HINTS
from harms.models import Harm, HarmCategory
from raiportal.accounts.models import User
from raiportal.look.widgets import HintedRadioSelect
from systems import selectors as system_selectors
from systems.models import AISystem

TREATMENT_HINTS: dict[str, str] = {
    Treatment.MITIGATE: "Make it rarer or less bad",
    Treatment.AVOID: "Give up what leads to it",
    Treatment.TRANSFER: "Somebody else bears it, by contract or insurance",
    Treatment.ACCEPT: "Bear what remains; it then takes a sign-off, which always ends",
}


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class HarmChoice(forms.ModelChoiceField):
    """A harm by its code and title."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.code} {obj.title}"


class TreatmentForm(forms.Form):
    treatment = forms.ChoiceField(
        choices=Treatment.choices, widget=HintedRadioSelect(hints=TREATMENT_HINTS), error_messages={"required": "Choose what is done about it."}
    )
    words = forms.CharField(
        max_length=4_000, widget=forms.Textarea(attrs={"rows": 4}), label="What is done, or why it is borne", help_text="Whoever accepts the risk reads this."
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet", label="Who sees to it")
    due_on = forms.DateField(required=False, widget=DateInput(), label="Done by", help_text="They are reminded before it.")
    reason = forms.CharField(required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}), help_text="Why it changes; kept in the history.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = system_selectors.people_to_choose()  # type: ignore[attr-defined]


class ReviewForm(forms.Form):
    note = forms.CharField(
        max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}), label="What you looked at and found", error_messages={"required": "Say what you found."}
    )
    next_on = forms.DateField(required=False, widget=DateInput(), label="Look at it again by", help_text="Left empty, its score says when.")


class MergeForm(forms.Form):
    into = HarmChoice(queryset=Harm.objects.none(), empty_label="Choose a harm", label="Merge into", error_messages={"required": "Choose the other harm."})
    reason = forms.CharField(
        max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}), label="Why the two are one", error_messages={"required": "Say why the two are one."}
    )

    def __init__(self, *args: Any, harm: Harm, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = selectors.harms_of(harm.system).exclude(pk=harm.pk)  # type: ignore[attr-defined]


class BaselineForm(forms.Form):
    title = forms.CharField(max_length=160, label="Name", help_text="What it is for, such as: Before the pilot.")
    reason = forms.CharField(required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))


class CandidateForm(forms.Form):
    """What somebody saw."""

    title = forms.CharField(max_length=160, label="What was seen", help_text="In one line.")
    summary = forms.CharField(required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 4}), label="How it came about")


class NewHarmForm(forms.Form):
    """What the register needs to take a candidate as a harm."""

    title = forms.CharField(max_length=160, label="What goes wrong", help_text="In one line, such as: Invented medication or dose.")
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}), label="How, and for whom")
    category = forms.ModelChoiceField(
        queryset=HarmCategory.objects.none(), empty_label="Choose a category", error_messages={"required": "Choose the category that fits best."}
    )
    origin = forms.ChoiceField(choices=Origin.choices, widget=HintedRadioSelect(hints=ORIGIN_HINTS), error_messages={"required": "Say where it comes from."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = selectors.categories()  # type: ignore[attr-defined]


class LinkForm(forms.Form):
    """Which known harm it is one more instance of."""

    harm = HarmChoice(queryset=Harm.objects.none(), empty_label="Choose a harm", error_messages={"required": "Choose the harm that it belongs to."})
    reason = forms.CharField(required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, system: AISystem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        harms: QuerySet[Harm] = selectors.harms_of(system)
        self.fields["harm"].queryset = harms  # type: ignore[attr-defined]
