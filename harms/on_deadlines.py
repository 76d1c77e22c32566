"""Dates of harms: when one is looked at again, and when its treatment is done. Who owns it is told; when nothing happens, who owns the system."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from harms.actions import REVIEW, TREATMENT
from harms.models import Harm
from raiportal.deadlines.kinds import DeadlineKind
from raiportal.deadlines.models import Deadline

REMIND_DAYS = (14, 3)  # before the date
ESCALATE_AFTER_DAYS = 7


def _harm(deadline: Deadline) -> Harm:
    return Harm.objects.select_related("system").get(pk=deadline.subject_id)


def _owner(harm: Harm) -> list[int]:
    """Whoever sees to the harm; where nobody does, whoever owns its system."""
    return [pk for pk in (harm.owner_id or harm.system.owner_id,) if pk is not None]


def _who_reviews(deadline: Deadline) -> Iterable[int]:
    return _owner(_harm(deadline))


def _who_treats(deadline: Deadline) -> Iterable[int]:
    harm = _harm(deadline)
    return [harm.treatment_owner_id] if harm.treatment_owner_id is not None else _owner(harm)


def _system_owner(deadline: Deadline) -> Iterable[int]:
    owner = _harm(deadline).system.owner_id
    return [owner] if owner is not None else []


def _review_title(deadline: Deadline) -> str:
    harm = _harm(deadline)
    return f"Look at {harm.code} {harm.title} again"


def _treatment_title(deadline: Deadline) -> str:
    harm = _harm(deadline)
    return f"Treat {harm.code} {harm.title}"


def _url(deadline: Deadline) -> str:
    return reverse("harm", args=[deadline.subject_id])


KINDS = (
    DeadlineKind(REVIEW, "Review of a harm", REMIND_DAYS, _who_reviews, _review_title, _url, _system_owner, ESCALATE_AFTER_DAYS),
    DeadlineKind(TREATMENT, "Treatment of a harm", REMIND_DAYS, _who_treats, _treatment_title, _url, _system_owner, ESCALATE_AFTER_DAYS),
)
