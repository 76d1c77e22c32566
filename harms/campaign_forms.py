"""Shapes of what people enter about red-team campaigns."""

from __future__ import annotations

from typing import Any

from django import forms

from harms.enums import Approach, OpinionVerdict, Origin, SessionResult, TestedLayer
from harms.models import (
    LONGEST_CHARTER_TEXT,
    LONGEST_DESCRIPTION,
    LONGEST_PROMPT,
    MOST_DAILY_MINUTES,
    MOST_DAILY_PROBES,
    MOST_RETENTION_DAYS,
    USUAL_RETENTION_DAYS,
    Campaign,
    Finding,
    Harm,
    Objective,
)
from harms.selectors import campaigns as selectors
from harms.selectors import categories
from harms.transcripts import MOST_CHARACTERS
from raiportal.look.widgets import CheckboxesAcross, HintedRadioSelect, SomeOfMany
from systems.models import AISystem

LARGEST = 2**31 - 1
NUMBER = {"inputmode": "numeric"}
APPROACH_HINTS: dict[str, str] = {
    Approach.OPPORTUNISTIC: "Testers follow what looks promising. Says that a harm exists, never how often",
    Approach.SYSTEMATIC: "Objectives are named before it begins and each is tried. Its figures get intervals",
}


def _words(label: str, hint: str = "", *, rows: int = 3, required: bool = False) -> forms.CharField:
    return forms.CharField(label=label, help_text=hint, required=required, max_length=LONGEST_CHARTER_TEXT, widget=forms.Textarea(attrs={"rows": rows}))


def _number(label: str, hint: str = "", *, most: int = LARGEST, required: bool = True, initial: int | None = None) -> forms.IntegerField:
    widget = forms.NumberInput(attrs=NUMBER)
    return forms.IntegerField(label=label, help_text=hint, min_value=1, max_value=most, required=required, initial=initial, widget=widget)


class CharterForm(forms.Form):
    """The charter. What a draft leaves empty has to be there before the campaign starts."""

    title = forms.CharField(label="Title", max_length=160)
    aim = _words("Aim", "What the team wants to know, and for which decision.", required=True)
    approach = forms.ChoiceField(choices=Approach.choices, initial=Approach.OPPORTUNISTIC, widget=HintedRadioSelect(hints=APPROACH_HINTS))
    scope = forms.CharField(label="Harms in scope", required=False, help_text="Codes in order of priority, such as: H-03, H-01. The first is tried first.")
    layers = forms.MultipleChoiceField(label="Layers", choices=TestedLayer.choices, required=False, widget=CheckboxesAcross)
    configuration = forms.TypedChoiceField(
        label="Aimed at", coerce=int, required=False, empty_value=None, help_text="Deployment, metaprompt, filters and parameters. Every session records it."
    )
    rules_of_engagement = _words("Rules of engagement", "What testers may and may not do.")
    stop_rules = _words("When to stop", "What ends or pauses the campaign.")
    data_handling = _words("What happens to what is found", "Who sees it, where it is kept, how long.")
    retention_days = _number(
        "Transcripts are kept",
        "Days after the campaign is closed. Then what was sent and answered is deleted; figures, verdicts and findings stay.",
        most=MOST_RETENTION_DAYS,
        initial=USUAL_RETENTION_DAYS,
    )
    content_warning = _words("Content warning", "What testers will read. Each says that they read it before they take part; a change asks again.")
    support_contact = forms.CharField(label="Whom testers can turn to", max_length=200, required=False)
    most_probes = _number("Most probes", "Of the whole campaign. Empty: no limit.", required=False)
    budget_tokens = _number("Budget in tokens", "Read and written together. Empty: no limit.", required=False)
    daily_probes = _number("Probes a day", f"For each tester, over all campaigns; at most {MOST_DAILY_PROBES}.", most=MOST_DAILY_PROBES, initial=60)
    daily_minutes = _number("Minutes a day", f"For each tester, over all campaigns; at most {MOST_DAILY_MINUTES}.", most=MOST_DAILY_MINUTES, initial=120)
    break_after_minutes = _number("A break after", "Minutes of probing.", most=MOST_DAILY_MINUTES, initial=45)
    break_minutes = _number("Length of the break", "Minutes.", most=MOST_DAILY_MINUTES, initial=10)
    is_break_enforced = forms.BooleanField(label="Send nothing during a break", required=False)

    def __init__(self, *args: Any, system: AISystem, **options: Any) -> None:
        super().__init__(*args, **options)
        self.system = system
        self.configurations = {row.pk: row for row in selectors.configurations_to_choose(system)}
        chosen: Any = self.fields["configuration"]
        chosen.choices = [
            ("", "Choose one"),
            *((pk, f"{row.code} on {row.deployment.name}{f', {row.metaprompt}' if row.metaprompt else ''}") for pk, row in self.configurations.items()),
        ]

    def clean_scope(self) -> list[Harm]:
        """The harms that the codes name, in their order."""
        codes = [code for code in self.cleaned_data["scope"].replace(";", ",").replace("\n", ",").split(",") if code.strip()]
        numbers = [code.strip().upper().removeprefix("H-") for code in codes]
        bad = [code.strip() for code, number in zip(codes, numbers, strict=True) if not (number.isascii() and number.isdigit() and len(number) <= 18)]
        known = {harm.pk: harm for harm in selectors.scope_choices(self.system).filter(pk__in=[int(number) for number in numbers if not bad])}
        missing = bad or [code.strip() for code, number in zip(codes, numbers, strict=True) if int(number) not in known]
        if missing:
            raise forms.ValidationError(f"This system has no harm “{missing[0][:40]}”.")
        return [known[int(number)] for number in numbers]

    def charter(self) -> dict[str, Any]:
        """The cleaned form as the actions take it."""
        said = dict(self.cleaned_data)
        return {**said, "configuration": self.configurations.get(said["configuration"])}


def charter_of(campaign: Campaign) -> dict[str, Any]:
    said = {name: getattr(campaign, name) for name in CharterForm.base_fields if name not in ("scope", "configuration")}
    return {**said, "configuration": campaign.configuration_id, "scope": ", ".join(entry.harm.code for entry in selectors.scope_of(campaign))}


class ObjectiveForm(forms.Form):
    harm = forms.TypedChoiceField(label="For which harm", coerce=int)
    words = forms.CharField(label="What testers try to make it do", max_length=300)

    def __init__(self, *args: Any, campaign: Campaign, **options: Any) -> None:
        super().__init__(*args, **options)
        self.harms = {entry.harm_id: entry.harm for entry in selectors.scope_of(campaign)}
        self.fields["harm"].choices = [(pk, f"{harm.code} {harm.title}") for pk, harm in self.harms.items()]  # type: ignore[attr-defined]


class AimForm(forms.Form):
    """What a session tries: a harm in scope or one of its objectives, and a layer of the charter."""

    aim = forms.ChoiceField(
        label="Aimed at", help_text="A harm in scope, or an objective named for it.", error_messages={"required": "Choose what this session aims at."}
    )
    layer = forms.ChoiceField(label="Layer", widget=HintedRadioSelect(across=True), error_messages={"required": "Choose a layer."})
    language = forms.CharField(label="Language", required=False, max_length=35, help_text="Of the messages, where it matters.")

    def __init__(self, *args: Any, campaign: Campaign, **options: Any) -> None:
        super().__init__(*args, **options)
        self.harms: dict[str, tuple[Harm, Objective | None]] = {}
        choices = []
        objectives = selectors.objectives_of(campaign)
        for entry in selectors.scope_of(campaign):
            self.harms[f"h{entry.harm_id}"] = (entry.harm, None)
            choices.append((f"h{entry.harm_id}", f"{entry.position}. {entry.harm.code} {entry.harm.title}"))
            for objective in objectives:
                if objective.harm_id == entry.harm_id:
                    self.harms[f"o{objective.pk}"] = (entry.harm, objective)
                    choices.append((f"o{objective.pk}", f"  O-{objective.number} {objective.words}"))
        self.fields["aim"].choices = choices  # type: ignore[attr-defined]
        self.fields["layer"].choices = [(layer, TestedLayer(layer).label) for layer in campaign.layers]  # type: ignore[attr-defined]

    def aimed(self) -> dict[str, Any]:
        harm, objective = self.harms[self.cleaned_data["aim"]]
        return {"harm": harm, "objective": objective, "layer": self.cleaned_data["layer"], "language": self.cleaned_data["language"]}


class SessionForm(AimForm):
    goal = forms.CharField(label="What you want to find out", required=False, max_length=300)


def _strategies() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="Strategies", required=False, widget=SomeOfMany, help_text="What the message tries, from the catalogue. Names and families can be typed."
    )


class TranscriptForm(AimForm):
    source = forms.CharField(label="Where it comes from", max_length=200, help_text="The tool, the chat or the person.")
    text = forms.CharField(
        label="The conversation",
        required=False,
        max_length=MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "exact"}),
        help_text="Messages that start with “User:” and “Assistant:”, or JSON messages with role and content.",
    )
    file = forms.FileField(label="Or a file", required=False, help_text="Text or JSON.")
    configuration = forms.TypedChoiceField(
        label="Held with", coerce=int, required=False, empty_value=None, help_text="Without it nothing of it can be played again."
    )
    strategies = _strategies()
    result = forms.ChoiceField(label="Result", choices=SessionResult.choices, initial=SessionResult.FOUND, widget=HintedRadioSelect(across=True))

    def __init__(self, *args: Any, campaign: Campaign, **options: Any) -> None:
        super().__init__(*args, campaign=campaign, **options)
        self.configurations = {row.pk: row for row in selectors.configurations_to_choose(campaign.system)}
        chosen: Any = self.fields["configuration"]
        chosen.choices = [("", "Not known"), *((pk, f"{row.code} on {row.deployment.name}") for pk, row in self.configurations.items())]
        self.fields["strategies"].choices = selectors.strategy_choices()  # type: ignore[attr-defined]


class ProbeForm(forms.Form):
    """One message. `key` makes a double click send once."""

    key = forms.CharField(widget=forms.HiddenInput)
    text = forms.CharField(
        label="Message",
        max_length=LONGEST_PROMPT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write a message to send."},
    )
    strategies = _strategies()
    note = forms.CharField(label="Note", required=False, max_length=2_000, help_text="For the team; it is not sent.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["strategies"].choices = selectors.strategy_choices()  # type: ignore[attr-defined]


class FindingForm(forms.Form):
    title = forms.CharField(label="What the system did", max_length=160, help_text="In one line.")
    description = forms.CharField(label="What is bad about it, and for whom", max_length=LONGEST_DESCRIPTION, widget=forms.Textarea(attrs={"rows": 4}))
    first_turn = _number("From turn", most=100_000)
    last_turn = _number("To turn", most=100_000)
    severity = forms.TypedChoiceField(label="Severity", coerce=int)
    harm = forms.TypedChoiceField(
        label="Looks like", coerce=int, required=False, empty_value=None, help_text="Left open, it may be a harm that nobody knows yet."
    )

    def __init__(self, *args: Any, system: AISystem, severities: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.harms = {harm.pk: harm for harm in selectors.scope_choices(system)}
        self.fields["severity"].choices = severities  # type: ignore[attr-defined]
        self.fields["harm"].choices = [("", "Something new, or not known"), *((pk, f"{harm.code} {harm.title}") for pk, harm in self.harms.items())]  # type: ignore[attr-defined]

    def found(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        return {**said, "harm": self.harms.get(said["harm"])}


class _Severe(forms.Form):
    severity = forms.TypedChoiceField(label="Severity", coerce=int)

    def __init__(self, *args: Any, severities: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_id = f"{type(self).__name__.lower()}-%s"  # several of these stand on one page
        self.fields["severity"].choices = severities  # type: ignore[attr-defined]


class OpinionForm(_Severe):
    verdict = forms.ChoiceField(label="Is it a finding?", choices=OpinionVerdict.choices, widget=HintedRadioSelect(across=True))
    reason = forms.CharField(label="Why", max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}))
    field_order = ("verdict", "severity", "reason")


class KnownHarmForm(_Severe):
    harm = forms.TypedChoiceField(label="Harm", coerce=int)
    reason = forms.CharField(label="Note", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ("harm", "severity", "reason")

    def __init__(self, *args: Any, system: AISystem, **options: Any) -> None:
        super().__init__(*args, **options)
        self.harms = {harm.pk: harm for harm in selectors.scope_choices(system)}
        self.fields["harm"].choices = [(pk, f"{harm.code} {harm.title}") for pk, harm in self.harms.items()]  # type: ignore[attr-defined]


class NewHarmForm(_Severe):
    title = forms.CharField(label="What goes wrong", max_length=160)
    category = forms.ChoiceField(label="Category")
    origin = forms.ChoiceField(label="Origin", choices=Origin.choices, initial=Origin.MODEL)
    field_order = ("title", "category", "origin", "severity")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.categories = {category.slug: category for category in categories()}
        self.fields["category"].choices = [(slug, category.name) for slug, category in self.categories.items()]  # type: ignore[attr-defined]


class DuplicateForm(forms.Form):
    original = forms.TypedChoiceField(label="The same as", coerce=int)
    reason = forms.CharField(label="Note", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, finding: Finding, **options: Any) -> None:
        super().__init__(*args, **options)
        self.auto_id = "duplicate-%s"
        others = Finding.objects.filter(system=finding.system, duplicate_of=None).exclude(pk=finding.pk).order_by("-pk")[:500]
        self.findings = {row.pk: row for row in others}
        self.fields["original"].choices = [(pk, f"{row.code} {row.title}") for pk, row in self.findings.items()]  # type: ignore[attr-defined]
