"""Activating at once, past the higher checks: one person asks, a second confirms within the hour, somebody else reviews it afterwards."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Invalid, Missing, WrongState
from systems import policies
from systems.actions.activations import locked_shares, put_into_force, require_integrity
from systems.actions.telling import tell_emergency_asked, tell_emergency_to_review
from systems.enums import ActivationKind, EmergencyState, Environment, Finding
from systems.extensions import Share
from systems.models import AISystem, EmergencyActivation, EmergencyShare
from systems.workflow import EMERGENCY

CONFIRM_WITHIN = datetime.timedelta(hours=1)  # longer, and what was asked for may not fit any more


@transaction.atomic
def ask_for_emergency(*, system_id: int, environment: str, shares: Sequence[Share], reason: str, actor: User) -> EmergencyActivation:
    """Ask that an order comes into force without the higher checks. Nothing is active until a second person confirms.

    Raises PolicyDenied, Invalid, WrongState while another one waits there, or Unmet for what would never be passed over.
    """
    system: AISystem = AISystem.objects.lock(system_id)
    policies.may_ask_for_emergency(actor, system).require()
    reason = require_text(reason, field="reason", sentence="Say what the emergency is.")
    if environment not in Environment.values:
        raise Invalid(f"An environment is one of {', '.join(Environment.values)}.", field="environment")
    order = locked_shares(shares)
    require_integrity(system, Environment(environment), order, actor)
    now = clocks.now()
    _settle_waiting(system, environment, now, actor)
    asked = EmergencyActivation(system=system, environment=environment, reason=reason, created_by=actor, expires_at=now + CONFIRM_WITHIN)
    asked.save(force_insert=True)
    EmergencyShare.objects.bulk_create(
        EmergencyShare(emergency=asked, position=place, configuration=share.configuration, share=share.percent) for place, share in enumerate(order, start=1)
    )
    wanted = [{"configuration": share.configuration.pk, "share": share.percent} for share in order]
    ledger.record("systems.emergency_activation_asked", subject=asked, actor=actor, reason=reason, environment=environment, shares=wanted)
    tell_emergency_asked(asked, system, actor)
    return asked


@transaction.atomic
def confirm_emergency(*, emergency_id: int, actor: User) -> EmergencyActivation:
    """Put what was asked for into force, as the second person. Raises PolicyDenied, WrongState after the hour, or Unmet."""
    asked = _found(emergency_id)
    system: AISystem = AISystem.objects.lock(asked.system_id)
    asked.system = system
    policies.may_confirm_emergency(actor, asked).require()
    now = clocks.now()
    if asked.is_over(now):
        raise WrongState("The hour in which a second person could confirm this is over. Ask again.")
    EMERGENCY.require_state(asked, EmergencyState.WAITING)
    environment = Environment(asked.environment)
    order = locked_shares([Share(row.configuration, row.share) for row in asked.shares.select_related("configuration").order_by("position")])
    require_integrity(system, environment, order, actor)
    made = put_into_force(system, environment, order, ActivationKind.EMERGENCY, asked.reason, actor)
    acted: EmergencyActivation = EMERGENCY.advance(asked, "confirm", actor=actor, activation=made, confirmed_by=actor, confirmed_at=now)
    tell_emergency_to_review(acted, system, actor)
    return acted


@transaction.atomic
def withdraw_emergency(*, emergency_id: int, reason: str, actor: User) -> EmergencyActivation:
    """Take the request back before anybody confirmed it."""
    asked = _found(emergency_id)
    reason = require_text(reason, field="reason", sentence="Say why.")
    return EMERGENCY.advance(asked, "withdraw", actor=actor, note=reason)  # type: ignore[no-any-return]


@transaction.atomic
def review_emergency(*, emergency_id: int, finding: str, finding_text: str, actor: User) -> EmergencyActivation:
    """Close the review with what was found. Somebody else than the two who activated does it."""
    asked = _found(emergency_id)
    if finding not in Finding.values:
        raise Invalid(f"A finding is one of {', '.join(Finding.values)}.", field="finding")
    text = require_text(finding_text, field="finding_text", sentence="Say what you found.")
    return EMERGENCY.advance(  # type: ignore[no-any-return]
        asked, "review", actor=actor, finding=finding, finding_text=text, reviewed_by=actor, reviewed_at=clocks.now()
    )


def _found(emergency_id: int) -> EmergencyActivation:
    asked = EmergencyActivation.objects.select_related("system", "created_by").filter(pk=emergency_id).first()
    if asked is None:
        raise Missing("This isn't there any more.")
    return asked  # type: ignore[no-any-return]


def _settle_waiting(system: AISystem, environment: str, now: datetime.datetime, actor: User) -> None:
    """Close the request whose hour is over; one that still waits is in the way."""
    waiting = EmergencyActivation.objects.filter(system=system, environment=environment, state=EmergencyState.WAITING).first()
    if waiting is None:
        return
    if not waiting.is_over(now):
        raise WrongState("Another emergency activation waits here for a second person. Confirm or withdraw it first.")
    EMERGENCY.advance(waiting, "expire", actor=actor)
