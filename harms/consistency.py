"""Rules that an entry of the register has to agree with itself. Pure: each says in one sentence what doesn't fit, from what is known of one harm.

Beside each stands the same rule as a filter, so that a list of any size finds its entries by query; a test holds the two together.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import F, Q

from harms.enums import OPEN_STATES, HarmState
from harms.models import NO_SCORE, Harm
from raiportal.look.levels import RISK_LEVEL_TOPS

HIGH_FROM = RISK_LEVEL_TOPS[2] + 1  # high and critical scores
FAR_APART = 2  # levels of frequency between what people judged and what was measured
LONG_PROPOSED = datetime.timedelta(days=30)
ENDS_SOON = datetime.timedelta(days=30)
REVIEW_LATEST = ((16, 30), (12, 90), (6, 180), (0, 365))  # above this score, a harm without a date is looked at again after so many days
NOT_CLOSED = (*OPEN_STATES, HarmState.ACCEPTED)


@dataclass(frozen=True)
class Known:
    """What the rules look at beside the harm itself. `newest_instance_at`: when something was last linked to it."""

    now: datetime.datetime
    newest_instance_at: datetime.datetime | None = None
    is_dismissed: bool = False  # the entry of the library that it came from was dismissed for its system


@dataclass(frozen=True)
class Rule:
    """`says` gives the sentence where a harm breaks the rule; `breaks` is the same as a condition on rows.

    Rows carry the annotations `newest_instance_at` and `is_dismissed` where `needs` names them.
    """

    slug: str
    label: str
    says: Callable[[Harm, Known], str]
    breaks: Callable[[datetime.datetime], Q]
    needs: tuple[str, ...] = ()


def _residual(harm: Harm, known: Known) -> str:
    if harm.residual_score is None or harm.inherent_score is None or harm.residual_score <= harm.inherent_score:
        return ""
    return f"After mitigation its risk is {harm.residual_score}, and before anything was done it was {harm.inherent_score}. State the inherent risk again."


def _observed(harm: Harm, known: Known) -> str:
    judged = harm.residual_score if harm.residual_score is not None else harm.measured_score if harm.measured_score is not None else harm.inherent_score
    if harm.observed_score is None or judged is None or harm.observed_score <= judged:
        return ""
    return f"Operation shows a risk of {harm.observed_score}, worse than the {judged} that was stated. Find out what was overlooked."


def _frequency(harm: Harm, known: Known) -> str:
    judged, measured = harm.inherent_frequency, harm.measured_frequency
    if judged is None or measured is None or harm.residual_score is not None or abs(judged - measured) < FAR_APART:
        return ""
    return f"People judged its frequency {judged}, and it was measured at {measured}. One of the two is wrong, or something changed."


def _is_open(harm: Harm) -> bool:
    return harm.merged_into_id is None and harm.state in OPEN_STATES


def _unowned(harm: Harm, known: Known) -> str:
    return "A high risk that nobody owns. Name an owner." if _is_open(harm) and harm.priority >= HIGH_FROM and harm.owner_id is None else ""


def _untreated(harm: Harm, known: Known) -> str:
    return "A high risk without a treatment. Say what is done about it." if _is_open(harm) and harm.priority >= HIGH_FROM and not harm.treatment else ""


def _treatment_late(harm: Harm, known: Known) -> str:
    late = harm.state == HarmState.IN_TREATMENT and harm.treatment_due_on is not None and harm.treatment_due_on < known.now.date()
    return f"Its treatment was due on {harm.treatment_due_on:%-d %B %Y}." if late else ""


def _acceptance_ends(harm: Harm, known: Known) -> str:
    if harm.accepted_until is None or harm.accepted_until > known.now + ENDS_SOON:
        return ""
    if harm.accepted_until <= known.now:
        return f"Its acceptance ended on {harm.accepted_until:%-d %B %Y}. Decide anew."
    return f"Its acceptance ends on {harm.accepted_until:%-d %B %Y}. Decide before that."


def _resolved_again(harm: Harm, known: Known) -> str:
    again = harm.resolved_at is not None and known.newest_instance_at is not None and known.newest_instance_at > harm.resolved_at
    return f"It was resolved on {harm.resolved_at:%-d %B %Y}, and something newer was linked to it. Reopen it, or say why not." if again else ""


def _dismissed(harm: Harm, known: Known) -> str:
    found = known.is_dismissed and harm.merged_into_id is None
    return "The library's entry that it came from was dismissed for this system. Take one of the two back." if found else ""


def _review_late(harm: Harm, known: Known) -> str:
    if harm.merged_into_id is not None or harm.state not in NOT_CLOSED:
        return ""
    if harm.review_on is not None:
        return f"It was to be looked at again by {harm.review_on:%-d %B %Y}." if harm.review_on < known.now.date() else ""
    if harm.priority == NO_SCORE:
        return ""
    days = next(days for above, days in REVIEW_LATEST if harm.priority > above)
    return f"Nothing was said about it for more than {days} days. Look at it again." if harm.updated_at < known.now - datetime.timedelta(days=days) else ""


def _unassessed(harm: Harm, known: Known) -> str:
    waits = harm.state == HarmState.PROPOSED and harm.created_at < known.now - LONG_PROPOSED
    return "Proposed more than 30 days ago, and nobody has assessed it." if waits else ""


OPEN = Q(merged_into=None, state__in=OPEN_STATES)
HIGH_AND_OPEN = OPEN & Q(priority__gte=HIGH_FROM)


def _observed_rows(now: datetime.datetime) -> Q:
    worse = Q(residual_score__isnull=False, observed_score__gt=F("residual_score"))
    worse |= Q(residual_score=None, measured_score__isnull=False, observed_score__gt=F("measured_score"))
    return worse | Q(residual_score=None, measured_score=None, observed_score__gt=F("inherent_score"))


def _frequency_rows(now: datetime.datetime) -> Q:
    apart = Q(measured_frequency__gte=F("inherent_frequency") + FAR_APART) | Q(inherent_frequency__gte=F("measured_frequency") + FAR_APART)
    return Q(residual_score=None) & apart


def _review_rows(now: datetime.datetime) -> Q:
    late = Q(review_on__lt=now.date())
    below = 10**6
    for above, days in REVIEW_LATEST:
        late |= Q(review_on=None, priority__gt=above, priority__lte=below, updated_at__lt=now - datetime.timedelta(days=days))
        below = above
    return Q(merged_into=None, state__in=NOT_CLOSED) & late


RULES = (
    Rule("residual-above-inherent", "Worse after mitigation", _residual, lambda now: Q(residual_score__gt=F("inherent_score"))),
    Rule("observed-worse", "Worse in operation", _observed, _observed_rows),
    Rule("frequency-contradicted", "Measured otherwise", _frequency, _frequency_rows),
    Rule("high-unowned", "High, without an owner", _unowned, lambda now: HIGH_AND_OPEN & Q(owner=None)),
    Rule("high-untreated", "High, without a treatment", _untreated, lambda now: HIGH_AND_OPEN & Q(treatment="")),
    Rule("treatment-late", "Treatment overdue", _treatment_late, lambda now: Q(state=HarmState.IN_TREATMENT, treatment_due_on__lt=now.date())),
    Rule("acceptance-ends", "Acceptance ends", _acceptance_ends, lambda now: Q(accepted_until__lte=now + ENDS_SOON)),
    Rule("resolved-again", "Resolved, and seen again", _resolved_again, lambda now: Q(newest_instance_at__gt=F("resolved_at")), ("newest_instance_at",)),
    Rule("dismissed", "Dismissed in the library", _dismissed, lambda now: Q(merged_into=None, is_dismissed=True), ("is_dismissed",)),
    Rule("review-late", "To be looked at again", _review_late, _review_rows),
    Rule("unassessed", "Long proposed", _unassessed, lambda now: Q(state=HarmState.PROPOSED, created_at__lt=now - LONG_PROPOSED)),
)
BY_SLUG = {rule.slug: rule for rule in RULES}


def flags_of(harm: Harm, known: Known) -> list[tuple[Rule, str]]:
    """The rules that a harm breaks, each with its sentence. A merged harm breaks none: what is said about it is said of the other."""
    if harm.merged_into_id is not None:
        return []
    return [(rule, words) for rule in RULES if (words := rule.says(harm, known))]
