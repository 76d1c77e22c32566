"""The shape of what people enter about content filters: one choice for each category, side and detector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from systems.enums import DetectorMode, FilterProvider, Threshold
from systems.filter_settings import CATEGORIES, DETECTORS, SIDES
from systems.models import FilterConfiguration

NOT_KNOWN = ("", "Not known")


class RestField(forms.JSONField):
    """JSON that a reader may also refuse: nested too deep, or with a number of thousands of digits. Django's own knows broken syntax alone."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed comes back as it was typed."""
        return None if data is None else forms.fields.InvalidJSONInput(data)


class FilterForm(forms.Form):
    """`settings` gives what was chosen in the shape of `systems.filter_settings`."""

    name = forms.CharField(max_length=120, help_text="What the provider's page calls them.", error_messages={"required": "Give the filters a name."})
    provider = forms.ChoiceField(choices=FilterProvider.choices, initial=FilterProvider.AZURE_OPENAI)
    blocklists = forms.CharField(required=False, label="Block lists", widget=forms.Textarea(attrs={"rows": 2}), help_text="Names, one a line.")
    other = RestField(
        required=False,
        label="Other settings",
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text='What has no field here, as JSON: {"name": "value"}.',
        error_messages={"invalid": 'Write JSON, such as {"name": "value"}.'},
    )
    note = forms.CharField(max_length=300, required=False, label="What changed")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for category, words in CATEGORIES.items():
            for side, side_words in SIDES.items():
                self.fields[f"{category}_{side}"] = _choice(f"{words}, {side_words.lower()}", Threshold.choices)
        for detector, words in DETECTORS.items():
            self.fields[detector] = _choice(words, DetectorMode.choices)

    @property
    def category_fields(self) -> list[forms.BoundField]:
        return [self[f"{category}_{side}"] for category in CATEGORIES for side in SIDES]

    @property
    def detector_fields(self) -> list[forms.BoundField]:
        return [self[detector] for detector in DETECTORS]

    @property
    def settings(self) -> dict[str, Any]:
        given = self.cleaned_data
        sides = {category: {side: given[f"{category}_{side}"] for side in SIDES if given[f"{category}_{side}"]} for category in CATEGORIES}
        return {
            "categories": {category: chosen for category, chosen in sides.items() if chosen},
            "detectors": {detector: given[detector] for detector in DETECTORS if given[detector]},
            "blocklists": given["blocklists"].splitlines(),
            "other": given["other"] or {},
        }


def _choice(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[NOT_KNOWN, *choices], required=False)


def initial_of_filters(filters: FilterConfiguration) -> dict[str, Any]:
    settings: Mapping[str, Any] = filters.settings
    sides = {f"{category}_{side}": value for category, chosen in settings["categories"].items() for side, value in chosen.items()}
    rest = {"blocklists": "\n".join(settings["blocklists"]), "other": json.dumps(settings["other"], indent=2) if settings["other"] else ""}
    return {"name": filters.name, "provider": filters.provider, **sides, **settings["detectors"], **rest}
