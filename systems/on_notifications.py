"""What people are told about the systems: emergency activations."""

from __future__ import annotations

from raiportal.notifications.kinds import NotificationKind

EMERGENCY_ASKED = NotificationKind(
    "systems.emergency_asked",
    "Emergency activation asked for",
    "Somebody asks to activate a configuration past the checks. Told to whoever may be the second person.",
    is_urgent=True,
)
EMERGENCY_TO_REVIEW = NotificationKind(
    "systems.emergency_to_review",
    "Emergency activation to review",
    "An emergency activation came into force. Told to whoever may review it: neither who asked for it nor who confirmed it.",
)
KINDS = (EMERGENCY_ASKED, EMERGENCY_TO_REVIEW)
