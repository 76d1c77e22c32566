"""Shapes of what people enter about accounts, roles and tokens."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from raiportal.accounts.enums import ORGANISATION_ROLES, Ability, Role
from raiportal.accounts.models import Scope

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "A year", "": "No end"}


class PersonForm(forms.Form):
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    username = forms.CharField(
        max_length=60, help_text="Lower-case letters, digits, dots, hyphens; what they type to sign in.", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(required=False)
    password = forms.CharField(
        label="First password",
        help_text="At least 12 characters. Give it to them by a safe way; they change it under their account.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        max_length=200,
    )
    role = forms.ChoiceField(
        choices=[("", "None yet"), *[(role.value, role.label) for role in Role if role in ORGANISATION_ROLES]],
        required=False,
        label="Role in the organisation",
        help_text="Owners and viewers of one system are given their role on that system's page.",
    )


class OrganisationRoleForm(forms.Form):
    role = forms.ChoiceField(choices=[(role.value, role.label) for role in Role if role in ORGANISATION_ROLES])


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What uses it, for instance “nightly pipeline”.")
    ability = forms.ChoiceField(choices=Ability.choices, initial=Ability.ALL, label="May")
    scopes = forms.ModelMultipleChoiceField(
        queryset=Scope.objects.none(),
        required=False,
        label="Systems",
        help_text="Leave empty for every system that you may see.",
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(choices=list(LIFETIMES.items()), initial="90", required=False, label="Ends after")

    def __init__(self, *args: Any, scopes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].queryset = scopes  # type: ignore[attr-defined]

    def expires_at(self, now: datetime.datetime) -> datetime.datetime | None:
        days = self.cleaned_data["lifetime"]
        return now + datetime.timedelta(days=int(days)) if days else None
