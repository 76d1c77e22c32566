"""Shapes of what people enter about metaprompts and configurations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from raiportal.errors import Invalid
from systems import parameters
from systems.models import Deployment, FilterConfiguration, MetapromptVersion


class MetapromptForm(forms.Form):
    text = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "class": "mono"}),
        label="Text",
        help_text="Sent before every prompt, as the system message.",
        error_messages={"required": "A metaprompt needs a text."},
    )
    note = forms.CharField(max_length=300, required=False, label="What changed")


class ConfigurationForm(forms.Form):
    """Deployment, metaprompt, filters and parameters of one system, or of the organisation, which has neither metaprompts nor filters."""

    deployment = forms.ModelChoiceField(queryset=Deployment.objects.none(), empty_label=None)
    metaprompt = forms.ModelChoiceField(
        queryset=MetapromptVersion.objects.none(),
        required=False,
        empty_label="None",
        help_text="Of an application, the one that it has inside: recorded, not sent.",
    )
    filters = forms.ModelChoiceField(
        queryset=FilterConfiguration.objects.none(),
        required=False,
        empty_label="Not known",
        help_text="Those that are set at the provider for this deployment: recorded, not sent.",
    )
    temperature = forms.FloatField(required=False, help_text="0 to 2. Empty: the endpoint's own.")
    top_p = forms.FloatField(required=False, label="Top p", help_text="0 to 1.")
    max_tokens = forms.IntegerField(required=False, label="Most tokens of an answer")
    seed = forms.IntegerField(required=False)
    presence_penalty = forms.FloatField(required=False, help_text="−2 to 2.")
    frequency_penalty = forms.FloatField(required=False, help_text="−2 to 2.")
    stop = forms.CharField(required=False, label="Stop texts", help_text="One a line, at most four.", widget=forms.Textarea(attrs={"rows": 2}))
    reasoning_effort = forms.ChoiceField(required=False, choices=[("", "The endpoint's own"), *((effort, effort) for effort in parameters.EFFORTS)])
    note = forms.CharField(max_length=300, required=False, help_text="Why this configuration is there.")

    def __init__(
        self,
        *args: Any,
        deployments: QuerySet[Deployment],
        metaprompts: QuerySet[MetapromptVersion] | None,
        filters: QuerySet[FilterConfiguration] | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deployment"].queryset = deployments  # type: ignore[attr-defined]
        for name, rows in (("metaprompt", metaprompts), ("filters", filters)):
            if rows is None:
                del self.fields[name]
            else:
                self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["stop"] = (cleaned.get("stop") or "").splitlines()
        for name, value in self.parameters.items():
            try:
                parameters.checked({name: value})
            except Invalid as error:
                self.add_error(name, error.detail)
        return cleaned

    @property
    def parameters(self) -> dict[str, Any]:
        """Those that were filled in."""
        given = {name: self.cleaned_data.get(name) for name in parameters.CHECKS}
        return {name: value for name, value in given.items() if value not in (None, "", [])}
