"""What people are told about comments."""

from __future__ import annotations

from raiportal.notifications.kinds import NotificationKind

MENTIONED = NotificationKind(
    "comments.mentioned", "Mentioned in a comment", "somebody writes your user name with an @ in a comment on something that you may see."
)
ANSWERED = NotificationKind("comments.answered", "Answer to a comment", "somebody answers a comment of yours.")
