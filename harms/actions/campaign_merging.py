"""What red teaming brings up to date when a harm is merged into another."""

from __future__ import annotations

from harms.models import CampaignHarm, Harm, Objective, ProbeSession
from raiportal.accounts.models import User
from raiportal.audit import ledger


def follow_merge(merged: Harm, into: Harm, actor: User, why: str) -> None:
    """Scope, objectives and sessions of the merged harm are the other's from now on. Within the merge's transaction.

    Where both are in scope, the other takes the place of whichever is tried first.
    """
    known = {entry.campaign_id: entry for entry in CampaignHarm.objects.filter(harm=into)}
    for entry in CampaignHarm.objects.filter(harm=merged).select_related("campaign").order_by("pk"):
        if held := known.get(entry.campaign_id):
            entry.delete()
            CampaignHarm.objects.filter(pk=held.pk).update(position=min(held.position, entry.position))
            _close_ranks(entry.campaign_id)
        else:
            CampaignHarm.objects.filter(pk=entry.pk).update(harm=into)
        ledger.record("harms.campaign_followed_merge", subject=entry.campaign, actor=actor, reason=why, merged=merged.pk, into=into.pk)
    Objective.objects.filter(harm=merged).update(harm=into)
    ProbeSession.objects.filter(harm=merged).update(harm=into)


def _close_ranks(campaign_id: int) -> None:
    """Count the positions from 1 without a gap again."""
    ranked = list(CampaignHarm.objects.filter(campaign=campaign_id).order_by("position", "pk"))
    for place, entry in enumerate(ranked, start=1):
        entry.position = place
    CampaignHarm.objects.bulk_update(ranked, ["position"])
