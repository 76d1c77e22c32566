"""Shapes of what is sent about sets and their files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from harms.models import Harm
from measurements.enums import Sampling, UploadFormat
from raiportal.look.widgets import HintedRadioSelect

SAMPLING_HINTS = {
    Sampling.TARGETED: "A rate on such cases says how often when provoked, never how often in use.",
    Sampling.REPRESENTATIVE: "Drawn from real or realistic use, so that a rate may stand for use.",
    Sampling.BENIGN: "Shows how often the system refuses what it should answer.",
}


class HarmChoices(forms.ModelMultipleChoiceField):
    """Harms of one system, by code and title."""

    def label_from_instance(self, harm: Any) -> str:
        return f"{harm.code} {harm.title}"


class SetForm(forms.Form):
    """Name, description, sampling and harms of a set."""

    name = forms.CharField(label="Name", max_length=120, help_text="What the cases are and where they come from, such as “HarmBench, standard behaviours”.")
    description = forms.CharField(label="Description", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}))
    sampling = forms.ChoiceField(
        label="Sampling",
        choices=Sampling.choices,
        initial=Sampling.TARGETED.value,
        widget=HintedRadioSelect(hints={str(key): hint for key, hint in SAMPLING_HINTS.items()}),
    )
    harms = HarmChoices(label="Harms that it probes", required=False, queryset=Harm.objects.none(), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, harms: QuerySet[Harm], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["harms"].queryset = harms  # type: ignore[attr-defined]
        if not harms.exists():
            del self.fields["harms"]


class UploadForm(forms.Form):
    """A file of cases, or of cases with answers. The file itself is checked while it is read."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="Cases, or what garak, PyRIT or promptfoo wrote; text in UTF-8, at most 50 MB. Nothing is stored in the set before you confirm.",
    )
    format = forms.ChoiceField(label="Format", required=False, choices=[("", "Find out from the file"), *UploadFormat.choices])
