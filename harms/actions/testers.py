"""Who takes part in a campaign: inviting, consenting, opting out."""

from __future__ import annotations

from django.db import transaction

from harms import policies
from harms.actions.campaign_telling import tell_invited
from harms.actions.probing import end_sessions_of
from harms.errors import WarningChanged
from harms.models import Campaign, Tester
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid, PolicyDenied

ENDED = "This campaign is closed, or was discarded."
NOT_INVITED = "You were not invited to this campaign."


@transaction.atomic
def invite_tester(*, campaign_id: int, person: User, actor: User) -> Tester:
    """Ask somebody to take part; inviting again brings back who was taken off. Raises PolicyDenied, Conflict or Invalid."""
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_write_campaign(actor, campaign).require()
    if campaign.is_ended:
        raise Conflict(ENDED)
    may = policies.may_be_tester(person, campaign.system)
    if not may or not person.is_active:
        raise Invalid(may.reason or "This account is switched off.", field="person")
    known = Tester.objects.filter(campaign=campaign, person=person).first()
    if known is not None and known.removed_at is None:
        raise Conflict(f"{person.name} is invited already.")
    if known is not None:
        Tester.objects.filter(pk=known.pk).update(
            removed_at=None, consented_at=None, opted_out_at=None, warning_digest="", invited_at=clocks.now(), invited_by=actor
        )
        tester = Tester.objects.get(pk=known.pk)
    else:
        tester = Tester.objects.create(campaign=campaign, person=person, invited_by=actor)
    ledger.record("harms.tester_invited", subject=campaign, actor=actor, tester=person.pk)
    tell_invited(tester, actor)
    return tester


@transaction.atomic
def remove_tester(*, campaign_id: int, person_id: int, reason: str = "", actor: User) -> Tester:
    """Take somebody off the campaign; their open sessions end, what they did stays."""
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_write_campaign(actor, campaign).require()
    tester = _locked(campaign, person_id)
    if tester is None or tester.removed_at is not None:
        raise Conflict("This person is no tester of this campaign.")
    Tester.objects.filter(pk=tester.pk).update(removed_at=clocks.now())
    end_sessions_of(tester, actor)
    ledger.record("harms.tester_removed", subject=campaign, actor=actor, reason=reason, tester=person_id)
    return Tester.objects.get(pk=tester.pk)


@transaction.atomic
def consent(*, campaign_id: int, seen: str, actor: User) -> Tester:
    """Say in one's own name that one read the content warning whose digest one has `seen`, and takes part. Raises WarningChanged for an older one."""
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    tester = _locked(campaign, actor.pk)
    if tester is None or tester.removed_at is not None:
        raise PolicyDenied(NOT_INVITED)
    policies.may_be_tester(actor, campaign.system).require()
    if campaign.is_ended:
        raise Conflict(ENDED)
    if not campaign.content_warning or seen != campaign.warning_digest:
        raise WarningChanged
    Tester.objects.filter(pk=tester.pk).update(consented_at=clocks.now(), warning_digest=seen, opted_out_at=None)
    ledger.record("harms.tester_consented", subject=campaign, actor=actor, tester=actor.pk, warning=seen)
    return Tester.objects.get(pk=tester.pk)


@transaction.atomic
def opt_out(*, campaign_id: int, actor: User) -> Tester:
    """Stop taking part, at once and without a reason. What was sent already stays; what waits is not sent any more."""
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    tester = _locked(campaign, actor.pk) if campaign else None
    if tester is None or tester.removed_at is not None:
        raise PolicyDenied(NOT_INVITED)
    if tester.opted_out_at is None:
        Tester.objects.filter(pk=tester.pk).update(opted_out_at=clocks.now())
        end_sessions_of(tester, actor)
        ledger.record("harms.tester_opted_out", subject=tester.campaign, actor=actor, tester=actor.pk)
    return Tester.objects.get(pk=tester.pk)


def _locked(campaign: Campaign, person_id: int) -> Tester | None:
    return (
        Tester.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign__system__scope")
        .filter(campaign=campaign, person=person_id)
        .first()
    )
