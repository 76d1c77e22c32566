"""Telling people of what concerns them in a red-team campaign; never what was sent or answered."""

from __future__ import annotations

from django.urls import reverse

from harms.models import Campaign, Finding, Tester
from harms.on_notifications import CAMPAIGN_PAUSED, FINDING_DECIDED, FINDING_REPORTED, TESTER_INVITED
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.accounts.selectors import people_holding
from raiportal.audit.models import Entry
from raiportal.notifications.actions import notify


def tell_invited(tester: Tester, actor: User) -> None:
    campaign = tester.campaign
    notify(
        TESTER_INVITED.slug,
        recipients=[tester.person_id],
        subject=campaign,
        title=f"{campaign.system.name}: you are asked to take part in the red-team campaign “{campaign.title}”",
        url=reverse("campaign", args=[campaign.pk]),
        key=f"{tester.pk} {tester.invited_at.isoformat()}",
        actor=actor,
    )


def tell_paused(campaign: Campaign, actor: User) -> None:
    taking_part = Tester.objects.filter(campaign=campaign, consented_at__isnull=False, opted_out_at=None, removed_at=None)
    pauses = Entry.objects.about("harms.campaign", campaign.pk).filter(action="harms.campaign_paused").count()
    notify(
        CAMPAIGN_PAUSED.slug,
        recipients=list(taking_part.values_list("person_id", flat=True)),
        subject=campaign,
        title=f"{campaign.system.name}: the red-team campaign “{campaign.title}” is paused, so nothing is sent",
        url=reverse("campaign", args=[campaign.pk]),
        key=f"{campaign.pk} {pauses}",
        actor=actor,
    )


def tell_reported(finding: Finding, actor: User) -> None:
    notify(
        FINDING_REPORTED.slug,
        recipients=people_holding(Role.OWNER, Role.CONTRIBUTOR, scope_id=finding.system_id),
        subject=finding,
        title=f"{finding.system.name}: {finding.code} waits for triage",
        url=reverse("finding", args=[finding.pk]),
        key=str(finding.pk),
        actor=actor,
    )


def tell_decided(finding: Finding, actor: User) -> None:
    moves = Entry.objects.about("harms.finding", finding.pk).count()
    notify(
        FINDING_DECIDED.slug,
        recipients=[finding.created_by_id],
        subject=finding,
        title=f"{finding.system.name}: {finding.code} is {finding.get_state_display().lower()}",
        url=reverse("finding", args=[finding.pk]),
        key=f"{finding.pk} {moves}",
        actor=actor,
    )
