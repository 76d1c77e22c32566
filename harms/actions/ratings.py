"""Rating rounds: opening them, rating blind, closing them, and what was agreed.

Whoever writes a rating or closes a round holds the lock on the round first, so that nothing is rated after it was closed. The ledger
says who rated, never what.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any, TypedDict

from django.db import transaction
from django.urls import reverse

from harms import policies, selectors
from harms.actions.points import NOT_A_USE, add_point
from harms.enums import Confidence, RiskPointKind, RoundState
from harms.models import HIGHEST_LEVEL, LONGEST_RATIONALE, Consensus, Harm, Rater, Rating, RatingRound, RoundHarm
from harms.workflow import ROUND
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.deadlines import actions as deadlines
from raiportal.errors import Conflict, Invalid, Missing
from raiportal.notifications.actions import notify
from systems.models import AISystem, IntendedUse

DUE = "harms.rating_round"  # the kind of deadline
ASKED, COMPLETE, CLOSED, AGREED = "harms.rating_asked", "harms.rating_complete", "harms.rating_closed", "harms.rating_agreed"
MOST_HARMS = 50  # in one round: what one person can rate in an hour or two
MOST_RATERS = 100
NO_TITLE = "Give the round a name, such as: First ratings before the pilot."
NO_HARMS = "Choose the harms that are rated."
NO_RATIONALE = "Say what your two levels rest on."
IS_CLOSED = "This round is closed, so nothing can be rated in it any more."
SCALE_CHANGED = "The risk scale has changed since this round was opened. Open a new round, so that levels mean the same to everybody."
CLOSED_AT_ONCE = 100  # due rounds closed in one run of the task


@transaction.atomic
def open_round(
    *,
    system: AISystem,
    title: str,
    harms: Collection[Harm],
    people: Collection[User],
    due_at: datetime.datetime,
    intended_use: IntendedUse | None = None,
    message: str = "",
    actor: User,
) -> RatingRound:
    """Ask `people` to rate `harms` of one system by `due_at`, in one intended use or as a whole, on the scale in force. Raises PolicyDenied, Invalid."""
    locked: AISystem = AISystem.objects.lock(system.pk)
    policies.may_open_round(actor, locked).require()
    named = require_text(title, field="title", sentence=NO_TITLE)[:160]
    _require_fitting(locked, harms, intended_use, due_at)
    latest = RatingRound.objects.filter(system=locked).order_by("-number").values_list("number", flat=True).first()
    held = RatingRound.objects.create(
        system=locked,
        number=(latest or 0) + 1,
        title=named,
        message=message.strip(),
        intended_use=intended_use,
        scale=selectors.current_scale(),
        due_at=due_at,
        opened_by=actor,
    )
    chosen = sorted({harm.pk: harm for harm in harms}.values(), key=lambda harm: harm.pk)
    RoundHarm.objects.bulk_create(RoundHarm(round=held, harm=harm) for harm in chosen)
    use = {"intended_use": intended_use.code} if intended_use else {}
    details: dict[str, Any] = {"title": named, "due_at": due_at, "harms": [harm.code for harm in chosen], "scale": str(held.scale), **use}
    ledger.record("harms.rating_round_opened", subject=held, actor=actor, **details)
    deadlines.set_deadline(DUE, subject=held, due_at=due_at, actor=actor)
    _ask(held, people, actor)
    return held


def _require_fitting(system: AISystem, harms: Collection[Harm], use: IntendedUse | None, due_at: datetime.datetime) -> None:
    if not harms:
        raise Invalid(NO_HARMS, field="harms")
    if len(harms) > MOST_HARMS:
        raise Invalid(f"A round has at most {MOST_HARMS} harms. Open another one for the rest.", field="harms")
    if any(harm.system_id != system.pk or harm.merged_into_id is not None for harm in harms):
        raise Invalid("Choose harms of this system that are not merged into others.", field="harms")
    if use is not None and (use.system_id != system.pk or use.archived_at is not None):
        raise Invalid(NOT_A_USE, field="intended_use")
    if due_at <= clocks.now():
        raise Invalid("Choose a moment that lies ahead.", field="due_at")


@transaction.atomic
def ask_raters(*, round_id: int, people: Collection[User], actor: User) -> list[Rater]:
    """Ask more people of the portal. Returns those who were not asked before."""
    held = lock_open_round(round_id)
    policies.may_run_round(actor, held).require()
    if not people:
        raise Invalid("Choose whom to ask.", field="people")
    return _ask(held, people, actor)


def _ask(held: RatingRound, people: Collection[User], actor: User) -> list[Rater]:
    """The caller holds the lock on the round, or has just made it."""
    asked = {person.pk for person in people}
    allowed = set(selectors.people_with_access(held.system).filter(pk__in=asked).values_list("pk", flat=True))
    if asked - allowed:
        raise Invalid("Somebody of these can't read this system's register, so they can't rate its harms.", field="people")
    known = set(Rater.objects.filter(round=held, person__in=asked).values_list("person_id", flat=True))
    new = Rater.objects.bulk_create(Rater(round=held, person_id=pk, asked_by=actor) for pk in sorted(asked - known))
    if Rater.objects.filter(round=held).count() > MOST_RATERS:
        raise Invalid(f"At most {MOST_RATERS} people rate in one round.", field="people")
    if new:
        ledger.record("harms.raters_asked", subject=held, actor=actor, raters=[rater.pk for rater in new])
        people_asked = [rater.person_id for rater in new if rater.person_id is not None]
        tell(ASKED, held, people_asked, f"You are asked to rate harms: {held}", reverse("rating", args=[held.pk]), actor, key=_key(held, new))
    return new


def _key(held: RatingRound, raters: Sequence[Rater]) -> str:
    return f"{held.pk}:{min(rater.pk for rater in raters)}"


def tell(kind: str, held: RatingRound, recipients: Collection[int], title: str, url: str, actor: User, *, key: str) -> None:
    notify(kind, recipients=recipients, subject=held, title=title, url=url, key=key, actor=actor)


class Answer(TypedDict):
    """What somebody says of one harm of a round."""

    round_harm_id: int
    severity: int | None
    frequency: int | None
    cannot_judge: bool
    confidence: str
    rationale: str


@transaction.atomic
def rate(*, round_id: int, answers: Sequence[Answer], actor: User) -> list[Rating]:
    """Say of some harms how bad and how often, or that one can't judge; saying so again changes one's own ratings. Returns those that changed.

    Raises PolicyDenied, Invalid, Missing, and Conflict once the round is closed.
    """
    held: RatingRound = RatingRound.objects.lock(round_id)
    rater = selectors.rater_of(held, actor)
    policies.may_rate(actor, held, rater).require()
    if rater is None:
        raise AssertionError
    _require_open(held)
    changed = [rating for answer in answers if (rating := keep_rating(rater, answer)) is not None]
    if changed:
        ledger.record("harms.ratings_given", subject=held, actor=actor, harms=[rating.round_harm.harm.code for rating in changed])
        _tell_when_complete(held, actor)
    return changed


def keep_rating(rater: Rater, answer: Answer) -> Rating | None:
    """Write one rater's rating of one harm; None where it says what was said before. The caller holds the lock on the round, which is open."""
    asked = RoundHarm.objects.select_related("harm").filter(pk=answer["round_harm_id"], round=rater.round_id).first()
    if asked is None:
        raise Missing("This harm isn't rated in this round.")
    if asked.harm.merged_into_id is not None:
        raise Conflict(f"{asked.harm.code} was merged into another harm. Rate that one.", code="harm_merged")
    said = _fitting(answer)
    before = Rating.objects.filter(rater=rater, round_harm=asked).first()
    if before is not None and all(getattr(before, name) == value for name, value in said.items()):
        return None
    rating, _ = Rating.objects.update_or_create(rater=rater, round_harm=asked, defaults=said)
    return rating


def _fitting(answer: Answer) -> dict[str, Any]:
    words = answer["rationale"].strip()
    if len(words) > LONGEST_RATIONALE:
        raise Invalid(f"Keep this below {LONGEST_RATIONALE:,} characters.", field="rationale")
    if answer["cannot_judge"]:
        return {"severity": None, "frequency": None, "cannot_judge": True, "confidence": "", "rationale": words}
    levels = _levels(answer["severity"], answer["frequency"])
    said = require_text(words, field="rationale", sentence=NO_RATIONALE)
    return {**levels, "cannot_judge": False, "confidence": _confidence(answer["confidence"]), "rationale": said}


def _levels(severity: int | None, frequency: int | None) -> dict[str, int]:
    levels = {"severity": severity, "frequency": frequency}
    found = {}
    for name, level in levels.items():
        if level is None or not 1 <= level <= HIGHEST_LEVEL:
            raise Invalid(f"Choose a level from 1 to {HIGHEST_LEVEL}, or say that you can't judge it.", field=name)
        found[name] = level
    return found


def _confidence(given: str) -> str:
    if given not in Confidence.values:
        raise Invalid("Say how sure you are.", field="confidence")
    return given


def _tell_when_complete(held: RatingRound, actor: User) -> None:
    if not selectors.missing(held):
        tell(COMPLETE, held, [held.opened_by_id], f"Everybody has answered: {held}", reverse("rating-round", args=[held.pk]), actor, key=str(held.pk))


def lock_open_round(round_id: int) -> RatingRound:
    held: RatingRound = RatingRound.objects.lock(round_id)
    _require_open(held)
    return held


def _require_open(held: RatingRound) -> None:
    if not held.is_open:
        raise Conflict(IS_CLOSED, code="round_closed")


@transaction.atomic
def close_round(*, round_id: int, reason: str = "", actor: User) -> RatingRound:
    """End the blind part: from now on everybody with access reads the ratings, and nobody rates. Before it is due this takes a reason."""
    held = lock_open_round(round_id)
    policies.may_close_round(actor, held).require()
    now, said = clocks.now(), reason.strip()
    waiting = selectors.missing(held)
    if now < held.due_at and waiting and not said:
        raise Invalid(f"{len(waiting)} of those who were asked have not answered yet. Say why you close it now.", field="reason")
    if now < held.due_at and not said:
        raise Invalid("This round is not due yet. Say why you close it now.", field="reason")
    deadlines.close(DUE, subject=held, actor=actor, at=now, reason=said)
    closed: RatingRound = ROUND.advance(held, "close", actor=actor, note=said, closed_at=now, closed_by=actor, close_reason=said)
    people = [pk for pk in Rater.objects.filter(round=held).values_list("person_id", flat=True) if pk is not None]
    tell(CLOSED, closed, [held.opened_by_id, *people], f"Ratings are closed: {held}", reverse("rating-round", args=[held.pk]), actor, key=str(held.pk))
    return closed


def close_due_rounds(*, actor: User) -> int:
    """Close what is due, each round in a transaction of its own. Returns how many."""
    due = RatingRound.objects.filter(state=RoundState.OPEN, due_at__lte=clocks.now()).order_by("due_at", "pk").values_list("pk", flat=True)[:CLOSED_AT_ONCE]
    count = 0
    for pk in list(due):
        try:
            close_round(round_id=pk, actor=actor)
        except Conflict:
            continue  # somebody closed it meanwhile
        count += 1
    return count


@transaction.atomic
def record_consensus(*, round_harm_id: int, severity: int, frequency: int, note: str, override_reason: str = "", actor: User) -> Consensus:
    """Record what was agreed of one harm of a closed round: it becomes the inherent risk of the harm in the round's place.

    Levels other than the medians need `override_reason`. Raises PolicyDenied, Invalid, Conflict: the round is open, it was recorded already, or the
    scale has changed.
    """
    asked = RoundHarm.objects.select_related("round").filter(pk=round_harm_id).first()
    if asked is None:
        raise Missing("This harm isn't rated in this round.")
    held: RatingRound = RatingRound.objects.lock(asked.round_id)
    policies.may_run_round(actor, held).require()
    _require_recordable(held, asked)
    said = require_text(note, field="note", sentence="Say how you came to agree.")
    levels = _levels(severity, frequency)
    found, count = selectors.aggregate_of(asked)
    medians = found.levels if found else (None, None)
    is_override = (levels["severity"], levels["frequency"]) != medians
    why = require_text(override_reason, field="override_reason", sentence=_why_sentence(medians)) if is_override else ""
    harm: Harm = Harm.objects.lock(asked.harm_id)
    policies.may_assess_harm(actor, harm).require()
    rationale = _rationale(held, said, count, medians, why, actor)
    point = add_point(harm, RiskPointKind.INHERENT, severity, frequency, rationale, actor, use=_use(held), scale=held.scale)
    agreed = Consensus.objects.create(
        round_harm=asked,
        point=point,
        **levels,
        median_severity=medians[0],
        median_frequency=medians[1],
        rating_count=count,
        is_override=is_override,
        override_reason=why,
        note=said,
        recorded_by=actor,
    )
    details: dict[str, Any] = {"harm": harm.code, **levels, "medians": list(medians), "ratings": count, "is_override": is_override}
    ledger.record("harms.consensus_recorded", subject=held, actor=actor, reason=why or said, **details)
    told = [pk for pk in Rater.objects.filter(round=held).values_list("person_id", flat=True) if pk is not None]
    tell(
        AGREED,
        held,
        [*told, *([harm.owner_id] if harm.owner_id else [])],
        f"Agreed on {harm.code}: {held}",
        reverse("harm", args=[harm.pk]),
        actor,
        key=str(agreed.pk),
    )
    return agreed


def _use(held: RatingRound) -> IntendedUse | None:
    if held.intended_use is not None and held.intended_use.archived_at is not None:
        raise Conflict("The intended use of this round was archived, so nothing can be stated for it.")
    return held.intended_use


def _require_recordable(held: RatingRound, asked: RoundHarm) -> None:
    if held.is_open:
        raise Conflict("Close the round first: until then nobody knows what the others said.", code="round_open")
    if Consensus.objects.filter(round_harm=asked).exists():
        raise Conflict("What was agreed of this harm is recorded already. Rate it in a new round.", code="recorded_already")
    if held.scale_id != selectors.current_scale().pk:
        raise Conflict(SCALE_CHANGED, code="scale_changed")


def _why_sentence(medians: tuple[int | None, int | None]) -> str:
    if medians[0] is None:
        return "Nobody could judge this harm. Say what your levels rest on instead."
    return f"The ratings say severity {medians[0]} and frequency {medians[1]}. Say why you record something else."


def _rationale(held: RatingRound, note: str, count: int, medians: tuple[int | None, int | None], why: str, actor: User) -> str:
    """What the point rests on, in words: the round, its ratings, and an override with its name and reason."""
    middle = f"medians severity {medians[0]}, frequency {medians[1]}" if medians[0] is not None else "nobody could judge it"
    override = f" Overridden by {actor.name}: {why}" if why else ""
    return f"{note} Agreed after {held.code} ({count} {'rating' if count == 1 else 'ratings'}; {middle}).{override}"
