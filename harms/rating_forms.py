"""Shapes of what people enter in rating rounds, about appetite, and about a changed scale."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from harms import selectors
from harms.actions import Answer
from harms.enums import Axis, Confidence
from harms.models import HIGHEST_LEVEL, HIGHEST_SCORE, LONGEST_RATIONALE, Harm, Rating, RiskScale, RoundHarm, ScaleLevel
from raiportal.accounts.models import User
from raiportal.look.widgets import HintedRadioSelect, SomeOfMany
from systems.models import AISystem, IntendedUse

LONGEST_REASON = 2_000  # characters
Levels = Mapping[str, Sequence[ScaleLevel]]


class RoundForm(forms.Form):
    title = forms.CharField(max_length=160, label="What the round is for", help_text="Such as: First ratings before the pilot.")
    intended_use = forms.ModelChoiceField(queryset=IntendedUse.objects.none(), required=False, label="Where", empty_label="Each harm as a whole")
    harms = forms.ModelMultipleChoiceField(queryset=Harm.objects.none(), widget=SomeOfMany, error_messages={"required": "Choose the harms that are rated."})
    people = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        widget=SomeOfMany,
        label="Who rates",
        help_text="People who read this register. Stakeholders from outside are asked once the round is open.",
    )
    due_at = forms.DateTimeField(
        label="Due (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Then the round closes by itself. People are reminded three days and one day before.",
    )
    message = forms.CharField(required=False, max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}), label="What raters should bear in mind")

    def __init__(self, *args: Any, system: AISystem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        uses = selectors.uses_to_choose(system)
        _offer(self, "harms", Harm.objects.filter(system=system, merged_into=None).order_by("-priority", "pk"), lambda harm: f"{harm.code} {harm.title}")
        _offer(self, "people", selectors.people_with_access(system), lambda person: person.name)
        _offer(self, "intended_use", uses, lambda use: f"{use.code} {use.title}")
        if not uses.exists():
            del self.fields["intended_use"]

    def clean_due_at(self) -> datetime.datetime:
        given: datetime.datetime = self.cleaned_data["due_at"]
        return given if given.tzinfo else given.replace(tzinfo=datetime.UTC)


def _offer(form: forms.Form, name: str, rows: QuerySet[Any], label: Any) -> None:
    field: Any = form.fields[name]
    field.queryset = rows
    field.label_from_instance = label


class AskForm(forms.Form):
    people = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), widget=SomeOfMany, label="Whom else", error_messages={"required": "Choose whom to ask."}
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "people", people, lambda person: person.name)


class OutsideForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name", help_text="Kept with their ratings. An administrator can erase it.")
    organisation = forms.CharField(max_length=160, required=False, label="Organisation")
    email = forms.EmailField(required=False, label="E-mail address", help_text="The link is mailed there. Without one you pass it on yourself.")


NEEDED_TO_JUDGE = ("severity", "frequency", "confidence", "rationale")  # of whoever doesn't say that they can't judge a harm


class RatingForm(forms.Form):
    """One harm, rated by one person. Left empty altogether it says nothing, so no field is required by itself, and none of those needed is optional."""

    cannot_judge = forms.BooleanField(required=False, label="I can't judge this harm")
    severity = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, label="How bad")
    frequency = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, label="How often")
    confidence = forms.ChoiceField(choices=Confidence.choices, required=False, widget=HintedRadioSelect(across=True), label="How sure you are")
    rationale = forms.CharField(
        required=False,
        max_length=LONGEST_RATIONALE,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What it rests on",
        help_text="What you saw, read or know.",
    )

    def __init__(self, *args: Any, scale: RiskScale, levels: Levels, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hints = {Axis.SEVERITY: scale.severity_unit, Axis.FREQUENCY: f"in ordinary use, {scale.frequency_unit}"}
        for name in NEEDED_TO_JUDGE:
            needed: Any = self.fields[name]
            needed.is_needed = True
        for axis, hint in hints.items():
            field: Any = self.fields[axis]
            field.widget = HintedRadioSelect(hints={str(level.level): level.anchor for level in levels[axis]})
            field.choices = [(level.level, f"{level.level} {level.label}") for level in levels[axis]]
            field.help_text = f"{hint[:1].upper()}{hint[1:]}"

    @property
    def says_something(self) -> bool:
        return any(self.cleaned_data.get(name) not in (None, "", False) for name in self.fields)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.says_something and not given.get("cannot_judge"):
            needed = {"severity": "Choose how bad it is.", "frequency": "Choose how often it happens.", "confidence": "Say how sure you are."}
            needed["rationale"] = "Say what your two levels rest on."
            for name, sentence in needed.items():
                if name not in self.errors and given.get(name) in (None, ""):
                    self.add_error(name, f"{sentence} Or say that you can't judge this harm.")
        return given

    def answer(self, round_harm_id: int) -> Answer:
        said = self.cleaned_data
        return {
            "round_harm_id": round_harm_id,
            "severity": said["severity"],
            "frequency": said["frequency"],
            "cannot_judge": said["cannot_judge"],
            "confidence": said["confidence"],
            "rationale": said["rationale"],
        }


def rating_forms(
    data: Any, harms: Iterable[RoundHarm], own: Mapping[int, Rating], scale: RiskScale, levels: Levels
) -> list[tuple[RoundHarm, RatingForm, Rating | None]]:
    """A form for each harm of a round with what one rater said of it before."""
    return [(held, _rating_form(data, held, own.get(held.pk), scale, levels), own.get(held.pk)) for held in harms]


def _rating_form(data: Any, held: RoundHarm, said: Rating | None, scale: RiskScale, levels: Levels) -> RatingForm:
    initial = {name: getattr(said, name) for name in RatingForm.base_fields} if said else {}
    return RatingForm(data, prefix=f"h{held.pk}", initial=initial, scale=scale, levels=levels)


class ConsensusForm(forms.Form):
    severity = forms.TypedChoiceField(coerce=int, error_messages={"required": "Choose how bad it is."})
    frequency = forms.TypedChoiceField(coerce=int, error_messages={"required": "Choose how often it happens."})
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=4_000, label="How you came to agree", help_text="It stays with the score.")
    override_reason = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=LONGEST_REASON,
        label="Why it differs from the ratings",
        help_text="Needed when a level differs from the median. It is shown with your name.",
    )

    def __init__(self, *args: Any, scale: RiskScale, levels: Levels, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for axis in Axis:
            field: Any = self.fields[axis.value]
            field.widget = HintedRadioSelect(hints={str(level.level): level.anchor for level in levels[axis]})
            field.choices = [(level.level, f"{level.level} {level.label}") for level in levels[axis]]
            field.help_text = (
                f"{scale.severity_unit[:1].upper()}{scale.severity_unit[1:]}" if axis == Axis.SEVERITY else f"In ordinary use, {scale.frequency_unit}"
            )


class AppetiteForm(forms.Form):
    highest_score = forms.IntegerField(min_value=1, max_value=HIGHEST_SCORE, required=False, label="Highest score", help_text="1 to 25; empty takes it back.")
    reason = forms.CharField(max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": "Say why."})


class ScaleChangeForm(forms.Form):
    """Which new level each level of the old axes is, for both axes, and why."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why the levels correspond like this",
        error_messages={"required": "Say why."},
    )

    def __init__(self, *args: Any, old: Levels, new: Levels, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for axis in Axis:
            choices = [(str(level.level), f"{level.level} {level.label}") for level in new[axis]]
            for level in old[axis]:
                field = forms.TypedChoiceField(coerce=int, choices=choices, initial=str(level.level), label=f"{axis.label} {level.level} {level.label} becomes")
                self.fields[f"{axis}_{level.level}"] = field
        self.order_fields([*(f"{axis}_{level}" for axis in Axis for level in range(1, HIGHEST_LEVEL + 1)), "reason"])

    def levels(self, axis: Axis) -> list[int]:
        return [self.cleaned_data[f"{axis}_{level}"] for level in range(1, HIGHEST_LEVEL + 1)]
