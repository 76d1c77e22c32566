"""Forms and dialogs."""

from __future__ import annotations

from typing import Any

from django import forms

from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.forms import ReasonForm
from raiportal.look.levels import HIGHEST_SEVERITY
from raiportal.look.widgets import CheckboxesAcross, HintedCheckboxes, HintedRadioSelect, SeverityKeys, SomeOfMany

MEANINGS = {
    0: "Every drug and dose is in the notes",
    1: "Wording drifts, no clinical effect",
    2: "Wrong detail that a clinician would catch",
    3: "Wrong drug or dose that could hurt",
}
PLACES = ("austria", "belgium", "canada", "denmark", "estonia", "finland", "germany", "hungary", "ireland", "japan", "kenya", "latvia")


class ExampleForm(forms.Form):
    title = forms.CharField(label="Title", help_text="What goes wrong, for whom")
    limit = forms.IntegerField(
        label="End user limit",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "Give a whole number, like 200."},
    )
    origin = forms.ChoiceField(
        label="Origin",
        choices=[("model", "Model"), ("application", "Application"), ("scenario", "Scenario")],
        widget=HintedRadioSelect(across=True),
        error_messages={"required": "Say where the harm comes from."},
    )
    sampling = forms.ChoiceField(
        label="Sampling",
        choices=[("targeted", "Targeted"), ("representative", "Representative")],
        widget=HintedRadioSelect(
            hints={
                "targeted": "Written to provoke the harm; its rate never becomes a frequency",
                "representative": "Drawn from real use; its rate says how often it happens",
            }
        ),
    )
    languages = forms.MultipleChoiceField(label="Languages", required=False, choices=[("en", "English"), ("cy", "Welsh")], widget=CheckboxesAcross)
    roles = forms.MultipleChoiceField(
        label="Roles",
        required=False,
        choices=[("owner", "Owner"), ("viewer", "Viewer")],
        widget=HintedCheckboxes(hints={"owner": "Manages the system and its people", "viewer": "Reads the system; changes nothing"}),
    )
    places = forms.MultipleChoiceField(
        label="Places", required=False, help_text="Where it is offered.", choices=[(slug, slug.title()) for slug in PLACES], widget=SomeOfMany
    )
    owner = forms.ChoiceField(label="Owner", choices=[("lead", "Clinical safety lead"), ("manager", "Product manager")])
    due = forms.DateField(label="Due", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}))
    cases = forms.FileField(label="File with cases", required=False, help_text="JSONL or CSV, up to 50 MB")
    tell_owner = forms.BooleanField(label="Tell the owner", required=False)


class SeverityForm(forms.Form):
    severity = forms.TypedChoiceField(
        label="How severe is the harm?",
        help_text="Keys 0 to 7, or arrows",
        coerce=int,
        choices=[(value, str(value)) for value in range(HIGHEST_SEVERITY + 1)],
        widget=SeverityKeys(meanings=MEANINGS),
    )


class SuspensionForm(ReasonForm):
    until = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}))
    field_order = ("until", "reason")


def _context() -> dict[str, Any]:
    return {
        "form": ExampleForm({"title": "Allergy left out of the summary", "limit": "two hundred", "sampling": "targeted", "reason": "Seen on two wards."}),
        "fresh_form": ExampleForm(initial={"origin": "model", "sampling": "targeted", "tell_owner": True, "places": ["kenya"]}, auto_id="fresh_%s"),
        "severity_form": SeverityForm(initial={"severity": 5}, auto_id="keys_%s"),
        "suspension_form": SuspensionForm(auto_id="suspend_%s"),
        "refused_form": SuspensionForm({"reason": ""}, auto_id="refused_%s"),
    }


PAGE = StylePage(
    slug="forms",
    title="Forms and dialogs",
    about="Asking for something: label, hint, error, control, in that order. Every form can be sent without a script.",
    template="look/forms.html",
    components=(
        Component(
            "fields",
            "Fields",
            "Every control has a visible label. What is optional says so; what must be said is the rule. Hints stand before the control.",
            "{% for bound in form %}{% field bound %}{% endfor %}\n"
            "HintedRadioSelect(hints={...}, across=True), CheckboxesAcross(), HintedCheckboxes(hints={...})",
        ),
        Component(
            "errors",
            "A refused form",
            "The notice counts the problems and links to each field; the field repeats its own. It takes the focus.",
            '<form class="form" method="post" novalidate>{% form_errors form %}{% field form.title %}',
        ),
        Component(
            "severity-keys",
            "Severity keys",
            "Labelling: eight keys in one row, coloured by band, words below. A radio group, so arrows work by themselves.",
            "SeverityKeys(meanings={0: ..., 3: ...}) as a field's widget, then {% field form.severity %}",
        ),
        Component(
            "reason-dialog",
            "Asking for a reason",
            "Acts that take something away ask why, and the button names the act. The words of the other button say what stays.",
            '{% dialog_button "cancel-run" "Cancel the run" "stop" %}\n'
            '{% include "components/reason_dialog.html" with id="cancel-run" action=url title=... text=... hint=... keep=... act=... %}',
        ),
        Component(
            "form-dialog",
            "A form in a dialog",
            "A few answers about the thing in sight. Longer forms have a page. A refusal shows the dialog again, with its errors; "
            "without a script it stands in the page.",
            '{% dialog "suspend" "Suspend end user 7f3a" action=url act="Suspend" keep="Keep access" is_open=form.errors %}\n'
            "  {% for bound in form %}{% field bound %}{% endfor %}\n{% enddialog %}",
        ),
        Component(
            "secret",
            "A secret, shown once",
            "Tokens and keys: selectable, copied by a button, never shown again.",
            '{% include "components/secret.html" with id="token" label=... secret=token %}',
        ),
    ),
    context=_context,
)
