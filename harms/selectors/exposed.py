"""What somebody was exposed to today, and the limits of a campaign."""

from __future__ import annotations

import datetime

from harms import exposure
from harms.enums import SessionKind
from harms.exposure import Exposure, Limits
from harms.models import Campaign, Turn
from raiportal.accounts.models import User


def limits_of(campaign: Campaign) -> Limits:
    return Limits(campaign.daily_probes, campaign.daily_minutes, campaign.break_after_minutes, campaign.break_minutes, campaign.is_break_enforced)


def exposure_of(person: User, campaign: Campaign, now: datetime.datetime) -> Exposure:
    """Of today in UTC, over all campaigns of this person, by the limits of this one."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Turn.objects.filter(created_by=person, created_at__gte=since, session__kind=SessionKind.LIVE)
    return exposure.worked_out(list(mine.order_by("created_at").values_list("created_at", flat=True)), now, limits_of(campaign))
