"""What forms of every app share: how a refusal gets onto the form, and the form that asks for a reason."""

from __future__ import annotations

from django import forms

from raiportal.errors import Invalid

LONGEST_REASON = 2000  # characters


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": "Say why."})


def add_refusal(form: forms.BaseForm, error: Invalid) -> None:
    """Put an action's refusal on the form, beside the field that it names, or above all of them."""
    form.add_error(error.field if error.field in form.fields else None, error.detail)


def reason_in(data: object, *, is_needed: bool = True) -> str:
    """The reason that a dialog sent. Raises Invalid when it is missing (where one is needed) or too long."""
    form = ReasonForm(data)  # type: ignore[arg-type]
    form.fields["reason"].required = is_needed
    if not form.is_valid():
        raise Invalid(" ".join(map(str, form.errors["reason"])), field="reason")
    return str(form.cleaned_data["reason"])
