"""Where the portal meets rating rounds and appetite: navigation, the ledger's pages, work, dates, what people are told, readiness, a harm's page."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse

from harms import policies, selectors
from harms.actions import ratings as actions
from harms.actions.round_merging import follow_merge
from harms.enums import RoundState
from harms.extensions import HarmPanel, MergeFollower
from harms.models import Appetite, Harm, Rater, RatingRound, ScaleChange
from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.deadlines.kinds import DeadlineKind
from raiportal.deadlines.models import Deadline
from raiportal.look.navigation import NavigationItem
from raiportal.notifications.kinds import NotificationKind
from raiportal.work.sources import WorkItem, WorkSource
from systems.enums import Stage
from systems.extensions import ReadinessFact, Standing, Step
from systems.models import AISystem

REMIND_DAYS = (3, 1)  # before a round is due
URGENT_RANK, ROUND_RANK = 8, 18
ROUNDS_ON_HARM = 3

NOTIFICATIONS = (
    NotificationKind(actions.ASKED, "Asked to rate", "A rating round was opened. Told to the people whose ratings are asked for."),
    NotificationKind(actions.COMPLETE, "Everybody has rated", "Everybody who was asked has answered. Told to whoever opened the round."),
    NotificationKind(actions.CLOSED, "Ratings closed", "A rating round was closed. Told to whoever opened it and to its raters."),
    NotificationKind(actions.AGREED, "Agreed on a harm", "What was agreed of a harm was recorded. Told to the raters of its round and to the harm's owner."),
)


FOLLOWER = MergeFollower("rating-rounds", follow_merge)


# --- Subjects and navigation ---
def _round(pk: int, user: User) -> RatingRound | None:
    return RatingRound.objects.visible_to(user).select_related("system__scope").filter(pk=pk).first()  # type: ignore[no-any-return]


def _rater(pk: int, user: User) -> Rater | None:
    return Rater.objects.visible_to(user).select_related("round__system__scope", "person").filter(pk=pk).first()  # type: ignore[no-any-return]


def _appetite(pk: int, user: User) -> Appetite | None:
    return Appetite.objects.visible_to(user).select_related("category", "system__scope").filter(pk=pk).first()  # type: ignore[no-any-return]


def _change(pk: int, user: User) -> ScaleChange | None:
    return selectors.changes_of(user).filter(pk=pk).first()


def _appetite_url(row: Appetite) -> str:
    return reverse("system-appetite", args=[row.system_id]) if row.system_id else reverse("appetite")


SUBJECTS = (
    SubjectKind(slug="harms.ratinground", name="Rating round", find=_round, url=lambda held: reverse("rating-round", args=[held.pk])),
    SubjectKind(slug="harms.rater", name="Rater", find=_rater, url=lambda rater: reverse("rating-round", args=[rater.round_id])),
    SubjectKind(slug="harms.appetite", name="Appetite", find=_appetite, url=_appetite_url),
    SubjectKind(slug="harms.scalechange", name="Scores carried over", find=_change, url=lambda change: reverse("scale-change", args=[change.pk])),
)
ROUNDS = NavigationItem(slug="rating-rounds", label="Ratings", stage="identify", url_name="rating-round-list", order=20)


# --- Dates and work ---
def _held(deadline: Deadline) -> RatingRound:
    return RatingRound.objects.get(pk=deadline.subject_id)


def _who_waits(deadline: Deadline) -> Iterable[int]:
    return [one.rater.person_id for one in selectors.missing(_held(deadline)) if one.rater.person_id is not None]


DEADLINE = DeadlineKind(
    actions.DUE,
    "Rating round",
    REMIND_DAYS,
    recipients=_who_waits,
    title=lambda deadline: f"Rate the harms of {_held(deadline)}",
    url=lambda deadline: reverse("rating", args=[deadline.subject_id]),
    is_work=False,
)


def _to_rate(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """Open rounds in which this person has not answered everything, the next due first."""
    mine = Rater.objects.visible_to(user).filter(person=user, round__state=RoundState.OPEN)
    counted = mine.annotate(asked=Count("round__harms", distinct=True), answered=Count("ratings", distinct=True)).filter(answered__lt=F("asked"))
    rows = counted.select_related("round__system__scope", "round__opened_by").order_by("round__due_at", "pk")
    return [_rating_item(rater) for rater in rows[:most]]


def _rating_item(rater: Any) -> WorkItem:
    held = rater.round
    left = rater.asked - rater.answered
    harms = "1 harm" if left == 1 else f"{left} harms"
    why = f"{held.opened_by.name} asks how bad and how often {harms} would be. Nobody sees what you say before the round is closed."
    return WorkItem(
        f"Rate: {held.title}", why, reverse("rating", args=[held.pk]), "Rate", 12, system=held.system.name, due_at=held.due_at, since=rater.asked_at
    )


def _to_agree(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """Rounds that this person opened and that are closed, with harms of which nothing was recorded yet."""
    closed = RatingRound.objects.visible_to(user).filter(opened_by=user, state=RoundState.CLOSED).exclude(system__stage=Stage.RETIRED)
    left = Count("harms", filter=Q(harms__consensus=None))
    rows = closed.annotate(left=left).filter(left__gt=0).select_related("system__scope", "scale").order_by("closed_at", "pk")
    return [_agree_item(held) for held in rows[:most]]


def _agree_item(held: Any) -> WorkItem:
    why = f"The ratings are in. Of {held.left} {'harm' if held.left == 1 else 'harms'} nobody has recorded what was agreed."
    url = reverse("rating-round", args=[held.pk])
    return WorkItem(f"Agree on: {held.title}", why, url, "Look at the ratings", 22, system=held.system.name, since=held.closed_at)


WORK = (
    WorkSource("harms-to-rate", "Harms to rate", _to_rate, order=8),
    WorkSource("ratings-to-agree-on", "Ratings to agree on", _to_agree, order=21),
)


# --- Readiness ---
def _appetites(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    counts = selectors.above_counts(systems)
    return {system.pk: [_above(system, counts.get(system.pk, 0))] for system in systems}


def _above(system: AISystem, count: int) -> Standing:
    if not count:
        return Standing("holds", "No open harm is above appetite", reverse("system-appetite", args=[system.pk]))
    url = f"{reverse('harm-list', args=[system.pk])}?appetite=above"
    words = "1 harm is above appetite" if count == 1 else f"{count:,} harms are above appetite"
    return Standing("missing", words, url, Step("Bring harms within appetite", f"{words}: more risk than is borne without more ado.", "Look", url, 38))


FACT = ReadinessFact("appetite", "identify", _appetites, order=12)


# --- A harm's page ---
def _rounds_of_harms(harms: Sequence[Harm], user: User) -> Mapping[int, Mapping[str, Any]]:
    found = selectors.rounds_with([harm.pk for harm in harms])
    return {pk: {"rows": rows[:ROUNDS_ON_HARM], "count": len(rows)} for pk, rows in found.items() if rows}


def _appetites_of_harms(harms: Sequence[Harm], user: User) -> Mapping[int, Mapping[str, Any]]:
    known = selectors.limits()
    return {harm.pk: _appetite_of(harm, known, user) for harm in harms}


def _appetite_of(harm: Harm, known: selectors.Limits, user: User) -> Mapping[str, Any]:
    return {
        "limit": selectors.appetite_for(harm, known),
        "is_own": (harm.category_id, harm.system_id) in known,
        "is_above": selectors.is_above(harm, harm.priority, known),
        "may_set": policies.may_set_appetite(user, harm.system),
    }


PANELS = (
    HarmPanel("ratings", "harms/_harm_ratings.html", _rounds_of_harms, place="main", order=5),
    HarmPanel("appetite", "harms/_harm_appetite.html", _appetites_of_harms, place="side", order=5),
)
