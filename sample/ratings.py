"""Rating rounds of the sample systems: one closed, in which somebody stands apart, and one open; and what the organisation bears."""

from __future__ import annotations

import datetime

from harms import actions, selectors
from harms.actions import Answer
from harms.enums import HarmState
from harms.models import HIGHEST_LEVEL, Harm, HarmCategory, RatingRound, RoundHarm
from raiportal import clocks
from raiportal.accounts.models import User
from systems.models import AISystem

DAYS = 10  # that people have to rate
HARMS_A_ROUND = 3
APPETITE = 9  # up to medium, for every kind of harm
REASONS = (
    "Two of forty notes in the pilot had it, and a ward nurse caught both.",
    "I know it from a similar tool; here the check before signing catches most.",
    "We saw it in the incident reports of last year, before the tool.",
    "It needs several things to go wrong at once.",
)
APART = "Nobody checks at night, and at night it happens. The reports don't show it because nobody files them."


def set_appetite(manager: User) -> None:
    for category in HarmCategory.objects.order_by("position", "pk"):
        actions.set_appetite(category=category, system=None, highest_score=APPETITE, reason="Agreed by the risk board.", actor=manager)


def add_rounds(system: AISystem, manager: User) -> None:
    """Two rounds on the harms that rank highest; of the first, one harm is agreed on."""
    assessed = Harm.objects.filter(system=system, state__in=(HarmState.ASSESSED, HarmState.IN_TREATMENT), inherent_severity__isnull=False).order_by(
        "-priority", "pk"
    )
    harms = list(assessed[:HARMS_A_ROUND])
    people = list(selectors.people_with_access(system))
    if not harms or len(people) < HARMS_A_ROUND:
        return
    closed = _open(system, harms, people, "First ratings before the pilot", manager)
    for place, person in enumerate(people):
        _rate(closed, person, place, is_apart=place == 0)
    actions.close_round(round_id=closed.pk, reason="Everybody has answered.", actor=manager)
    _agree(RoundHarm.objects.filter(round=closed).order_by("-pk")[0], manager)
    opened = _open(system, harms, people, "Again, after four weeks of the pilot", manager)
    _rate(opened, people[-1], 1, is_apart=False)
    stakeholder = {"name": "Olga Brandt", "organisation": "Patients' council"}
    actions.invite_outside(round_id=opened.pk, **stakeholder, actor=manager)


def _open(system: AISystem, harms: list[Harm], people: list[User], title: str, manager: User) -> RatingRound:
    message = "Think of ordinary use, not of the worst day. Say so if you can't judge a harm."
    due_at = clocks.now() + datetime.timedelta(days=DAYS)
    return actions.open_round(system=system, title=title, message=message, harms=harms, people=people, due_at=due_at, actor=manager)


def _rate(held: RatingRound, person: User, place: int, *, is_apart: bool) -> None:
    answers = [_answer(row, place, is_apart=is_apart) for row in RoundHarm.objects.filter(round=held).select_related("harm").order_by("pk")]
    actions.rate(round_id=held.pk, answers=answers, actor=person)


def _answer(row: RoundHarm, place: int, *, is_apart: bool) -> Answer:
    """Near what the register says of the harm; whoever stands apart is three levels away on one axis."""
    severity, frequency = row.harm.inherent_severity or 1, row.harm.inherent_frequency or 1
    if is_apart:
        frequency += 3 if frequency + 3 <= HIGHEST_LEVEL else -3 if frequency > 3 else 2
    elif place == 1:
        severity = max(severity - 1, 1)
    return {
        "round_harm_id": row.pk,
        "severity": severity,
        "frequency": min(max(frequency, 1), HIGHEST_LEVEL),
        "cannot_judge": False,
        "confidence": "high" if is_apart else ("low", "medium", "high")[place % 3],
        "rationale": APART if is_apart else REASONS[place % len(REASONS)],
    }


def _agree(row: RoundHarm, manager: User) -> None:
    found, _ = selectors.aggregate_of(row)
    if found is not None:
        severity, frequency = found.levels
        note = "We talked about the rating that stands apart: nights are watched from now on, so the median stands."
        actions.record_consensus(round_harm_id=row.pk, severity=severity, frequency=frequency, note=note, actor=manager)
