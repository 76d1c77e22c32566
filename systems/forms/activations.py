"""The shape of an order of configurations for an environment, and of the review of an emergency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from raiportal.look.forms import LONGEST_REASON
from systems.enums import Environment, Finding
from systems.extensions import Share
from systems.models import ActivationShare, Configuration

ROWS = 4  # configurations that the form has room for; the API takes longer orders


class ConfigurationChoice(forms.ModelChoiceField):
    """Configurations of one system, by code, deployment and note."""

    def label_from_instance(self, configuration: Any) -> str:
        prompt = f", metaprompt v{configuration.metaprompt.number}" if configuration.metaprompt else ""
        note = f": {configuration.note}" if configuration.note else ""
        return f"{configuration.code}, {configuration.deployment.name}{prompt}{note}"


def _configuration(label: str, *, is_first: bool) -> ConfigurationChoice:
    return ConfigurationChoice(
        queryset=Configuration.objects.none(),
        label=label,
        required=is_first,
        empty_label="Choose one" if is_first else "None",
        error_messages={"required": "Choose one."},
    )


def _share(initial: int | None = None) -> forms.IntegerField:
    """Whoever is first starts with all of it; the others have a share only where they are chosen."""
    return forms.IntegerField(
        label="Share, %",
        min_value=1,
        max_value=100,
        required=initial is not None,
        initial=initial,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": "Give its share of the traffic."},
    )


class ActivationForm(forms.Form):
    """Usually one configuration at 100 %; more with a share each. `replaces` is the activation that the page showed."""

    environment = forms.ChoiceField(choices=Environment.choices)
    configuration = _configuration("Configuration", is_first=True)
    share = _share(100)
    configuration_2 = _configuration("Second configuration", is_first=False)
    share_2 = _share()
    configuration_3 = _configuration("Third configuration", is_first=False)
    share_3 = _share()
    configuration_4 = _configuration("Fourth configuration", is_first=False)
    share_4 = _share()
    reason = forms.CharField(max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": "Say why."})

    def __init__(self, *args: Any, configurations: QuerySet[Configuration], **options: Any) -> None:
        super().__init__(*args, **options)
        for name in _names("configuration"):
            self.fields[name].queryset = configurations  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for configuration, share in zip(_names("configuration"), _names("share"), strict=True):
            if cleaned.get(configuration) and share in cleaned and cleaned[share] is None:
                self.add_error(share, "Give its share of the traffic.")
            if cleaned.get(share) and configuration != "configuration" and configuration in cleaned and not cleaned[configuration]:
                self.add_error(configuration, "Choose the configuration that gets this share.")
        return cleaned

    @property
    def shares(self) -> list[Share]:
        pairs = [(self.cleaned_data.get(name), self.cleaned_data.get(share)) for name, share in zip(_names("configuration"), _names("share"), strict=True)]
        return [Share(configuration, percent) for configuration, percent in pairs if configuration and percent]

    @property
    def further_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[name], self[share]) for name, share in list(zip(_names("configuration"), _names("share"), strict=True))[1:]]

    @property
    def is_split(self) -> bool:
        """Whether more than the first row is filled in."""
        return any(bound.value() or bound.errors for pair in self.further_rows for bound in pair)


def initial_of_order(environment: str, shares: Sequence[ActivationShare]) -> dict[str, Any]:
    """The order of an earlier activation, as far as the form has room for it."""
    given: dict[str, Any] = {"environment": environment}
    for name, share, row in zip(_names("configuration"), _names("share"), shares, strict=False):
        given |= {name: row.configuration_id, share: row.share}
    return given


def _names(start: str) -> list[str]:
    return [start, *(f"{start}_{row}" for row in range(2, ROWS + 1))]


class ReviewForm(forms.Form):
    """What the review of an emergency activation found."""

    finding = forms.ChoiceField(choices=Finding.choices, widget=forms.RadioSelect, error_messages={"required": "Choose one."})
    finding_text = forms.CharField(
        max_length=20_000, label="What you found", widget=forms.Textarea(attrs={"rows": 4}), error_messages={"required": "Say what you found."}
    )
