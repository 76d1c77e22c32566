"""Shapes of what is sent to try a judge on."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from measurements.enums import JudgeKind
from systems.providers.filters import filter_results

LONGEST_TRIAL = 100_000  # characters
ANNOTATIONS = "Annotations of an answer"
ANNOTATIONS_HINT = "As the provider sends them, for instance {“hate”: {“severity”: “medium”, “filtered”: false}}."
NO_ANNOTATIONS = "These are no annotations in JSON, such as {“hate”: {“severity”: “medium”}}."


class TrialForm(forms.Form):
    """A text on which a judge is tried: an answer, for a model with its prompt; for a content filter its annotations."""

    prompt = forms.CharField(label="Prompt", required=False, strip=False, max_length=LONGEST_TRIAL, widget=forms.Textarea(attrs={"rows": 3}))
    text = forms.CharField(label="Text to try", strip=False, max_length=LONGEST_TRIAL, widget=forms.Textarea(attrs={"rows": 5}))

    def __init__(self, *args: Any, kind: str, **options: Any) -> None:
        super().__init__(*args, **options)
        text = self.fields["text"]
        if kind != JudgeKind.MODEL:
            del self.fields["prompt"]
        if kind == JudgeKind.MODEL:
            text.label = "Answer"
        if kind == JudgeKind.CONTENT_FILTER:
            text.label, text.help_text = ANNOTATIONS, ANNOTATIONS_HINT


def annotations_of(text: str) -> dict[str, dict[str, dict[str, Any]]]:
    """What a content filter said, from a provider's whole answer or error, from both sides by name, or from one choice's results alone.

    Raises ValidationError when it is none of these.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise forms.ValidationError(NO_ANNOTATIONS) from fault
    if not isinstance(given, dict):
        raise forms.ValidationError(NO_ANNOTATIONS)
    found = filter_results(given) or filter_results(_as_answer(given))
    if not found:
        raise forms.ValidationError(NO_ANNOTATIONS)
    return found


def _as_answer(given: dict[str, Any]) -> dict[str, Any]:
    """Results alone, put where an answer has them."""
    if given.keys() <= {"prompt", "completion"}:
        prompt, completion = given.get("prompt", {}), given.get("completion", {})
    else:
        prompt, completion = {}, given
    return {"prompt_filter_results": [{"content_filter_results": prompt}], "choices": [{"content_filter_results": completion}]}
