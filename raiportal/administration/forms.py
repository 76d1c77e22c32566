"""Shapes of what people enter about accounts, roles and tokens."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from raiportal import clocks
from raiportal.accounts.enums import ORGANISATION_ROLE_MEANINGS, ORGANISATION_ROLES, SCOPE_ROLE_MEANINGS, Ability, Role
from raiportal.accounts.forms import PASSWORD_MAX_LENGTH
from raiportal.accounts.models import ReviewKind, Scope
from raiportal.look.widgets import CheckboxesAcross, HintedCheckboxes

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
        max_length=PASSWORD_MAX_LENGTH,
    )
    role = forms.ChoiceField(
        choices=[("", "None yet"), *[(role.value, role.label) for role in Role if role in ORGANISATION_ROLES]],
        required=False,
        label="Role in the organisation",
        help_text="Owners and viewers of one system are given their role on that system's page.",
    )


class OrganisationRoleForm(forms.Form):
    role = forms.ChoiceField(choices=[(role.value, role.label) for role in Role if role in ORGANISATION_ROLES])
    until = forms.DateField(
        required=False,
        label="Last day",
        help_text="Leave empty for no end.",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Give a date, like 2027-03-31."},
    )

    @property
    def end(self) -> datetime.datetime | None:
        """The moment after the last day, in UTC."""
        day = self.cleaned_data["until"]
        return clocks.end_of(day) if day else None


class ServiceAccountForm(forms.Form):
    name = forms.CharField(
        max_length=120, help_text="What the ledger calls it, for instance “Nightly pipeline”.", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    username = forms.CharField(
        max_length=60, label="Short name", help_text="Lower-case letters, digits, dots, hyphens.", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    purpose = forms.CharField(
        max_length=2000, label="What for", help_text="What the program does, and who answers for it.", widget=forms.Textarea(attrs={"rows": 3})
    )


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


class DetailsForm(forms.Form):
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        required=False, label="E-mail", help_text="Where a link goes when you forget your password.", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class InvitationForm(forms.Form):
    """Whom to invite, and the roles that they get: for the organisation (administrators alone give those), and in one system."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label="E-mail", help_text="The link is mailed there, and shown to you once.", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    organisation_roles = forms.MultipleChoiceField(
        choices=[(role, Role(role).label) for role in ORGANISATION_ROLE_MEANINGS],
        required=False,
        label="Roles in the organisation",
        widget=HintedCheckboxes(hints=ORGANISATION_ROLE_MEANINGS),
    )
    system = forms.ModelChoiceField(queryset=Scope.objects.none(), required=False, empty_label="None yet")
    system_roles = forms.MultipleChoiceField(
        choices=[(role, Role(role).label) for role in SCOPE_ROLE_MEANINGS],
        required=False,
        label="Roles in the system",
        widget=HintedCheckboxes(hints=SCOPE_ROLE_MEANINGS),
    )
    review_kinds = forms.ModelMultipleChoiceField(
        queryset=ReviewKind.objects.none(),
        required=False,
        label="Reviews",
        help_text="For a reviewer: which kinds of review they give.",
        widget=CheckboxesAcross,
    )

    def __init__(self, *args: Any, scopes: Any, is_for_organisation: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = scopes  # type: ignore[attr-defined]
        self.fields["review_kinds"].queryset = ReviewKind.objects.filter(is_active=True).order_by("position", "pk")  # type: ignore[attr-defined]
        if not is_for_organisation:
            del self.fields["organisation_roles"]
            self.fields["system"].required = self.fields["system_roles"].required = True

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or {}
        if "system_roles" in given and bool(given.get("system")) != bool(given["system_roles"]) and "system" not in self.errors:
            self.add_error("system_roles" if given.get("system") else "system", "Choose a system and at least one role in it, or neither.")
        if (Role.REVIEWER in given.get("system_roles", [])) != bool(given.get("review_kinds")):
            self.add_error("review_kinds", "A reviewer has at least one kind of review, and nobody else has one.")
        return given
