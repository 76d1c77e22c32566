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
