"""The scale, the kinds of harm, and who may accept which risk."""

from __future__ import annotations

from django.db.models import QuerySet

from harms import acceptance
from harms.acceptance import AcceptanceRule
from harms.enums import Axis
from harms.models import HarmCategory, RiskScale, ScaleLevel
from raiportal.catalogues import selectors as catalogue_selectors
from raiportal.errors import Unavailable

ACCEPTANCE_RULES = "acceptance-rules"  # the catalogue


def current_scale() -> RiskScale:
    """The scale on which risk is scored now. Raises Unavailable when the reference data was never loaded."""
    scale = RiskScale.objects.order_by("-version").first()
    if scale is None:
        raise Unavailable("There is no risk scale yet. An administrator loads it with `manage.py load_catalogues`.")
    return scale


def levels_of(scale: RiskScale) -> dict[str, list[ScaleLevel]]:
    """The levels of each axis, lowest first."""
    found: dict[str, list[ScaleLevel]] = {axis: [] for axis in Axis.values}
    for level in ScaleLevel.objects.filter(scale=scale).order_by("axis", "level"):
        found[level.axis].append(level)
    return found


def categories() -> QuerySet[HarmCategory]:
    return HarmCategory.objects.order_by("position", "pk")


def acceptance_rules() -> list[AcceptanceRule]:
    """Who may accept which score, by rising score. Raises Unavailable when the reference data was never loaded."""
    entries = catalogue_selectors.entries(ACCEPTANCE_RULES)
    if not entries:
        raise Unavailable("There are no rules for accepting risks yet. An administrator loads them with `manage.py load_catalogues`.")
    return acceptance.rules_of((entry.title, entry.body) for entry in entries)
