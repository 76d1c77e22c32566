"""Shapes of what people enter about systems, deployments, metaprompts and configurations."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from raiportal.accounts.enums import SCOPE_ROLES, Role
from raiportal.accounts.models import User
from raiportal.errors import Invalid
from raiportal.look.widgets import HintedRadioSelect
from systems import parameters, selectors
from systems.enums import Audience, Autonomy, Environment, Provider, Stage, Target
from systems.models import AISystem, Deployment, MetapromptVersion
from systems.providers import AZURE_API_VERSION

YES_OR_NO = [("", "Not said yet"), ("yes", "Yes"), ("no", "No")]
STATED = ("handles_personal_data", "reaches_minors", "makes_consequential_decisions")
UNSAID = ("", "Not said yet")
KEY_AGAIN = "Enter the key again: it isn't sent back with a form that has something wrong."
SHORT_TARGETS = [(Target.MODEL, "Model"), (Target.APPLICATION, "Application")]


def _yes_or_no(label: str, hint: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, help_text=hint, choices=YES_OR_NO, coerce=lambda value: value == "yes", empty_value=None, required=False, widget=forms.Select
    )


class SystemForm(forms.Form):
    """A system; with `initial` from `facts_of` for one that is there."""

    name = forms.CharField(max_length=120, error_messages={"required": "Give the system a name."})
    purpose = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it does, for whom, and who answers for what it says.",
        error_messages={"required": "Say what the system does and for whom."},
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet", help_text="Gets the owner role in this system.")
    stage = forms.ChoiceField(choices=[choice for choice in Stage.choices if choice[0] != Stage.RETIRED], initial=Stage.PLANNING)
    domain = forms.CharField(max_length=80, required=False, help_text="Such as health care, retail, software.")
    audience = forms.ChoiceField(choices=[UNSAID, *Audience.choices], required=False, label="Who uses it")
    autonomy = forms.ChoiceField(choices=[UNSAID, *Autonomy.choices], required=False, label="How far it acts alone")
    languages = forms.CharField(max_length=200, required=False)
    jurisdictions = forms.CharField(max_length=200, required=False, help_text="Countries or regions where it is used.")
    handles_personal_data = _yes_or_no("Personal data", "Does personal data reach it, in prompts or elsewhere?")
    reaches_minors = _yes_or_no("Minors", "Can people under 18 come to use it, or be the subject?")
    makes_consequential_decisions = _yes_or_no("Consequential decisions", "Does it take part in decisions on health, money, work, education, housing or law?")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = selectors.people_to_choose()  # type: ignore[attr-defined]
        if self.initial.get("stage") == Stage.RETIRED:
            del self.fields["stage"]  # brought back by a button that asks for a reason


def facts_of(system: AISystem) -> dict[str, Any]:
    plain = {name: getattr(system, name) for name in SystemForm.base_fields if name not in STATED}
    said = {True: "yes", False: "no", None: ""}
    return {**plain, **{name: said[getattr(system, name)] for name in STATED}}


class SystemRoleForm(forms.Form):
    user = forms.ModelChoiceField(queryset=User.objects.none(), label="Person", empty_label="Choose somebody", error_messages={"required": "Choose somebody."})
    role = forms.ChoiceField(
        choices=[(role.value, role.label) for role in Role if role in SCOPE_ROLES],
        initial=Role.VIEWER,
        widget=HintedRadioSelect(hints={Role.OWNER: "May do everything in this system", Role.VIEWER: "Reads everything in this system, prompts included"}),
    )
    until = forms.DateField(
        required=False,
        label="Last day",
        help_text="Leave empty for no end.",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Give a date, like 2027-03-31."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = selectors.people_to_choose()  # type: ignore[attr-defined]

    @property
    def end(self) -> datetime.datetime | None:
        """The moment after the last day, in UTC."""
        day = self.cleaned_data["until"]
        return datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), datetime.UTC) if day else None


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
    environment = forms.ChoiceField(choices=Environment.choices, initial=Environment.DEVELOPMENT)
    max_concurrency = forms.IntegerField(initial=8, label="Calls at a time", help_text="Over all workers and runs together.")
    requests_per_minute = forms.IntegerField(required=False, help_text="Leave empty where the endpoint sets no limit.")
    tokens_per_minute = forms.IntegerField(required=False)
    timeout_seconds = forms.IntegerField(initial=60, label="Time limit of one call, seconds")
    input_price = forms.DecimalField(max_digits=12, decimal_places=6, required=False, label="Price of a million tokens read")
    output_price = forms.DecimalField(max_digits=12, decimal_places=6, required=False, label="Price of a million tokens written")
    currency = forms.CharField(max_length=3, min_length=3, initial="USD")

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
    return {name: getattr(deployment, name) for name in DeploymentForm.base_fields if name != "api_key"}


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
    """Deployment, metaprompt and parameters of one system, or of the organisation, which has no metaprompts."""

    deployment = forms.ModelChoiceField(queryset=Deployment.objects.none(), empty_label=None)
    metaprompt = forms.ModelChoiceField(
        queryset=MetapromptVersion.objects.none(),
        required=False,
        empty_label="None",
        help_text="Of an application, the one that it has inside: recorded, not sent.",
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

    def __init__(self, *args: Any, deployments: QuerySet[Deployment], metaprompts: QuerySet[MetapromptVersion] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deployment"].queryset = deployments  # type: ignore[attr-defined]
        if metaprompts is None:
            del self.fields["metaprompt"]
        else:
            self.fields["metaprompt"].queryset = metaprompts  # type: ignore[attr-defined]

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
