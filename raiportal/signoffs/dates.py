"""The dates of sign-offs as deadlines: by when a request waits to be signed, and by when a condition has to be met and then confirmed.

Each is open for as long as it matters: the request's while it waits, a condition's until it is confirmed or nothing depends on it any more.
"""

from __future__ import annotations

import datetime

from raiportal.accounts.models import User
from raiportal.deadlines import actions as deadlines
from raiportal.signoffs.enums import ConditionState
from raiportal.signoffs.models import Condition, SignOffRequest

TO_SIGN = "signoffs.request"
TO_MEET = "signoffs.condition"


def start(request: SignOffRequest, actor: User) -> None:
    """Follow the date by which a request is to be signed, where it has one."""
    if request.due_at is not None:
        deadlines.set_deadline(TO_SIGN, subject=request, due_at=request.due_at, actor=actor)


def follow(condition: Condition, actor: User) -> None:
    """Set the date of a condition as it is now: its owner's, its signer's once it is said to be met, none once it is confirmed."""
    due_at = None if condition.state == ConditionState.CONFIRMED else condition.ends_at
    deadlines.set_deadline(TO_MEET, subject=condition, due_at=due_at, actor=actor)


def stop(request: SignOffRequest, actor: User) -> None:
    """The request waits no more."""
    deadlines.close(TO_SIGN, subject=request, actor=actor)


def stop_all(request: SignOffRequest, actor: User) -> None:
    """Nothing depends on this request any more: neither it nor its conditions wait for anybody."""
    stop(request, actor)
    for condition in Condition.objects.filter(sign_off__request=request).unconfirmed().select_related("sign_off__request").order_by("pk"):
        deadlines.close(TO_MEET, subject=condition, actor=actor)


def start_of(day: datetime.date) -> datetime.datetime:
    """The first moment of a day, in UTC."""
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)
