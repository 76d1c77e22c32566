"""Tags for forms: fields with their words, the notice above a refused form, dialogs."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms import BaseForm, BoundField
from django.forms.widgets import CheckboxInput, FileInput
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from raiportal.look.levels import SEVERITY_WORDS, severity_band
from raiportal.look.templatetags.look import icon as drawn_icon
from raiportal.look.widgets import CheckboxesAcross, HintedCheckboxes, HintedRadioSelect, SeverityKeys, SomeOfMany

register = template.Library()


def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, SeverityKeys):
        return "keys"
    if isinstance(widget, SomeOfMany):
        return "picker"
    if bound.use_fieldset:
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "checkbox"
    return "file" if isinstance(widget, FileInput) else "control"


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, bare: bool = False) -> dict[str, Any]:
    """Label, hint, error and control of one form field; the control names hint and error by `aria-describedby`.

    `bare` leaves out the hint and the placeholder that a library's form brings along.
    """
    if bare:
        bound.help_text = ""
        bound.field.widget.attrs.pop("placeholder", None)
    widget = bound.field.widget
    hints = widget.hints if isinstance(widget, HintedRadioSelect | HintedCheckboxes) else {}
    options = [(option, hints.get(str(option.data["value"]), "")) for option in bound] if bound.use_fieldset else []
    if isinstance(widget, SomeOfMany):
        options.sort(key=lambda pair: not pair[0].data["selected"])
    across = isinstance(widget, HintedRadioSelect | CheckboxesAcross) and widget.across
    shape = "across" if across else "pairs" if isinstance(widget, HintedCheckboxes) else ""
    return {"field": bound, "kind": _kind(bound), "options": options, "shape": shape, "errors": _messages(bound), **_keys(bound)}


def _keys(bound: BoundField) -> dict[str, Any]:
    """The keys of a severity field with their fills, and the words of the bands below them."""
    widget = bound.field.widget
    if not isinstance(widget, SeverityKeys):
        return {}
    keys = [(option, severity_band(int(option.data["value"])).number) for option in bound if str(option.data["value"])]
    words = [(word.capitalize(), widget.meanings.get(band, "")) for band, word in enumerate(SEVERITY_WORDS)]
    return {"keys": keys, "key_words": words, "has_keys": widget.has_keys}


def _messages(bound: BoundField) -> list[str]:
    """A field's errors; Django's own words for a missing answer give way to words that name the field."""
    bare = forms.Field.default_error_messages["required"]
    return [f"Fill in “{bound.label}”." if message == bare else str(message) for message in bound.errors]


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm, *, focus: bool = True) -> dict[str, Any]:
    """The notice above a refused form: every error, linked to its field; it takes the focus."""
    problems = [(_anchor(bound), message) for bound in form for message in _messages(bound)]
    return {"form": form, "problems": problems, "count": len(problems) + len(form.non_field_errors()), "focus": focus}


def _anchor(bound: BoundField) -> str:
    return bound.id_for_label or f"{bound.auto_id}_0"


@register.simple_block_tag(takes_context=True)
def dialog(
    context: Context,
    content: SafeString,
    id: str,
    title: str,
    *,
    act: str,
    action: str = "",
    keep: str = "Leave it",
    tone: str = "",
    method: str = "post",
    is_open: Any = False,
    is_multipart: bool = False,
) -> str:
    """A form in a dialog, opened by `{% dialog_button id ... %}`: `act` names what its button does, `keep` what the other leaves as it is.

    Its address answers with the page and the dialog open (`is_open`) where it refuses. Without a script it opens all the same, and stands in the page
    once it was refused.
    """
    shown = {
        "id": id,
        "title": title,
        "act": act,
        "action": action,
        "keep": keep,
        "tone": tone or "danger",
        "method": method,
        "content": content,
        "is_open": bool(is_open),
        "is_multipart": is_multipart,
        "csrf_token": context.get("csrf_token"),
    }
    return str(context.template.engine.get_template("components/dialog.html").render(context.new(shown)))  # type: ignore[union-attr]  # a template renders us


@register.simple_tag
def dialog_button(id: str, label: str, icon: str = "", css: str = "") -> SafeString:
    """The button that opens a dialog; `css` adds modifiers of `.button`, like "danger small"."""
    drawn = drawn_icon(icon) if icon else ""
    return format_html('<button class="{}" type="button" popovertarget="{}" aria-haspopup="dialog">{}{}</button>', f"button {css}".strip(), id, drawn, label)
