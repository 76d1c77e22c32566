"""What waits for a person (requests that they can sign, conditions to meet and to confirm), and what search finds of requests."""

from __future__ import annotations

import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.signoffs import selectors
from raiportal.signoffs.enums import ConditionState, RequestState
from raiportal.signoffs.models import SEARCHED_TEXT, Condition, SignOffRequest
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit, WorkItem, WorkSource


def _waiting(user: User, now: datetime.datetime, most: int) -> list[WorkItem]:
    """What this person can sign, meet or confirm, the earliest date first."""
    asked = [
        _item(request.title, "Your sign-off is asked for.", "Sign", request, request.due_at, request.requested_at)
        for request in selectors.waiting_for(user, now)[:most]
    ]
    items = [*_conditions(user, most), *asked]
    return sorted(items, key=lambda item: (item.due_at is None, item.due_at or now))[:most]


def _conditions(user: User, most: int) -> list[WorkItem]:
    to_meet = Q(owner=user, state__in=[ConditionState.OPEN, ConditionState.REOPENED])
    to_confirm = Q(sign_off__person=user, state=ConditionState.MET)
    alive = Q(sign_off__request__ended_at=None, sign_off__request__state__in=[RequestState.OPEN, RequestState.APPROVED])
    rows = Condition.objects.visible_to(user).filter(alive, to_meet | to_confirm).select_related("sign_off__request__scope").order_by("due_on", "pk")
    return [
        _item(
            str(row),
            "Its owner says that it is met." if row.state == ConditionState.MET else "An approval depends on it.",
            "Confirm" if row.state == ConditionState.MET else "Say how it was met",
            row.sign_off.request,
            row.ends_at,
            row.sign_off.at,
        )
        for row in rows[:most]
    ]


def _item(title: str, why: str, act: str, request: SignOffRequest, due_at: datetime.datetime | None, since: datetime.datetime) -> WorkItem:
    system = request.scope.name if request.scope else ""
    return WorkItem(title, why, reverse("sign-off-request", args=[request.pk]), act, 10, system, due_at=due_at, since=since)


def _requests(user: User) -> QuerySet[SignOffRequest]:
    return SignOffRequest.objects.visible_to(user).select_related("scope").defer("snapshot")  # type: ignore[no-any-return]


def _hit(request: SignOffRequest) -> Hit:
    return Hit(request.title, reverse("sign-off-request", args=[request.pk]), request.scope.name if request.scope else "")


WORK = WorkSource("sign-offs", "Sign-offs", _waiting, order=4)
SEARCH = row_source("sign-offs", "Sign-offs", RowSearch(_requests, SEARCHED_TEXT, _hit, excerpt="message"), order=50)
