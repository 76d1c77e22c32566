"""What people enter when they state a measured risk."""

from __future__ import annotations

from typing import Any

from harms.forms import AssessmentForm


class MeasuredRiskForm(AssessmentForm):
    """Severity as the outputs show it; frequency where the measured rate says how often."""

    field_order = ("intended_use", "frequency", "severity", "rationale")

    def __init__(self, *args: Any, says_how_often: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rationale"].help_text = "What you saw in the outputs. The rate and where it comes from are added by themselves."
        if not says_how_often:
            del self.fields["frequency"]
