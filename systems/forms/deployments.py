"""Shapes of what people enter about an endpoint."""

from __future__ import annotations

from typing import Any

from django import forms

from raiportal.look.widgets import HintedRadioSelect
from systems import selectors
from systems.enums import Environment, Provider, Target
from systems.models import Deployment, ModelCard
from systems.providers import AZURE_API_VERSION

KEY_AGAIN = "Enter the key again: it isn't sent back with a form that has something wrong."
SHORT_TARGETS = [(Target.MODEL, "Model"), (Target.APPLICATION, "Application")]


class DeploymentForm(forms.Form):
    """An endpoint. `kept_key` is what may be shown of the key that is stored; "" for a new deployment."""

    name = forms.CharField(max_length=120, help_text="What people call it, such as gpt-4o, Sweden.", error_messages={"required": "Give the deployment a name."})
    provider = forms.ChoiceField(
        choices=Provider.choices,
        initial=Provider.OPENAI_COMPATIBLE,
        widget=HintedRadioSelect(
            hints={
                Provider.OPENAI_COMPATIBLE: "OpenAI itself, and servers and gateways that speak as it does. Also Azure addresses that end in /openai/v1",
                Provider.AZURE_OPENAI: "A deployment in an Azure OpenAI resource, called by its name and an API version",
            }
        ),
    )
    target = forms.ChoiceField(
        choices=SHORT_TARGETS,
        initial=Target.MODEL,
        label="What is called",
        widget=HintedRadioSelect(
            hints={
                Target.MODEL: "The model alone: the portal sends metaprompt and parameters with every prompt",
                Target.APPLICATION: "The team's own endpoint, with its metaprompt, retrieval and filters inside: the portal sends the prompt alone",
            }
        ),
    )
    base_url = forms.CharField(
        max_length=500,
        label="Address",
        help_text="OpenAI-compatible: without /chat/completions, it often ends in /v1. Azure OpenAI: the endpoint that the resource's page names under "
        "“Keys and Endpoint”, such as https://NAME.openai.azure.com, and nothing after it.",
        widget=forms.URLInput(attrs={"placeholder": "https://", "spellcheck": "false"}),
        error_messages={"required": "Give the address of the endpoint."},
    )
    model = forms.CharField(
        required=False,
        max_length=120,
        label="Model",
        help_text="OpenAI-compatible: the model's name, as the endpoint knows it; an application may have none. Azure OpenAI: the name that was given to "
        "the deployment there, which may differ from the model's.",
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    api_version = forms.CharField(
        required=False,
        max_length=40,
        label="API version",
        help_text=f"Of Azure OpenAI only: a date, such as 2025-04-01-preview. Left empty, it is {AZURE_API_VERSION}, the newest general one.",
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
    api_key = forms.CharField(
        required=False,
        max_length=4_000,
        label="Key",
        help_text="Kept encrypted and never shown again. Leave empty for an endpoint without a key.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    model_card = forms.ModelChoiceField(
        queryset=ModelCard.objects.none(), required=False, empty_label="None yet", help_text="What the organisation knows of the model behind it."
    )
    environment = forms.ChoiceField(choices=Environment.choices, initial=Environment.DEVELOPMENT)
    max_concurrency = forms.IntegerField(initial=8, label="Calls at a time", help_text="Over all workers and runs together.")
    requests_per_minute = forms.IntegerField(required=False, help_text="Leave empty where the endpoint sets no limit.")
    tokens_per_minute = forms.IntegerField(required=False)
    timeout_seconds = forms.IntegerField(initial=60, label="Time limit of one call, seconds")
    input_price = forms.DecimalField(max_digits=12, decimal_places=6, required=False, label="Price of a million tokens read")
    output_price = forms.DecimalField(max_digits=12, decimal_places=6, required=False, label="Price of a million tokens written")
    currency = forms.CharField(max_length=3, min_length=3, initial="USD")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model_card"].queryset = selectors.cards_to_choose(kept=self.initial.get("model_card"))  # type: ignore[attr-defined]

    def ask_for_key_again(self) -> None:
        """A key never goes back to the browser, so a form that comes back with something wrong has lost the one that was typed."""
        if self.errors and self.data.get("api_key") and "api_key" not in self.errors:
            self.add_error("api_key", KEY_AGAIN)


class DeploymentEditForm(DeploymentForm):
    remove_key = forms.BooleanField(required=False, label="This endpoint needs no key: forget the stored one")

    field_order = ("name", "provider", "target", "base_url", "model", "api_version", "api_key", "remove_key")

    def __init__(self, *args: Any, kept_key: bool, hint: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = f" It ends in {hint}." if hint else ""
        self.fields["api_key"].help_text = (
            f"A key is stored.{shown} Leave empty to keep it; enter it again when the address leads to another host or port."
            if kept_key
            else "No key is stored. Leave empty for an endpoint without a key."
        )
        if not kept_key:
            del self.fields["remove_key"]

    @property
    def new_key(self) -> str | None:
        """None keeps the stored key, "" removes it."""
        if self.cleaned_data.get("remove_key"):
            return ""
        return self.cleaned_data["api_key"] or None

    @property
    def settings(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("api_key", "remove_key")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("remove_key") and cleaned.get("api_key"):
            self.add_error("remove_key", "Either enter a key or forget the stored one.")
        return cleaned


def settings_of(deployment: Deployment) -> dict[str, Any]:
    plain = {name: getattr(deployment, name) for name in DeploymentForm.base_fields if name not in ("api_key", "model_card")}
    return {**plain, "model_card": deployment.model_card_id}
