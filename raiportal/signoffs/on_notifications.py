"""What is told about sign-offs."""

from __future__ import annotations

from raiportal.notifications.kinds import NotificationKind

KINDS = (
    NotificationKind("signoffs.asked", "Sign-off asked for", "A sign-off was asked for. Told to those who can give it and to their stand-ins."),
    NotificationKind("signoffs.decided", "Sign-off decided", "A request was approved or refused. Told to whoever asked and to those who signed."),
    NotificationKind(
        "signoffs.closed", "Sign-off taken back", "A request was withdrawn, or an approval revoked. Told to whoever asked and to those who can sign."
    ),
    NotificationKind("signoffs.ended", "Approval ended", "An approval holds no more. Told to whoever asked for it and to those who signed it.", is_urgent=True),
    NotificationKind("signoffs.outdated", "Changed while it waits", "What waits for sign-off was changed. Told to whoever asked."),
    NotificationKind("signoffs.condition_set", "Condition to meet", "An approval was given on a condition. Told to the condition's owner."),
    NotificationKind("signoffs.condition_met", "Condition met", "A condition's owner said that it is met. Told to whoever set it."),
    NotificationKind("signoffs.stand_in_named", "Stand-in named", "Somebody signs for somebody else for a while. Told to both."),
    NotificationKind("signoffs.stand_in_ended", "Stand-in ended", "A stand-in ended before its time. Told to both sides of it."),
    NotificationKind("signoffs.condition_looked_at", "Condition looked at", "A condition was confirmed or opened again. Told to its owner."),
)
