"""Transcripts of red teaming are kept as long as their campaign's charter says, and not longer.

What goes are the texts: messages, answers, refusals, notes and raw bodies. What stays is what figures and coverage rest on: that a message was sent, with
which strategy, how it ended, the verdict, tokens, the model, and a digest of the texts. What a finding that waits for triage shows stays until it is decided.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Value, When

from harms import policies
from harms.enums import CampaignState, FindingState, TurnProgress
from harms.models import Campaign, Finding, Turn
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger

TURNS_AT_ONCE = 500  # of one campaign, in one transaction
NOTHING: dict[str, Any] = {"text": "", "answer": "", "refusal": "", "detail": "", "note": "", "body": None}
DAY = datetime.timedelta(days=1)


def delete_old_transcripts(*, actor: User) -> int:
    """Delete the texts of what was probed in campaigns whose time is over, in small transactions. Returns of how many turns. Raises PolicyDenied."""
    policies.may_delete_transcripts(actor).require()
    count = 0
    for campaign_id in list(_over(clocks.now())):
        while deleted := _delete_some(campaign_id, actor):
            count += deleted
    return count


def _over(now: datetime.datetime) -> Any:
    """Closed campaigns past their date that still hold texts which may go."""
    kept_for = ExpressionWrapper(F("retention_days") * DAY, DurationField())
    until = ExpressionWrapper(F("closed_at") + kept_for, DateTimeField())
    closed = Campaign.objects.filter(state=CampaignState.CLOSED).annotate(kept_until=until).filter(kept_until__lte=now)
    return closed.filter(Exists(_deletable().filter(session__campaign=OuterRef("pk")))).order_by("pk").values_list("pk", flat=True)


def _deletable() -> Any:
    shown = Finding.objects.filter(session=OuterRef("session"), state=FindingState.OPEN, last_turn__gte=OuterRef("number"))
    settled = Turn.objects.filter(texts_deleted_at=None, progress__in=(TurnProgress.DONE, TurnProgress.LOST))
    return settled.exclude(Exists(shown)).exclude(session__finding__state=FindingState.OPEN)


@transaction.atomic
def _delete_some(campaign_id: int, actor: User) -> int:
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    turns = list(_deletable().filter(session__campaign=campaign).select_for_update(of=("self",), no_key=True).order_by("pk")[:TURNS_AT_ONCE])
    if turns:
        digests = Case(*(When(pk=turn.pk, then=Value(turn.digest_of_texts)) for turn in turns))
        Turn.objects.filter(pk__in=[turn.pk for turn in turns]).update(**NOTHING, texts_digest=digests, texts_deleted_at=clocks.now())
        sessions = len({turn.session_id for turn in turns})
        ledger.record("harms.transcripts_deleted", subject=campaign, actor=actor, turns=len(turns), sessions=sessions, after_days=campaign.retention_days)
    return len(turns)
