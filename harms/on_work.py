"""What waits for the owner of a harm, and for those who act in a system: candidates to decide on, known harms to consider."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse

from harms import selectors
from harms.enums import CandidateState, HarmState
from harms.models import Candidate, Harm
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.work.sources import WorkItem, WorkSource
from systems.enums import Stage
from systems.models import AISystem

WHY_DECIDE = "Somebody has to say whether this is a harm."
WHY_CONSIDER = "The library knows harms of such models and uses, and nobody has said whether they fit."
MOST_SYSTEMS = 20  # of one owner, whose offers are worked out
WHY = "You own this harm and nobody has said how bad and how often it is, so it has no place in the list."


def _to_assess(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    proposed = Harm.objects.visible_to(user).filter(owner=user, state=HarmState.PROPOSED).exclude(system__stage=Stage.RETIRED)
    return [_item(harm) for harm in proposed.select_related("system__scope").order_by("pk")[:most]]


def _item(harm: Harm) -> WorkItem:
    url = reverse("harm-assess", args=[harm.pk])
    return WorkItem(f"{harm.code} {harm.title}", WHY, url, "Assess", 30, system=harm.system.name, since=harm.created_at)


def _candidates(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    waiting = Candidate.objects.visible_to(user).filter(state=CandidateState.WAITING, system__in=_teams_of(user)).select_related("system__scope")
    return [_to_decide(candidate) for candidate in waiting.order_by("pk")[:most]]


def _to_decide(candidate: Candidate) -> WorkItem:
    url = reverse("candidate", args=[candidate.pk])
    return WorkItem(f"{candidate.code} {candidate.title}", WHY_DECIDE, url, "Decide", 10, system=candidate.system.name, since=candidate.created_at)


def _known_harms(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    systems = list(AISystem.objects.visible_to(user).filter(owner=user).exclude(stage=Stage.RETIRED).select_related("scope").order_by("pk")[:MOST_SYSTEMS])
    if not systems:
        return []
    offered = selectors.known_harms_of(systems)
    return [_to_consider(system, len(offered[system.pk])) for system in systems if offered[system.pk]][:most]


def _to_consider(system: AISystem, count: int) -> WorkItem:
    words = "1 known harm" if count == 1 else f"{count:,} known harms"
    return WorkItem(f"{words} to consider", WHY_CONSIDER, reverse("known-harm-list", args=[system.pk]), "Go through them", 40, system=system.name)


def _teams_of(user: User) -> QuerySet[AISystem]:
    """Systems in whose team the person is: those of the whole organisation would be a list that nobody reads."""
    held = Membership.objects.in_force().filter(user=user, role__in=(Role.OWNER, Role.CONTRIBUTOR)).values("scope")
    return AISystem.objects.filter(pk__in=held).exclude(stage=Stage.RETIRED)  # type: ignore[no-any-return]


SOURCES = (
    WorkSource("harms", "Harms to assess", _to_assess, order=20),
    WorkSource("harm-candidates", "Candidates for harms", _candidates, order=18),
    WorkSource("known-harms", "Known harms to consider", _known_harms, order=60),
)
