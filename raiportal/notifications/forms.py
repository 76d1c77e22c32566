"""The form of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms

from raiportal.accounts.models import Scope
from raiportal.endpoints import MAX_URL_CHARACTERS
from raiportal.look.widgets import SomeOfMany
from raiportal.notifications import selectors
from raiportal.notifications.actions.webhooks import NAME_CHARACTERS


class WebhookForm(forms.Form):
    """`scopes` are the systems to choose from; None for a webhook that has its system already."""

    name = forms.CharField(max_length=NAME_CHARACTERS, help_text="By which people here tell it from others.")
    url = forms.CharField(
        label="Address",
        max_length=MAX_URL_CHARACTERS,
        help_text="Each event is sent there by POST, signed. Redirects are not followed; internal hosts have to be allowed by an administrator.",
    )
    scope = forms.ModelChoiceField(queryset=Scope.objects.none(), required=False, label="Events of", help_text="What happens in one system, or everywhere.")
    kinds = forms.MultipleChoiceField(required=False, widget=SomeOfMany, label="Which events", help_text="None ticked: every kind, also those that come later.")

    def __init__(self, *args: Any, scopes: Any = None, may_choose_all: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = [(kind.slug, kind.label) for kind in selectors.told_kinds()]  # type: ignore[attr-defined]
        if scopes is None:
            del self.fields["scope"]
            return
        chosen: Any = self.fields["scope"]
        chosen.queryset = scopes
        chosen.required = not may_choose_all
        chosen.empty_label = "Every system and the organisation" if may_choose_all else "Choose a system"
