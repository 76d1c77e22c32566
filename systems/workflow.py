"""The life of an emergency activation."""

from __future__ import annotations

from typing import Any

from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision
from raiportal.workflow import Move, Workflow
from systems import policies
from systems.enums import EmergencyState


def _by_itself(user: User, emergency: Any) -> Decision:
    """Whoever comes next notices that the hour is over."""
    return ALLOWED


EMERGENCY = Workflow(
    "systems.emergency_activation",
    field="state",
    moves=(
        Move("confirm", {EmergencyState.WAITING}, EmergencyState.ACTED, policies.may_confirm_emergency),
        Move("withdraw", {EmergencyState.WAITING}, EmergencyState.WITHDRAWN, policies.may_withdraw_emergency, past="withdrawn"),
        Move("expire", {EmergencyState.WAITING}, EmergencyState.EXPIRED, _by_itself),
        Move("review", {EmergencyState.ACTED}, EmergencyState.REVIEWED, policies.may_review_emergency),
    ),
)
