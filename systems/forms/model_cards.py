"""Shapes of what people enter about models and their documents."""

from __future__ import annotations

from typing import Any

from django import forms

from raiportal.look.widgets import CheckboxesAcross
from systems.enums import Capability, DocumentKind, Modality
from systems.models import Document, ModelCard

ADDRESS_MOST = 500  # characters


class ModelCardForm(forms.Form):
    developer = forms.CharField(max_length=120, help_text="Who trained it.", error_messages={"required": "Say who developed the model."})
    family = forms.CharField(max_length=120, label="Model", help_text="The model or its family.", error_messages={"required": "Name the model or its family."})
    version = forms.CharField(max_length=80, required=False, help_text="As its developer names it.")
    modalities = forms.MultipleChoiceField(choices=Modality.choices, required=False, label="Takes and gives", widget=CheckboxesAcross)
    capabilities = forms.MultipleChoiceField(
        choices=Capability.choices, required=False, widget=CheckboxesAcross, help_text="Known harms are offered by these, when a deployment uses the model."
    )
    context_window_tokens = forms.IntegerField(required=False, label="Context window, tokens")
    knowledge_cutoff = forms.CharField(max_length=40, required=False, label="Knowledge until", help_text="As its developer gives it, such as June 2026.")
    alignment = forms.CharField(
        required=False,
        max_length=20_000,
        label="How it was aligned",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What its developer says was done to make it safe.",
    )
    known_limits = forms.CharField(required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), help_text="Where it is known to fail.")
    sources = forms.CharField(required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Where this is from, one a line.")


def initial_of_card(card: ModelCard) -> dict[str, Any]:
    return {name: getattr(card, name) for name in ModelCardForm.base_fields}


class DocumentForm(forms.Form):
    kind = forms.ChoiceField(choices=DocumentKind.choices)
    title = forms.CharField(max_length=160, error_messages={"required": "Give the document a title."})
    address = forms.CharField(
        max_length=ADDRESS_MOST,
        widget=forms.URLInput(attrs={"placeholder": "https://", "spellcheck": "false"}),
        error_messages={"required": "Say where the document is."},
    )
    version = forms.CharField(
        max_length=80,
        help_text="A newer version has to be read and acknowledged again by everybody.",
        error_messages={"required": "Say which version this is; a date will do."},
    )
    dated_on = forms.DateField(
        required=False, label="Dated", widget=forms.DateInput(attrs={"type": "date"}), error_messages={"invalid": "Give a date, like 2027-03-31."}
    )


def initial_of_document(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in DocumentForm.base_fields}
