"""Merging harms that turn out to be one: everything that hangs on one goes to the other, and the page of the first points there."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from harms import policies
from harms.actions.points import add_point, place_in_uses, source_of
from harms.actions.treatment import NO_LONGER, REVIEW, TREATMENT
from harms.enums import HarmState, RiskPointKind
from harms.extensions import merge_followers
from harms.models import Candidate, Finding, Harm, HarmUse, RiskPoint
from harms.workflow import HARM
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.deadlines import actions as deadlines
from raiportal.errors import Invalid, Missing, WrongState
from raiportal.signoffs import actions as sign_offs
from systems.models import IntendedUse

LONGEST_TAKEN = 2_000  # characters of a rationale that is taken over


@transaction.atomic
def merge_harms(*, harm_id: int, into_id: int, reason: str, actor: User) -> Harm:
    """Merge a harm into another one of its system. Returns the other.

    The other takes over its uses, its instances, what other apps hung on it, and each risk that was stated higher. Statements, evidence and comments of
    the first stay on its page, and are listed on the other's. Acceptances of both end. Raises PolicyDenied, WrongState, Invalid, Missing.
    """
    if harm_id == into_id:
        raise Invalid("Choose another harm to merge this one into.", field="into")
    harm, into = _both(harm_id, into_id)
    for one in (harm, into):
        policies.may_edit_harm(actor, one).require()
    said = require_text(reason, field="reason", sentence="Say why the two are one.")
    if harm.system_id != into.system_id:
        raise Invalid("Choose a harm of the same system.", field="into")
    if into.state == HarmState.RESOLVED and harm.state != HarmState.RESOLVED:
        raise WrongState(f"{into.code} is resolved and this harm isn't. Reopen {into.code} first.")
    merged: Harm = HARM.advance(harm, "merge", actor=actor, note=said, merged_into=into, resolved_at=None, **NO_LONGER)
    ledger.record("harms.harm_took_over", subject=into, actor=actor, reason=said, merged=merged.code, title=merged.title)
    _hand_over(merged, into, actor)
    for kind in (REVIEW, TREATMENT):
        deadlines.close(kind, subject=merged, actor=actor, reason=said)
    for one in (merged, into):
        sign_offs.recheck(one, actor=actor)
    into.refresh_from_db()
    return into


def _both(harm_id: int, into_id: int) -> tuple[Harm, Harm]:
    """The two under locks that are always taken in the order of their ids, so that two merges that cross wait for each other."""
    locked = Harm.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=(harm_id, into_id)).order_by("pk")
    by_id = {harm.pk: harm for harm in locked}
    if len(by_id) < 2:
        raise Missing("One of these harms isn't there any more.")
    return by_id[harm_id], by_id[into_id]


def _hand_over(merged: Harm, into: Harm, actor: User) -> None:
    why = f"Taken over from {merged.code} “{merged.title}”, which was merged into this harm."
    if into.owner_id is None and merged.owner_id is not None:
        ledger.apply_changes(into, actor=actor, action="harms.harm_changed", reason=why, owner=merged.owner)
    uses = _take_uses(merged, into, why, actor)
    _take_higher_risks(merged, into, uses, why, actor)
    for candidate in Candidate.objects.select_for_update(of=("self",), no_key=True).filter(harm=merged).order_by("pk"):
        ledger.apply_changes(candidate, actor=actor, action="harms.candidate_followed_merge", reason=why, harm=into)
    for finding in Finding.objects.select_for_update(of=("self",), no_key=True).filter(harm=merged).order_by("pk"):
        ledger.apply_changes(finding, actor=actor, action="harms.finding_followed_merge", reason=why, harm=into)
    for follower in merge_followers:
        follower.follow(merged, into, actor, why)


def _take_uses(merged: Harm, into: Harm, why: str, actor: User) -> dict[int, IntendedUse]:
    """Put the other harm into all uses of the merged one, archived ones too, and take that out of them. Returns all uses of the other by id."""
    held = HarmUse.objects.filter(harm__in=(merged, into)).select_related("intended_use").order_by("intended_use__number")
    uses = {placed.intended_use_id: placed.intended_use for placed in held}
    place_in_uses(into, [use for use in uses.values() if use.archived_at is None], actor, reason=why)
    known = set(HarmUse.objects.filter(harm=into).values_list("intended_use_id", flat=True))
    HarmUse.objects.bulk_create(HarmUse(harm=into, intended_use=use, created_by=actor) for pk, use in uses.items() if pk not in known)
    HarmUse.objects.filter(harm=merged).delete()
    return uses


def _take_higher_risks(merged: Harm, into: Harm, uses: dict[int, IntendedUse], why: str, actor: User) -> None:
    """State those risks of the merged harm that are higher than the other's, or that it has none of. A merge never lowers a score by itself."""
    here, there = _newest(into), _newest(merged)
    for (use_id, kind), point in sorted(there.items(), key=lambda item: item[1].pk):
        known = here.get((use_id, kind))
        if (use_id is not None and use_id not in uses) or (known is not None and known.score >= point.score):
            continue
        rationale = f"{why} {point.rationale}"[:LONGEST_TAKEN].strip()
        add_point(
            into,
            RiskPointKind(kind),
            point.severity,
            point.frequency,
            rationale,
            actor,
            use=uses.get(use_id) if use_id else None,
            scale=point.scale,
            source=source_of(point),
        )
        into.refresh_from_db()


def _newest(harm: Harm) -> dict[tuple[int | None, str], Any]:
    order = ("intended_use", "kind")
    points = RiskPoint.objects.filter(harm=harm).select_related("scale").order_by(*order, "-pk").distinct(*order)
    return {(point.intended_use_id, point.kind): point for point in points}
