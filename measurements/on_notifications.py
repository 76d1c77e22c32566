"""What people are told about measuring: runs and judgings that stand still, schedules that could not start."""

from __future__ import annotations

from raiportal.notifications.kinds import NotificationKind

RUN_PAUSED = NotificationKind(
    "measurements.run_paused",
    "Run stands still",
    "A run, or its judging, was paused by the portal: a key, a budget, an endpoint. Told to whoever started or last resumed it, and to the system's owners.",
)
RIGHT_LOST = NotificationKind(
    "measurements.right_lost",
    "Run without a responsible person",
    "Whoever started or last resumed a run lost the right to run it, and it was paused. Told to the system's owners and to risk managers.",
)
SCHEDULE_FAILED = NotificationKind(
    "measurements.schedule_failed",
    "Schedule could not start a run",
    "A run was due and could not be started. Told to whoever is responsible for the schedule, and to the system's owners.",
)
KINDS = (RUN_PAUSED, RIGHT_LOST, SCHEDULE_FAILED)
