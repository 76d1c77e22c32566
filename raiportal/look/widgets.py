"""Form controls that carry more than a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms


class HintedRadioSelect(forms.RadioSelect):
    """Radio buttons with a line of explanation for each value. `across` puts short choices side by side."""

    def __init__(self, *, hints: Mapping[str, str] | None = None, across: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.hints = dict(hints or {})
        self.across = across


class CheckboxesAcross(forms.CheckboxSelectMultiple):
    """Boxes to tick, short ones side by side."""

    across = True


class HintedCheckboxes(forms.CheckboxSelectMultiple):
    """Boxes to tick with a line of explanation for each value, in columns where there is room."""

    def __init__(self, *, hints: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.hints = dict(hints)


class SomeOfMany(forms.CheckboxSelectMultiple):
    """Boxes for a list too long to read: they scroll, what is chosen comes first, and with a script typing narrows them."""


class SeverityKeys(forms.RadioSelect):
    """Severity as keys side by side, coloured by band: arrows move, and digits choose while the focus is in the form, where
    `has_keys`.

    `meanings` say for each band, safe to high, what it means here.
    """

    def __init__(self, *, meanings: Mapping[int, str] | None = None, has_keys: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.meanings = dict(meanings or {})
        self.has_keys = has_keys
