"""What somebody sends to attach evidence."""

from __future__ import annotations

from typing import Any

from django import forms

from raiportal.evidence.media_types import KINDS

ENDINGS = ", ".join(kind.ending for kind in KINDS.values())


class EvidenceForm(forms.Form):
    """A file, or an address; one of the two."""

    file = forms.FileField(required=False, label="File", help_text=f"{ENDINGS}. Macros, archives and pages are refused.")
    url = forms.CharField(
        required=False,
        max_length=1_000,
        label="Or an address",
        help_text="Of a page elsewhere, or of a page of this portal, which is then kept as a live object.",
    )
    title = forms.CharField(required=False, max_length=160, label="Title", help_text="Left empty, it is called as the file or the page is.")
    note = forms.CharField(required=False, max_length=2_000, label="What it shows", widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["file"].widget.attrs["accept"] = ",".join(KINDS)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "file" in self.errors or "url" in self.errors:
            return given
        if given.get("file") and given.get("url"):
            self.add_error("url", "Give a file or an address, not both. Add them one after the other.")
        if not given.get("file") and not given.get("url"):
            self.add_error("file", "Choose a file, or give an address.")
        return given
