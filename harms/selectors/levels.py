"""Risk levels as filters."""

from __future__ import annotations

from django.db.models import Q

from raiportal.look.levels import RISK_LEVEL_TOPS

HIGH = 4  # risk level from which a harm counts as an open high risk
HIGH_SCORE = RISK_LEVEL_TOPS[HIGH - 2] + 1


def is_at_level(level: int) -> Q:
    """Rows whose ranking score is of a risk level, 1 (very low) to 5 (critical)."""
    lowest = (0, *RISK_LEVEL_TOPS)[level - 1] + 1
    return Q(priority__range=(lowest, RISK_LEVEL_TOPS[level - 1]))
