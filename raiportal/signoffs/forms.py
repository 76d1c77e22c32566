"""What browsers send when somebody signs, or sees to a condition."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms

from raiportal.accounts.models import Scope, User
from raiportal.errors import Invalid
from raiportal.look.forms import LONGEST_REASON
from raiportal.signoffs.actions import Asked
from raiportal.signoffs.enums import Verdict

CONDITION_ROWS = 3  # on the form; the API takes more
LONGEST_CONDITION = 1_000  # characters, as the column


class SignForm(forms.Form):
    """One verdict; `way` is the role, and behind an @ the id of whom the person stands in for.

    An approval may end earlier than the rules say, on the last day given, and may name conditions: what has to be done, by whom, by when.
    """

    way = forms.ChoiceField(label="In the role of", error_messages={"invalid_choice": "You can't sign in this role now."})
    verdict = forms.ChoiceField(choices=Verdict.choices, label="Verdict")
    reason = forms.CharField(max_length=4_000, label="Reason", widget=forms.Textarea(attrs={"rows": 4}), error_messages={"required": "Give your reason."})
    until = forms.DateField(required=False, label="Holds until", widget=forms.DateInput(attrs={"type": "date"}))
    seen = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, ways: Sequence[tuple[str, str]], people: Sequence[User], days: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.username: person for person in people}
        self.fields["way"].choices = list(ways)  # type: ignore[attr-defined]
        self.fields["until"].help_text = f"Of an approval; the last day, in UTC. Left empty: {days} days, as the rules say."
        named = [("", "Choose a person"), *((person.username, person.name) for person in people)]
        for number in range(1, CONDITION_ROWS + 1):
            self.fields[f"words_{number}"] = forms.CharField(required=False, max_length=LONGEST_CONDITION, label="What has to be done")
            self.fields[f"owner_{number}"] = forms.ChoiceField(required=False, choices=named, label="By whom")
            self.fields[f"due_{number}"] = forms.DateField(required=False, label="Last day", widget=forms.DateInput(attrs={"type": "date"}))

    @property
    def condition_rows(self) -> list[tuple[Any, Any, Any]]:
        return [(self[f"words_{number}"], self[f"owner_{number}"], self[f"due_{number}"]) for number in range(1, CONDITION_ROWS + 1)]

    @property
    def has_conditions(self) -> bool:
        """Whether a row was begun, or the verdict needs one."""
        return self["verdict"].value() == Verdict.APPROVE_WITH_CONDITIONS or any(bound.value() for row in self.condition_rows for bound in row)

    @property
    def valid_until(self) -> datetime.datetime | None:
        """The end of the day given."""
        day = self.cleaned_data.get("until")
        return datetime.datetime.combine(day, datetime.time(23, 59, 59), datetime.UTC) if day else None

    def conditions(self) -> list[Asked]:
        """The rows that say something. Raises Invalid for one that is only begun."""
        asked = []
        for number in range(1, CONDITION_ROWS + 1):
            words, owner, due = (self.cleaned_data.get(f"{name}_{number}") for name in ("words", "owner", "due"))
            if not (words or owner or due):
                continue
            if not (words and owner and due):
                raise Invalid("A condition needs what has to be done, by whom and by when.", field=f"words_{number}")
            asked.append(Asked(words, self.people[owner], due))
        return asked


class MetForm(forms.Form):
    note = forms.CharField(
        max_length=LONGEST_REASON, label="How it was met", widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": "Say how it was met."}
    )


class LookedAtForm(forms.Form):
    """What the signer says of a condition that its owner calls met."""

    is_met = forms.TypedChoiceField(
        label="Is it met?", choices=[("yes", "Yes, it is met"), ("no", "No, it is open again")], coerce=lambda word: word == "yes", widget=forms.RadioSelect
    )
    note = forms.CharField(required=False, max_length=LONGEST_REASON, label="What you saw, or what is missing", widget=forms.Textarea(attrs={"rows": 3}))


class StandInForm(forms.Form):
    """Who signs for whom, in which system, from one day to another (both included, in UTC), and why. Whose roles they are is asked where there is a choice."""

    for_person = forms.ChoiceField(label="Whose roles")
    person = forms.ChoiceField(label="Stand-in", help_text="Signs in the name of the other, and is bound by whatever keeps either from signing.")
    system = forms.ChoiceField(required=False, label="System")
    from_on = forms.DateField(label="First day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    until_on = forms.DateField(label="Last day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), help_text="In UTC, at most 90 days in all.")
    reason = forms.CharField(max_length=LONGEST_REASON, label="Reason", widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": "Say why."})

    def __init__(self, *args: Any, people: Sequence[User], whose: Sequence[User], scopes: Sequence[Scope], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.username: person for person in people}
        self.whose = {person.username: person for person in whose}
        self.fields["person"].choices = [("", "Choose a person"), *((name, person.name) for name, person in self.people.items())]  # type: ignore[attr-defined]
        self.fields["for_person"].choices = [(name, person.name) for name, person in self.whose.items()]  # type: ignore[attr-defined]
        self.fields["system"].choices = [("", "Wherever the roles are held"), *((str(scope.pk), scope.name) for scope in scopes)]  # type: ignore[attr-defined]
        if len(self.whose) == 1:
            del self.fields["for_person"]
