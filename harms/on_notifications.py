"""What people are told about red-team campaigns."""

from __future__ import annotations

from raiportal.notifications.kinds import NotificationKind

TESTER_INVITED = NotificationKind(
    "harms.tester_invited", "Invited to a red-team campaign", "Somebody asks a person to take part in a campaign as a tester. Told to that person."
)
CAMPAIGN_PAUSED = NotificationKind(
    "harms.campaign_paused", "Red-team campaign paused", "A campaign is paused. Told to those who take part in it as testers.", is_urgent=True
)
FINDING_REPORTED = NotificationKind(
    "harms.finding_reported", "Finding waits for triage", "A tester reports a finding. Told to the system's owners and contributors, who may triage it."
)
FINDING_DECIDED = NotificationKind(
    "harms.finding_decided", "Finding decided", "Somebody confirms or dismisses a finding, or marks it as a duplicate. Told to its finder."
)
KINDS = (TESTER_INVITED, CAMPAIGN_PAUSED, FINDING_REPORTED, FINDING_DECIDED)
