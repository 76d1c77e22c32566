"""What open rating rounds bring up to date when a harm is merged into another. Closed rounds stay as they were."""

from __future__ import annotations

from harms.enums import RoundState
from harms.models import Harm, Rating, RatingRound, RoundHarm
from raiportal.accounts.models import User
from raiportal.audit import ledger

CARRIED = ("severity", "frequency", "cannot_judge", "confidence", "rationale")


def follow_merge(merged: Harm, into: Harm, actor: User, why: str) -> None:
    """Open rounds rate the other harm from now on. Within the merge's transaction.

    What somebody said of the merged harm counts for the other, theirs to change, unless they have rated that one too. The ledger says how many
    ratings that were, never whose or what.
    """
    asked = RoundHarm.objects.filter(harm=merged, round__state=RoundState.OPEN).values_list("round_id", flat=True)
    for held in RatingRound.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(asked)).order_by("pk"):
        if held.is_open:
            ratings = _carry_over(held, merged, into)
            ledger.record(
                "harms.rating_round_followed_merge", subject=held, actor=actor, reason=why, merged=merged.code, into=into.code, ratings_carried_over=ratings
            )


def _carry_over(held: RatingRound, merged: Harm, into: Harm) -> int:
    old = RoundHarm.objects.get(round=held, harm=merged)
    new, _ = RoundHarm.objects.get_or_create(round=held, harm=into)
    has_rated = Rating.objects.filter(round_harm=new).values("rater")
    given = Rating.objects.filter(round_harm=old).exclude(rater__in=has_rated).order_by("pk")
    carried = [Rating(rater_id=one.rater_id, round_harm=new, **{name: getattr(one, name) for name in CARRIED}) for one in given]
    return len(Rating.objects.bulk_create(carried))
