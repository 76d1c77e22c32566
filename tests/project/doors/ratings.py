"""The doors of rating rounds, of appetite, and of scores carried over to another scale."""

from __future__ import annotations

from typing import Any

from tests.project.door import (
    ADMINISTERS,
    PERSONS,
    READS_S1,
    SIGNED_IN,
    TOLD,
    Answer,
    Arguments,
    Door,
    Who,
    a_change,
    a_page,
    api_change,
    api_list,
    by_pk,
    reads,
    why,
)
from tests.project.doors.systems import SYSTEM

MANAGER = frozenset({Who.RISK_MANAGER})
OWNER = frozenset({Who.OWNER})
READS_SOME = SIGNED_IN - {Who.EXECUTIVE, Who.FEEDBACK_HANDLER, Who.LABELLER, Who.NOBODY}
OPEN = by_pk(lambda world: world.s1.open_round, "round_id")
CLOSED = by_pk(lambda world: world.s1.closed_round, "round_id")
OUTSIDE = by_pk(lambda world: world.s1.outside_rater, "rater_id")
AGREED = by_pk(lambda world: world.s1.closed_round_harm, "round_harm_id")
CHANGE = by_pk(lambda world: world.s1.scale_change, "change_id")
ASKED_TABLES = f"rater {TOLD}"
CLOSE_TABLES = f"rating_round deadline {TOLD}"
AGREE_TABLES = f"harm risk_point rating_consensus {TOLD}"
OPEN_TABLES = f"rating_round rating_round_harm rater deadline {TOLD}"
AREA, API = "Ratings", "API: ratings"
APPETITE: dict[str, Any] = {"highest_score": 6, "reason": "Tried by a test."}


def _manages(what: str, name: str, at: Arguments, changes: str, **rest: Any) -> Door:
    return a_change(AREA, what, name, MANAGER, changes, knows=READS_S1, at=at, **rest)


def _form(what: str, name: str, at: Arguments) -> Door:
    return a_page(AREA, what, name, MANAGER, knows=READS_S1, at=at)


def _file(name: str) -> Arguments:
    found = {"change_id": lambda world: world.s1.scale_change, "round_id": lambda world: world.s1.closed_round, "system_id": lambda world: world.s1.system}
    return lambda world: {name: found[name](world).pk, "format": "csv"}


def _round(world: Any) -> dict[str, Any]:
    return {"title": "Another round", "harms": [world.s1.harm.pk], "people": [world.s1.owner.pk], "due_at": "2099-01-31T12:00"}


def _mine(world: Any) -> dict[str, Any]:
    said = {"severity": 5, "frequency": 5, "confidence": "high", "rationale": "Tried by a test."}
    return {f"h{world.s1.open_round_harm.pk}-{name}": value for name, value in said.items()}


def _category(world: Any) -> dict[str, Any]:
    return {"slug": world.s1.harm.category.slug}


def _own_category(world: Any) -> dict[str, Any]:
    return {"system_id": world.s1.system.pk, "slug": world.s1.harm.category.slug}


def _agreed(world: Any) -> dict[str, Any]:
    return {"severity": 4, "frequency": 3, "note": "We talked it over."}


def _scale(world: Any) -> dict[str, Any]:
    return {"system_id": world.s1.system.pk, "version": world.s1.scale_change.from_scale.version}


def _levels(world: Any) -> dict[str, Any]:
    return {**{f"{axis}_{level}": level for axis in ("severity", "frequency") for level in range(1, 6)}, **why(world)}


RATINGS = [
    reads(AREA, "See the rating rounds of a system", "rating-round-list", SYSTEM),
    reads(AREA, "Take the list of rounds away as a file", "rating-round-export", _file("system_id")),
    _form("Open the form for a round", "rating-round-add", SYSTEM),
    _manages("Open a round", "rating-round-add", SYSTEM, OPEN_TABLES, sent=_round),
    reads(AREA, "See who has answered in a round, and what it says once it is closed", "rating-round", OPEN),
    reads(AREA, "Take the ratings of a closed round away as a file", "rating-export", _file("round_id")),
    _manages("Close a round", "rating-round-close", OPEN, CLOSE_TABLES, sent=why),
    _form("Open the form for asking more people", "raters-ask", OPEN),
    _manages("Ask more people", "raters-ask", OPEN, ASKED_TABLES, sent=lambda world: {"people": [world.s1.viewer.pk]}),
    _form("Open the form for asking somebody from outside", "rater-invite", OPEN),
    _manages("Ask somebody from outside", "rater-invite", OPEN, "rater", sent=lambda world: {"name": "Somebody"}, status=200),
    _manages("Take a link back", "rater-revoke", OUTSIDE, "rater", sent=why),
    a_change(AREA, "Erase who somebody from outside is", "rater-erase", ADMINISTERS, "rater", knows=READS_S1, at=OUTSIDE, sent=why),
    a_page(AREA, "Open one's own ratings (the owner is asked)", "rating", OWNER, knows=READS_S1, at=OPEN),
    a_change(AREA, "Rate (the owner is asked)", "rating", OWNER, "rating", knows=READS_S1, at=OPEN, sent=_mine),
    _form("Open the form for what was agreed", "consensus", AGREED),
    _manages("Record what was agreed", "consensus", AGREED, AGREE_TABLES, sent=_agreed),
    a_page(AREA, "Open the link of somebody from outside", "rating-from-outside", PERSONS, at=lambda world: {"token": world.s1.outside_token}),
    a_page(AREA, "See the organisation's appetite", "appetite", READS_SOME),
    a_page(AREA, "Open the form for the organisation's appetite", "appetite-set", MANAGER, at=_category),
    a_change(AREA, "Set the organisation's appetite", "appetite-set", MANAGER, "harm_appetite", at=_category, sent=lambda world: APPETITE),
    reads(AREA, "See a system's appetite", "system-appetite", SYSTEM),
    _form("Open the form for a system's appetite", "system-appetite-set", _own_category),
    _manages("Set a system's appetite", "system-appetite-set", _own_category, "harm_appetite", sent=lambda world: APPETITE),
    reads(AREA, "See the scales of a register", "scale-changes", SYSTEM),
    _form("Open the form for carrying scores over", "scale-change-add", _scale),
    _manages("See what scores would become", "scale-change-add", _scale, "", sent=_levels, status=200),
    reads(AREA, "See which scores moved", "scale-change", CHANGE),
    reads(AREA, "Take the scores that were carried over away as a file", "scale-change-export", _file("change_id")),
]

API_OPEN = by_pk(lambda world: world.s1.open_round)
API_CLOSED = by_pk(lambda world: world.s1.closed_round)
API_CHANGE = by_pk(lambda world: world.s1.scale_change)


def _api(what: str, name: str, changes: str, sent: Arguments, *, at: Arguments = API_OPEN, may: frozenset[Who] = MANAGER, status: int = 200) -> Door:
    return api_change(API, what, f"rating-round-{name}", at, changes, sent, may=may, status=status)


def _makes(what: str, name: str, changes: str, sent: Arguments, status: int) -> Door:
    return a_change(API, what, f"api-{name}-list", MANAGER, changes, knows=READS_S1, sent=sent, status=status, stranger=Answer.UNKNOWN_ID)


def _api_rating(world: Any) -> dict[str, Any]:
    return {"round_harm": world.s1.open_round_harm.pk, "severity": 5, "frequency": 5, "confidence": "high", "rationale": "Tried by a test."}


def _api_change(world: Any) -> dict[str, Any]:
    levels = {f"{axis}_levels": [1, 2, 3, 4, 5] for axis in ("severity", "frequency")}
    return {"system": world.s1.system.pk, "from_version": world.s1.scale_change.from_scale.version, **levels, **why(world)}


RATINGS_API = [
    api_list(API, "List rating rounds", "rating-round"),
    _makes("Open a round", "rating-round", OPEN_TABLES, lambda world: {**_round(world), "due_at": "2099-01-31T12:00Z", "system": world.s1.system.pk}, 201),
    reads(API, "Read about a round", "api-rating-round-detail", API_OPEN),
    reads(API, "See who was asked and who has answered", "api-rating-round-raters", API_OPEN),
    reads(API, "Read the harms of a round", "api-rating-round-harms", API_OPEN),
    reads(API, "Read what a closed round says", "api-rating-round-results", API_CLOSED),
    _api("Ask more people", "ask", ASKED_TABLES, lambda world: {"people": [world.s1.viewer.pk]}),
    _api("Ask somebody from outside", "invite", "rater", lambda world: {"name": "Somebody"}, status=201),
    _api("Take a link back", "revoke", "rater", lambda world: {"rater": world.s1.outside_rater.pk, **why(world)}),
    _api("Rate (the owner is asked)", "rate", "rating", _api_rating, may=OWNER),
    _api("Close a round", "close", CLOSE_TABLES, why),
    _api(
        *("Record what was agreed", "consensus", AGREE_TABLES),
        lambda world: {**_agreed(world), "round_harm": world.s1.closed_round_harm.pk},
        at=API_CLOSED,
        status=201,
    ),
    api_list(API, "List one's own ratings, and those of closed rounds", "rating"),
    reads(API, "Read a rating of a closed round", "api-rating-detail", by_pk(lambda world: world.s1.rating)),
    api_list(API, "List what is borne", "appetite"),
    reads(API, "Read what a system bears", "api-appetite-detail", by_pk(lambda world: world.s1.appetite)),
    _makes(
        *("Say what a system bears", "appetite", "harm_appetite"),
        lambda world: {**APPETITE, "category": world.s1.harm.category.slug, "system": world.s1.system.pk},
        200,
    ),
    api_list(API, "List scores that were carried over", "scale-change"),
    reads(API, "Read about scores that were carried over", "api-scale-change-detail", API_CHANGE),
    reads(API, "Read which scores moved", "api-scale-change-moves", API_CHANGE),
    _makes("Carry scores over (all are on the scale in force)", "scale-change", "", _api_change, 409),
]
