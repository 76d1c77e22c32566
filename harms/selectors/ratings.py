"""Rating rounds as pages, exports and rules read them. What somebody said of a harm is read through `Rating.visible_to` alone, so that rounds stay blind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, QuerySet

from harms import aggregation
from harms.enums import RoundState
from harms.models import Consensus, Harm, Rater, Rating, RatingRound, RoundHarm
from raiportal.accounts.enums import READS_SCOPE, SEES_EVERYTHING, Role, UserKind
from raiportal.accounts.models import Membership, User
from systems.models import AISystem

RATES = SEES_EVERYTHING - {Role.AUDITOR}  # roles of the organisation that may be asked; auditors change nothing
EXPORTED = ("harm", "title", "use", "rater", "group", "severity", "frequency", "cannot_judge", "confidence", "rationale", "stands_apart")


@dataclass(frozen=True)
class RaterStanding:
    """Somebody who was asked, and how many of the round's harms they have answered: all that anybody may know while it is open."""

    rater: Rater
    answered: int
    asked: int

    @property
    def is_done(self) -> bool:
        return self.rater.sent_at is not None if self.rater.is_outside else self.answered == self.asked

    @property
    def is_waiting(self) -> bool:
        return not self.is_done and self.rater.revoked_at is None


@dataclass(frozen=True)
class Said:
    """One rating as the round's page shows it once the round is closed."""

    rating: Rating
    rater: Rater
    is_outlier: bool

    @property
    def pair(self) -> tuple[int, int] | None:
        return pair_of(self.rating)


@dataclass(frozen=True)
class HarmResult:
    """What a closed round says of one harm: all ratings together, those from inside and outside by themselves, each of them, and what was agreed."""

    held: RoundHarm
    all: aggregation.Aggregate | None
    inside: aggregation.Aggregate | None
    outside: aggregation.Aggregate | None
    said: list[Said] = field(default_factory=list)
    consensus: Consensus | None = None

    @property
    def outliers(self) -> list[Said]:
        return [one for one in self.said if one.is_outlier]

    @property
    def cannot_judge(self) -> int:
        return sum(one.rating.cannot_judge for one in self.said)


def rounds_of(user: User) -> QuerySet[RatingRound]:
    """Every round that somebody may see, as lists show it."""
    found: QuerySet[RatingRound] = RatingRound.objects.visible_to(user).select_related("system__scope", "intended_use", "scale", "opened_by")
    return found.annotate(harm_count=Count("harms", distinct=True), rater_count=Count("raters", distinct=True))


def harms_in(held: RatingRound) -> list[RoundHarm]:
    """Those that are rated in it."""
    return list(_with_harms(RoundHarm.objects.filter(round=held).rated()))


def _with_harms(rows: Any) -> Any:
    return rows.select_related("harm__category", "harm__system__scope", "harm__merged_into").order_by("pk")


def people_with_access(system: AISystem) -> QuerySet[User]:
    """People who read this system's register and may say something in it."""
    roles = Membership.objects.in_force()
    inside = roles.filter(scope_id=system.pk, role__in=READS_SCOPE).values("user")
    over_all = roles.filter(scope=None, role__in=RATES).values("user")
    people = User.objects.filter(is_active=True, kind=UserKind.PERSON)
    return (people.filter(pk__in=inside) | people.filter(pk__in=over_all)).order_by("name", "pk")


def standings(held: RatingRound) -> list[RaterStanding]:
    """Who was asked and who has answered. Says nothing of what."""
    rated = RoundHarm.objects.filter(round=held).rated()
    asked = rated.count()
    counts = dict(Rating.objects.filter(round_harm__in=rated).values_list("rater").annotate(Count("pk")).order_by())
    raters = Rater.objects.filter(round=held).select_related("person", "round").order_by(F("person__name").asc(nulls_last=True), "pk")
    return [RaterStanding(rater, 0 if rater.is_outside and rater.sent_at is None else counts.get(rater.pk, 0), asked) for rater in raters]


def missing(held: RatingRound) -> list[RaterStanding]:
    return [one for one in standings(held) if one.is_waiting]


def rater_of(held: RatingRound, user: User) -> Rater | None:
    return Rater.objects.filter(round=held, person=user).select_related("round__system", "person").first()


def own_ratings(rater: Rater) -> dict[int, Rating]:
    """What a rater said so far, by the id of the round's harm; for themselves alone."""
    return {rating.round_harm_id: rating for rating in Rating.objects.filter(rater=rater)}


def ratings_of(user: User) -> QuerySet[Rating]:
    """Ratings that somebody may read, with what names them."""
    related = ("rater__person", "round_harm__harm", "round_harm__round__intended_use", "round_harm__round__system__scope")
    found: QuerySet[Rating] = Rating.objects.visible_to(user).select_related(*related)
    return found


def results(held: RatingRound, user: User) -> list[HarmResult]:
    """What a closed round says, harm by harm, merged ones too; nothing while it is open."""
    if held.state != RoundState.CLOSED:
        return []
    by_harm: dict[int, list[Rating]] = defaultdict(list)
    shown = (
        Rating.objects.visible_to(user)
        .counted()
        .filter(round_harm__round=held)
        .select_related("rater__person")
        .order_by(F("rater__person__name").asc(nulls_last=True), "pk")
    )
    for rating in shown:
        by_harm[rating.round_harm_id].append(rating)
    agreed = Consensus.objects.filter(round_harm__round=held).select_related("recorded_by", "point__scale")
    consensus = {row.round_harm_id: row for row in agreed}
    return [_result(row, by_harm[row.pk], consensus.get(row.pk)) for row in _with_harms(RoundHarm.objects.filter(round=held))]


def closed_results(system: AISystem) -> list[HarmResult]:
    """What the newest closed round says of each harm on the register in each place (as a whole, or one use), by harm and place; three queries."""
    rows = RoundHarm.objects.filter(round__system=system, round__state=RoundState.CLOSED, harm__merged_into=None)
    newest = {(row.harm_id, row.round.intended_use_id): row for row in _results_read(rows).order_by("round_id")}
    return [_closed(row, said) for row, said in _with_ratings(sorted(newest.values(), key=_by_harm_and_place))]


def closed_results_of(harm: Harm, most: int) -> list[HarmResult]:
    """What the newest closed rounds say of one harm, newest first; two queries."""
    rows = RoundHarm.objects.filter(harm=harm, round__state=RoundState.CLOSED)
    return [_closed(row, said) for row, said in _with_ratings(_results_read(rows).order_by("-round__closed_at", "-pk")[:most])]


def _results_read(rows: QuerySet[RoundHarm]) -> QuerySet[RoundHarm]:
    return rows.select_related("harm", "round__intended_use", "consensus__recorded_by", "consensus__point")


def _by_harm_and_place(row: RoundHarm) -> tuple[int, int]:
    return row.harm_id, row.round.intended_use.number if row.round.intended_use else 0


def _with_ratings(rows: Iterable[RoundHarm]) -> Iterator[tuple[RoundHarm, list[Rating]]]:
    """Each with the ratings that count. Only for rows of closed rounds, which everybody reads who may see the harm."""
    held = list(rows)
    said: dict[int, list[Rating]] = defaultdict(list)
    counted = Rating.objects.counted().filter(round_harm__in=held, round_harm__round__state=RoundState.CLOSED)
    for rating in counted.select_related("rater").order_by("pk"):
        said[rating.round_harm_id].append(rating)
    for row in held:
        yield row, said[row.pk]


def _closed(held: RoundHarm, ratings: Sequence[Rating]) -> HarmResult:
    return _result(held, ratings, getattr(held, "consensus", None))


def _result(held: RoundHarm, ratings: Sequence[Rating], consensus: Consensus | None) -> HarmResult:
    every = aggregation.aggregate(map(pair_of, ratings))
    inside, outside = (aggregation.aggregate(pair_of(one) for one in ratings if one.rater.is_outside is group) for group in (False, True))
    said = [Said(one, one.rater, _stands_apart(one, every)) for one in ratings]
    return HarmResult(held, every, inside, outside, said, consensus)


def pair_of(rating: Rating) -> tuple[int, int] | None:
    """Both levels; None for somebody who can't judge."""
    return (rating.severity, rating.frequency) if rating.severity is not None and rating.frequency is not None else None


def _stands_apart(rating: Rating, every: aggregation.Aggregate | None) -> bool:
    pair = pair_of(rating)
    return pair is not None and every is not None and aggregation.is_outlier(pair, every)


def aggregate_of(held: RoundHarm) -> tuple[aggregation.Aggregate | None, int]:
    """What the counted ratings of one harm say together, and how many there are, whoever asks; for rules of a closed round."""
    counted = list(Rating.objects.counted().filter(round_harm=held))
    return aggregation.aggregate(map(pair_of, counted)), len(counted)


def exported_ratings(held: RatingRound, user: User) -> Iterator[dict[str, Any]]:
    """A closed round for a file, one row a rating."""
    use = held.intended_use.code if held.intended_use else ""
    for result in results(held, user):
        for one in result.said:
            rating = one.rating
            yield {
                "harm": result.held.harm.code,
                "title": result.held.harm.title,
                "use": use,
                "rater": one.rater.label,
                "group": "outside" if one.rater.is_outside else "inside",
                "severity": rating.severity,
                "frequency": rating.frequency,
                "cannot_judge": rating.cannot_judge,
                "confidence": rating.confidence,
                "rationale": rating.rationale,
                "stands_apart": one.is_outlier,
            }


def rounds_with(harm_ids: Sequence[int]) -> dict[int, list[RoundHarm]]:
    """By harm id, the rounds in which it was rated, newest first, each with what was agreed; two queries."""
    found: dict[int, list[RoundHarm]] = defaultdict(list)
    rows = RoundHarm.objects.filter(harm__in=harm_ids).select_related("round__intended_use", "consensus__recorded_by").order_by("-round_id")
    for row in rows:
        found[row.harm_id].append(row)
    return found
