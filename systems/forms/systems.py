"""Shapes of what people enter about a system and the people in it."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from raiportal import clocks
from raiportal.accounts.enums import SCOPE_ROLES, Role
from raiportal.accounts.models import ReviewKind, User
from raiportal.catalogues import selectors as catalogues
from raiportal.look.widgets import HintedRadioSelect, SomeOfMany
from systems import selectors
from systems.enums import Audience, Autonomy, Classification, RiskTier, Stage
from systems.models import AISystem

YES_OR_NO = [("", "Not said yet"), ("yes", "Yes"), ("no", "No")]
STATED = ("handles_personal_data", "reaches_minors", "makes_consequential_decisions", "generates_media", "depicts_people", "acts_through_tools")
UNSAID = ("", "Not said yet")


def _yes_or_no(label: str, hint: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, help_text=hint, choices=YES_OR_NO, coerce=lambda value: value == "yes", empty_value=None, required=False, widget=forms.Select
    )


def _slugs(catalogue: str, label: str, hint: str) -> forms.MultipleChoiceField:
    """Boxes for the entries of a catalogue, as it is when the form is drawn."""
    return forms.MultipleChoiceField(
        label=label,
        help_text=hint,
        choices=lambda: catalogues.choices(catalogue),
        required=False,
        widget=SomeOfMany,
    )


class SystemForm(forms.Form):
    """A system; with `initial` from `initial_of` for one that is there."""

    name = forms.CharField(max_length=120, error_messages={"required": "Give the system a name."})
    purpose = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it does, for whom, and who answers for what it says.",
        error_messages={"required": "Say what the system does and for whom."},
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet", help_text="Gets the owner role in this system.")
    stage = forms.ChoiceField(choices=[choice for choice in Stage.choices if choice[0] != Stage.RETIRED], initial=Stage.PLANNING)
    domain = forms.CharField(max_length=80, required=False, help_text="Such as health care, retail, software.")
    domain_stakes = forms.CharField(
        required=False,
        max_length=4_000,
        label="Stakes in the domain",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What is at stake there for people when an answer is wrong.",
    )
    risk_tier = forms.ChoiceField(choices=[UNSAID, *RiskTier.choices], required=False, help_text="How much the organisation itself holds to be at stake.")
    audience = forms.ChoiceField(choices=[UNSAID, *Audience.choices], required=False, label="Who uses it")
    autonomy = forms.ChoiceField(choices=[UNSAID, *Autonomy.choices], required=False, label="How far it acts alone")
    languages = _slugs("languages", "Languages", "In which people use it.")
    other_languages = forms.CharField(max_length=200, required=False, help_text="Those that the list above hasn't.")
    jurisdictions = _slugs("jurisdictions", "Jurisdictions", "Whose law it has to keep.")
    regions = _slugs("regions", "Regions", "Where it runs and is offered.")
    other_places = forms.CharField(max_length=200, required=False, help_text="Where it is used, beside the lists above.")
    handles_personal_data = _yes_or_no("Personal data", "Does personal data reach it, in prompts or elsewhere?")
    reaches_minors = _yes_or_no("Minors", "Can people under 18 come to use it, or be the subject?")
    makes_consequential_decisions = _yes_or_no("Consequential decisions", "Does it take part in decisions on health, money, work, education, housing or law?")
    generates_media = _yes_or_no("Pictures, sound or video", "Does it make or change pictures, sound or video?")
    depicts_people = _yes_or_no("Real people", "Can what it makes show, or speak as, real people?")
    acts_through_tools = _yes_or_no("Tools", "Can it act through tools: send, buy, write files, call other systems?")
    output_retention_days = forms.IntegerField(required=False, label="Days that outputs are kept", help_text="In the system itself, not in this portal.")
    output_classification = forms.ChoiceField(choices=[UNSAID, *Classification.choices], required=False, label="Classification of outputs")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = selectors.people_to_choose()  # type: ignore[attr-defined]
        if self.initial.get("stage") == Stage.RETIRED:
            del self.fields["stage"]  # brought back by a button that asks for a reason

    @property
    def fact_fields(self) -> list[forms.BoundField]:
        """Everything but who and what it is, in the order of the page of facts."""
        return [self[name] for name in self.fields if name not in ("name", "purpose", "owner", "stage")]


def initial_of(system: AISystem) -> dict[str, Any]:
    plain = {name: getattr(system, name) for name in SystemForm.base_fields if name not in STATED}
    said = {True: "yes", False: "no", None: ""}
    return {**plain, **{name: said[getattr(system, name)] for name in STATED}}


ROLE_HINTS: dict[str, str] = {
    Role.OWNER: "Does everything in this system, and says who else may",
    Role.CONTRIBUTOR: "Works in this system; its people, deployments and budgets stay with the owner",
    Role.RED_TEAMER: "Reads this system, and probes it in campaigns",
    Role.LABELLER: "Labels outputs that are given to them, and reads nothing beyond the overview",
    Role.INCIDENT_RESPONDER: "Reads this system, and handles what goes wrong in it",
    Role.REVIEWER: "Reads this system, and gives one kind of review",
    Role.VIEWER: "Reads everything in this system, prompts included",
}


class SystemRoleForm(forms.Form):
    user = forms.ModelChoiceField(queryset=User.objects.none(), label="Person", empty_label="Choose somebody", error_messages={"required": "Choose somebody."})
    role = forms.ChoiceField(
        choices=[(role.value, role.label) for role in Role if role in SCOPE_ROLES],
        initial=Role.VIEWER,
        widget=HintedRadioSelect(hints=ROLE_HINTS),
    )
    review_kind = forms.ModelChoiceField(
        queryset=ReviewKind.objects.none(),
        required=False,
        label="Kind of review",
        help_text="For a reviewer only: what they review here.",
        empty_label="None",
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
        self.fields["review_kind"].queryset = ReviewKind.objects.filter(is_active=True).order_by("position", "pk")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or {}
        if "review_kind" in given and (given.get("role") == Role.REVIEWER) != (given["review_kind"] is not None):
            self.add_error("review_kind", "Choose what they review." if given.get("role") == Role.REVIEWER else "Only a reviewer has a kind of review.")
        return given

    @property
    def end(self) -> datetime.datetime | None:
        """The moment after the last day, in UTC."""
        day = self.cleaned_data["until"]
        return clocks.end_of(day) if day else None
