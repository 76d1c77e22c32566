"""Shape of what is sent to make a stress set."""

from __future__ import annotations

from typing import Any

from django import forms

from measurements import transforms
from measurements.actions.stress import LARGEST_SEED, MOST_MADE

DEFAULT_CASES = 200
CHOICES = [(transform.slug, transform.name) for transform in transforms.ALL]


class StressForm(forms.Form):
    """Name, how many cases, which transforms and the seed of a stress set."""

    name = forms.CharField(label="Name of the new set", max_length=120)
    most_cases = forms.IntegerField(label="Cases at most", min_value=1, max_value=MOST_MADE, help_text="Drawn at random from all of them where there are more.")
    seed = forms.IntegerField(
        label="Seed", min_value=0, max_value=LARGEST_SEED, initial=0, help_text="The same seed draws the same cases and makes the same changes."
    )
    transforms = forms.MultipleChoiceField(
        label="Transforms", choices=CHOICES, widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one transform."}
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].widget.attrs["autofocus"] = True
