"""Rating rounds of a system for the world of the tests: one open, in which its owner has rated and somebody outside has a draft, and one closed."""

from __future__ import annotations

import datetime
from typing import Any

from harms import actions, selectors
from harms.models import Harm, Rater, Rating, RatingRound, RoundHarm, ScaleChange
from raiportal import clocks
from raiportal.accounts.models import User
from systems.models import AISystem
from tests.factories.ratings import answer
from tests.project.wording import Words

FAR = datetime.timedelta(days=400)


def rated(system: AISystem, harm: Harm, owner: User, manager: User, words: Words) -> dict[str, Any]:
    """What an estate holds of ratings, by the names of its fields."""
    closed, opened = (_round(system, harm, owner, manager, words, which) for which in ("closed", "open"))
    actions.close_round(round_id=closed.pk, reason=words("reason for closing"), actor=manager)
    sent = actions.invite_outside(round_id=opened.pk, name=words("rater name")[:120], organisation=words("rater organisation"), actor=manager)
    token = sent.link.rstrip("/").rsplit("/", 1)[1]
    actions.keep_drafts(token=token, answers=[answer(_harm_of(opened), 2, 2, rationale=words("outside rationale"))])
    scale = selectors.current_scale()
    baseline = actions.make_baseline(system=system, title=words("baseline title")[:160], actor=manager)
    carried = {"from_scale": scale, "to_scale": scale, "severity_levels": [1, 2, 3, 4, 5], "frequency_levels": [1, 2, 3, 4, 5]}
    return {
        "open_round": opened,
        "open_round_harm": _harm_of(opened),
        "outside_rater": Rater.objects.get(pk=sent.rater.pk),
        "outside_token": token,
        "closed_round": RatingRound.objects.get(pk=closed.pk),
        "closed_round_harm": _harm_of(closed),
        "rating": Rating.objects.get(round_harm__round=closed),
        "appetite": actions.set_appetite(category=harm.category, system=system, highest_score=20, reason=words("reason for appetite"), actor=manager),
        "scale_change": ScaleChange.objects.create(system=system, reason=words("reason for levels"), baseline=baseline, made_by=manager, **carried),
    }


def _round(system: AISystem, harm: Harm, owner: User, manager: User, words: Words, which: str) -> RatingRound:
    said = {"title": words(f"{which} round")[:160], "message": words("round message")}
    held = actions.open_round(system=system, harms=[harm], people=[owner], due_at=clocks.now() + FAR, **said, actor=manager)
    actions.rate(round_id=held.pk, answers=[answer(_harm_of(held), 4, 3, rationale=words(f"{which} rating rationale"))], actor=owner)
    return held


def _harm_of(held: RatingRound) -> RoundHarm:
    return RoundHarm.objects.get(round=held)
