"""Who is reminded of the dates of sign-offs, and who hears of those that were missed. The lists of what waits show the work itself."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from raiportal.deadlines.kinds import DeadlineKind
from raiportal.deadlines.models import Deadline
from raiportal.signoffs.dates import TO_MEET, TO_SIGN
from raiportal.signoffs.enums import ConditionState, RequestState
from raiportal.signoffs.models import Condition, SignOffRequest
from raiportal.signoffs.selectors import missing_of
from raiportal.signoffs.telling import signers_of

REMIND_DAYS = (7, 1)  # before the date


def _request(deadline: Deadline) -> SignOffRequest:
    return SignOffRequest.objects.get(pk=deadline.subject_id)


def _condition(deadline: Deadline) -> Condition:
    return Condition.objects.select_related("sign_off__request", "owner").get(pk=deadline.subject_id)


def _who_signs(deadline: Deadline) -> Iterable[int]:
    """Those who can sign in a role that still lacks somebody, and said nothing yet."""
    request = _request(deadline)
    if request.state != RequestState.OPEN:
        return []
    said = request.sign_offs.values_list("person_id", "stand_in_for_id")
    lacking = [lack.role for lack in missing_of(request)]
    return signers_of(request, lacking) - {pk for both in said for pk in both if pk is not None}


def _who_asked(deadline: Deadline) -> Iterable[int]:
    return [_request(deadline).requested_by_id]


def _who_acts(deadline: Deadline) -> Iterable[int]:
    """The owner, and once they say that it is met whoever set it."""
    condition = _condition(deadline)
    return [condition.sign_off.person_id if condition.state == ConditionState.MET else condition.owner_id]


def _who_relies(deadline: Deadline) -> Iterable[int]:
    """Whoever set the condition, and whoever asked for the approval that depends on it."""
    condition = _condition(deadline)
    return [condition.sign_off.person_id, condition.sign_off.request.requested_by_id]


def _condition_title(deadline: Deadline) -> str:
    condition = _condition(deadline)
    act = "Confirm" if condition.state == ConditionState.MET else "Meet"
    return f"{act} a condition of {condition.sign_off.request.title}"[:140]


KINDS = (
    DeadlineKind(
        *(TO_SIGN, "Sign-off to be given", REMIND_DAYS),
        recipients=_who_signs,
        escalate_to=_who_asked,
        title=lambda deadline: f"Sign-off of {_request(deadline).title}"[:140],
        url=lambda deadline: reverse("sign-off-request", args=[deadline.subject_id]),
        is_work=False,
    ),
    DeadlineKind(
        *(TO_MEET, "Condition of an approval", REMIND_DAYS),
        recipients=_who_acts,
        escalate_to=_who_relies,
        title=_condition_title,
        url=lambda deadline: reverse("sign-off-request", args=[_condition(deadline).sign_off.request_id]),
        is_work=False,
    ),
)
