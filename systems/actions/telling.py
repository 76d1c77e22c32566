"""Telling people of what waits for them in a system."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.accounts.selectors import people_holding
from raiportal.notifications.actions import notify
from systems.models import AISystem, EmergencyActivation
from systems.on_notifications import EMERGENCY_ASKED, EMERGENCY_TO_REVIEW


def tell_emergency_asked(asked: EmergencyActivation, system: AISystem, actor: User) -> None:
    """Within the hour a second person has to confirm: everybody who may is told."""
    notify(
        EMERGENCY_ASKED.slug,
        recipients=_managers(system),
        subject=asked,
        title=f"{system.name}: confirm or refuse an emergency activation in {asked.get_environment_display().lower()}",
        url=reverse("emergency", args=[asked.pk]),
        key=str(asked.pk),
        actor=actor,
    )


def tell_emergency_to_review(acted: EmergencyActivation, system: AISystem, actor: User) -> None:
    """It acted past the checks; somebody else than the two who activated says whether that was right."""
    notify(
        EMERGENCY_TO_REVIEW.slug,
        recipients=_managers(system) - {acted.created_by_id},
        subject=acted,
        title=f"{system.name}: review the emergency activation in {acted.get_environment_display().lower()}",
        url=reverse("emergency", args=[acted.pk]),
        key=str(acted.pk),
        actor=actor,
    )


def _managers(system: AISystem) -> set[int]:
    return set(people_holding(Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR, scope_id=system.pk))
