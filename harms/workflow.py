"""The states of a harm."""

from __future__ import annotations

from harms import policies
from harms.enums import HarmState
from raiportal.workflow import Move, Workflow

HARM = Workflow("harms.harm", field="state", moves=(Move("assess", {HarmState.PROPOSED}, HarmState.ASSESSED, policies.may_record_risk_point),))
