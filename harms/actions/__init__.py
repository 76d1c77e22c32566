"""Every change to the harm register and to the reference data that it is scored on."""

from __future__ import annotations

from harms.actions.catalogue import load_categories, load_scale
from harms.actions.register import assess_harm, edit_harm, propose_harm, record_risk_point

__all__ = ["assess_harm", "edit_harm", "load_categories", "load_scale", "propose_harm", "record_risk_point"]
