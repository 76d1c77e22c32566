"""Shapes of what people enter about harms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from harms import selectors
from harms.enums import Axis, ImportFormat, Origin
from harms.models import LONGEST_ANSWER, Harm, HarmCategory, RiskScale, ScaleLevel
from raiportal.accounts.models import User
from raiportal.look.widgets import HintedRadioSelect
from systems import selectors as system_selectors
from systems.enums import Capability
from systems.models import AISystem, IntendedUse, Stakeholder

ORIGIN_HINTS: dict[str, str] = {
    Origin.MODEL: "The model itself does it",
    Origin.APPLICATION: "What is built around the model does it: retrieval, tools, filters, storage",
    Origin.SCENARIO: "It comes from how people use the system",
}

DOMAINS = (  # of the harm library
    *("health", "finance", "employment", "education", "legal", "public-services", "insurance"),
    *("housing", "retail", "media", "security", "children", "software", "science"),
)


class HarmForm(forms.Form):
    title = forms.CharField(max_length=160, label="What goes wrong", help_text="In one line, such as: Invented medication or dose.")
    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 4}), label="How, and for whom", help_text="Who is hurt, how it comes about, what it leads to."
    )
    category = forms.ModelChoiceField(
        queryset=HarmCategory.objects.none(), empty_label="Choose a category", error_messages={"required": "Choose the category that fits best."}
    )
    origin = forms.ChoiceField(choices=Origin.choices, widget=HintedRadioSelect(hints=ORIGIN_HINTS), error_messages={"required": "Say where it comes from."})
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet", help_text="Sees to it that something is done.")
    uses = forms.ModelMultipleChoiceField(
        queryset=IntendedUse.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="In which intended uses",
        help_text="Each has a ranked list of its own.",
    )

    def __init__(self, *args: Any, uses: QuerySet[IntendedUse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = selectors.categories()  # type: ignore[attr-defined]
        self.fields["owner"].queryset = system_selectors.people_to_choose()  # type: ignore[attr-defined]
        _offer_uses(self, uses, "uses")


def _offer_uses(form: forms.Form, uses: QuerySet[IntendedUse] | None, *names: str) -> None:
    """The uses of one system; without any the fields go."""
    listed = list(uses) if uses is not None else []
    for name in names:
        if not listed:
            del form.fields[name]
            continue
        field: Any = form.fields[name]
        field.queryset = uses
        field.label_from_instance = lambda use: f"{use.code} {use.title}"


def words_of(harm: Harm) -> dict[str, Any]:
    return {name: getattr(harm, name) for name in HarmForm.base_fields if name != "uses"}


class BulkForm(forms.Form):
    """What many harms are to become; what is left empty stays as it is."""

    LEAVE, NOBODY = "", "none"
    owner = forms.ChoiceField(required=False)
    category = forms.ModelChoiceField(queryset=HarmCategory.objects.none(), required=False, empty_label="Leave as it is")
    add_uses = forms.ModelMultipleChoiceField(
        queryset=IntendedUse.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Add to these uses"
    )
    leave_uses = forms.ModelMultipleChoiceField(
        queryset=IntendedUse.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Take out of these uses"
    )
    reason = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the history of each harm.")

    def __init__(self, *args: Any, uses: QuerySet[IntendedUse] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(person.pk), person.name) for person in system_selectors.people_to_choose()]
        self.fields["owner"].choices = [(self.LEAVE, "Leave as it is"), (self.NOBODY, "Nobody"), *people]  # type: ignore[attr-defined]
        self.fields["category"].queryset = selectors.categories()  # type: ignore[attr-defined]
        _offer_uses(self, uses, "add_uses", "leave_uses")

    def given(self) -> dict[str, Any]:
        """What the action takes; an owner only where one was chosen."""
        said = {name: value for name, value in self.cleaned_data.items() if value and name != "owner"}
        owner = self.cleaned_data["owner"]
        if owner == self.NOBODY:
            said["owner"] = None
        elif owner:
            said["owner"] = system_selectors.people_to_choose().filter(pk=int(owner)).first()
        return said


class AssessmentForm(forms.Form):
    """Severity and frequency on the levels of a scale, each with the words that anchor it; of the harm as a whole or in one use."""

    intended_use = forms.ModelChoiceField(queryset=IntendedUse.objects.none(), required=False, label="Where", empty_label="The harm as a whole")
    severity = forms.TypedChoiceField(coerce=int, error_messages={"required": "Choose how bad it is."})
    frequency = forms.TypedChoiceField(coerce=int, error_messages={"required": "Choose how often it happens."})
    rationale = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What it rests on",
        help_text="What you saw, read or were told. It stays with the score.",
        error_messages={"required": "Say what the two levels rest on."},
    )

    def __init__(self, *args: Any, scale: RiskScale, levels: Mapping[str, Sequence[ScaleLevel]], uses: QuerySet[IntendedUse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_uses(self, uses, "intended_use")
        hints = {
            Axis.SEVERITY: f"{scale.severity_unit[:1].upper()}{scale.severity_unit[1:]}",
            Axis.FREQUENCY: f"How often in ordinary use, {scale.frequency_unit}",
        }
        for axis, hint in hints.items():
            field = self.fields[axis]
            field.widget = HintedRadioSelect(hints={str(level.level): level.anchor for level in levels[axis]})
            field.choices = [(level.level, f"{level.level} {level.label}") for level in levels[axis]]  # type: ignore[attr-defined]
            field.help_text = hint


class UploadForm(forms.Form):
    """A file of harms. The file itself is checked while it is read."""

    file = forms.FileField(label="File", allow_empty_file=True, help_text="Text in UTF-8, at most 50 MB. Nothing is stored before you confirm.")
    format = forms.ChoiceField(label="Format", required=False, choices=[("", "Find out from the file"), *ImportFormat.choices])


class LibraryFilter(forms.Form):
    """What is looked for in the harm library."""

    q = forms.CharField(required=False, max_length=200, label="Words")
    capability = forms.ChoiceField(required=False, choices=[("", "Any capability"), *Capability.choices])
    domain = forms.ChoiceField(required=False, choices=[("", "Any domain"), *((name, name.replace("-", " ").capitalize()) for name in DOMAINS)])
    category = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(category.slug, category.name) for category in selectors.categories()]
        self.fields["category"].choices = [("", "Any category"), *kinds]  # type: ignore[attr-defined]


class ImpactForm(forms.Form):
    """What a group may gain from a use and what it may do to them; given a system, it asks which group and which use."""

    use = forms.ModelChoiceField(queryset=IntendedUse.objects.none(), empty_label="Choose a use", label="In which use")
    stakeholder = forms.ModelChoiceField(queryset=Stakeholder.objects.none(), empty_label="Choose a group", label="To whom")
    benefit = forms.CharField(
        required=False,
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What they may gain",
        help_text="Time, access, safety, money.",
    )
    potential_harm = forms.CharField(
        required=False,
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What it may do to them",
        help_text="One harm a row: each can go onto the register by itself.",
    )

    def __init__(self, *args: Any, system: AISystem | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if system is None:
            del self.fields["use"], self.fields["stakeholder"]
            return
        uses = IntendedUse.objects.filter(system=system, archived_at=None, is_supported=True).order_by("number")
        self.fields["use"].queryset = uses  # type: ignore[attr-defined]
        self.fields["stakeholder"].queryset = Stakeholder.objects.filter(system=system, archived_at=None).order_by("number")  # type: ignore[attr-defined]


class ImpactHarmForm(forms.Form):
    """What the register needs beyond what an impact says already."""

    title = forms.CharField(max_length=160, label="What goes wrong", help_text="In one line, such as: Invented medication or dose.")
    category = forms.ModelChoiceField(
        queryset=HarmCategory.objects.none(), empty_label="Choose a category", error_messages={"required": "Choose the category that fits best."}
    )
    origin = forms.ChoiceField(choices=Origin.choices, initial=Origin.SCENARIO, widget=HintedRadioSelect(hints=ORIGIN_HINTS))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = selectors.categories()  # type: ignore[attr-defined]
