"""Shapes of what people enter about reports."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.look.widgets import SomeOfMany
from raiportal.reports import selectors
from raiportal.reports.actions.reading import LONGEST_NOTE
from raiportal.reports.actions.sending import LONGEST_MESSAGE


class SendForm(forms.Form):
    """To whom a report goes, with what words, and until when it is to be acknowledged."""

    recipients = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        label="Who is asked to read it",
        help_text="They may read this report, also when they may read nothing else of the system.",
        widget=SomeOfMany,
        error_messages={"required": "Choose at least one person."},
    )
    message = forms.CharField(
        max_length=LONGEST_MESSAGE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown with the report and in the portal's notification.",
    )
    due_on = forms.DateField(
        required=False,
        label="To be acknowledged by",
        help_text="They are reminded a week and a day before; you are told when the day has passed.",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Give a date, like 2027-03-31."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipients"].queryset = selectors.people_to_ask()  # type: ignore[attr-defined]

    @property
    def due_at(self) -> datetime.datetime | None:
        """The moment after the last day, in UTC."""
        day = self.cleaned_data["due_on"]
        return clocks.end_of(day) if day else None


class MakeForm(SendForm):
    """A new report, sent at once if anybody is chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipients"].required = False


class AcknowledgeForm(forms.Form):
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    note = forms.CharField(
        max_length=LONGEST_NOTE, required=False, label="Note", widget=forms.Textarea(attrs={"rows": 2}), help_text="What you want to say with it, if anything."
    )
