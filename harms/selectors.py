"""The harm register as pages, exports and rules read it."""

from __future__ import annotations

from harms.models import RiskScale
from raiportal.errors import Unavailable


def current_scale() -> RiskScale:
    """The scale on which risk is scored now. Raises Unavailable when the reference data was never loaded."""
    scale = RiskScale.objects.order_by("-version").first()
    if scale is None:
        raise Unavailable("There is no risk scale yet. An administrator loads it with `manage.py load_catalogues`.")
    return scale
