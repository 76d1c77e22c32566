"""The form on which an entry of a catalogue is written, made from the fields of its kind."""

from __future__ import annotations

from typing import Any

from django import forms

from raiportal.administration.catalogue_pages import BETWEEN_COLUMNS, words_of
from raiportal.catalogues.kinds import LONGEST_TEXT, CatalogueKind, Field
from raiportal.catalogues.models import CatalogueEntry
from raiportal.look.forms import LONGEST_REASON, ReasonForm

LONGEST_TITLE = 200  # characters
LONGEST_SOURCE = 200
LONGEST_VERSION = 60
LONGEST_SLUG = 80
LONGEST_LIST = 40_000  # characters of all its lines
YES_NO = {"": "Not said", "yes": "Yes", "no": "No"}
ONE_A_LINE = {"list": "One a line.", "references": "One a line, such as hax-guidelines:g10."}


def _date(label: str, hint: str = "") -> forms.DateField:
    return forms.DateField(
        required=False,
        label=label,
        help_text=hint,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Give a date, like 2027-03-31."},
    )


class EntryForm(forms.Form):
    """An entry's title, what its kind says, where that comes from, how long it holds, and why it is written so."""

    def __init__(self, data: Any = None, *, kind: CatalogueKind, entry: CatalogueEntry | None = None) -> None:
        super().__init__(data, initial=_initial(kind, entry) if entry else None)
        self.kind = kind
        if entry is None:
            self.fields["slug"] = forms.SlugField(
                max_length=LONGEST_SLUG, label="Short name", help_text="Letters, digits and hyphens. Other entries refer to it by this name, so it stays."
            )
        else:
            self.fields["seen"] = forms.IntegerField(initial=entry.number, widget=forms.HiddenInput)
        self.fields["title"] = forms.CharField(max_length=LONGEST_TITLE)
        for field in kind.fields:
            self.fields[field.name] = _form_field(field)
        self.fields["source"] = forms.CharField(max_length=LONGEST_SOURCE, required=False, help_text="Title of the published text.")
        self.fields["source_version"] = forms.CharField(max_length=LONGEST_VERSION, required=False, label="Version of the source")
        self.fields["valid_from"] = _date("Holds from")
        self.fields["valid_to"] = _date("Last day", "Leave empty for no end.")
        self.fields["verified_on"] = _date("Compared on", "When somebody compared it with the published text. Leave empty until then.")
        self.fields["reason"] = forms.CharField(max_length=LONGEST_REASON, label="Reason", widget=forms.Textarea(attrs={"rows": 2}))

    @property
    def content(self) -> dict[str, Any]:
        """The entry's content as the actions take it. Only of a valid form."""
        given = self.cleaned_data
        body = {field.name: _value(field, given[field.name]) for field in self.kind.fields}
        own = {name: given[name] for name in ("title", "source", "source_version", "valid_from", "valid_to", "verified_on")}
        return {**own, "body": {name: value for name, value in body.items() if value not in (None, "", [])}}


class EndForm(ReasonForm):
    """When an entry stops to hold, and why."""

    on = _date("Last day")
    field_order = ("on", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].required = True


def _initial(kind: CatalogueKind, entry: CatalogueEntry) -> dict[str, Any]:
    own = {name: getattr(entry, name) for name in ("title", "source", "source_version", "valid_from", "valid_to", "verified_on")}
    return {**own, **{field.name: _shown(field, entry.body.get(field.name)) for field in kind.fields}}


def _shown(field: Field, value: Any) -> Any:
    """A value as its control shows it."""
    if field.shape == "list" and field.choices:
        return value or []
    return value if field.shape == "number" else words_of(field, value)


def _form_field(field: Field) -> forms.Field:
    shared: dict[str, Any] = {"label": field.label, "help_text": _hint(field), "required": field.is_required}
    if field.shape == "list" and field.choices:
        return forms.MultipleChoiceField(choices=[(name, name) for name in field.choices], widget=forms.CheckboxSelectMultiple, **shared)
    if field.shape == "choice":
        return forms.ChoiceField(choices=[("", "Choose"), *((name, name) for name in field.choices)], **shared)
    if field.shape == "yes_no":
        return forms.ChoiceField(choices=list(YES_NO.items()), **shared)
    if field.shape == "number":
        return forms.FloatField(**shared)
    if field.shape == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **shared)
    if field.shape == "text":
        return forms.CharField(max_length=LONGEST_TEXT, **shared)
    return forms.CharField(max_length=LONGEST_TEXT if field.shape == "long" else LONGEST_LIST, widget=forms.Textarea(attrs={"rows": 4}), **shared)


def _hint(field: Field) -> str:
    if field.shape == "rows":
        return f"One row a line: {BETWEEN_COLUMNS.join(field.columns)}"
    said = f"{field.hint.rstrip('.')}." if field.hint else ""
    return " ".join(filter(None, [said, "" if field.choices else ONE_A_LINE.get(field.shape, "")]))


def _value(field: Field, given: Any) -> Any:
    """What was typed, in the field's shape."""
    if field.shape == "number":
        return int(given) if given is not None and given == int(given) else given
    if field.shape == "yes_no":
        return {"yes": True, "no": False}.get(given)
    if field.shape == "date":
        return given.isoformat() if given else None
    if field.shape == "rows":
        return [_row(field, line) for line in _lines(given)]
    return _lines(given) if field.shape in ("list", "references") and isinstance(given, str) else given


def _row(field: Field, line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split(BETWEEN_COLUMNS.strip(), len(field.columns) - 1)]
    return dict(zip(field.columns, [*parts, *[""] * len(field.columns)], strict=False))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
