"""Deadlines as pages and rules read them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.db import models
from django.db.models import Q, QuerySet

from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.audit.subjects import subject_kinds
from raiportal.deadlines.kinds import deadline_kinds
from raiportal.deadlines.models import Deadline
from raiportal.look.clocks import Clock
from raiportal.work.sources import WorkItem

DUE_SOON = datetime.timedelta(days=14)
MOST_CONSIDERED = 100  # of the systems that a person knows of, the earliest first, of which those that wait for them are picked


def of(subject: models.Model) -> list[Deadline]:
    """All deadlines of one object, open ones first, then the newest."""
    rows = Deadline.objects.about(subject._meta.label_lower, subject.pk).order_by("-pk")
    return sorted(rows, key=lambda deadline: not deadline.is_open)


def of_many(kind: str, ids: Iterable[int]) -> dict[int, Deadline]:
    """By the subject's id its open deadline of this kind, where it has one."""
    return {deadline.subject_id: deadline for deadline in Deadline.objects.open().filter(kind=kind, subject_id__in=list(ids))}


def due_before(moment: datetime.datetime, kind: str = "") -> QuerySet[Deadline]:
    """Running deadlines that are due by then, the earliest first; of one kind, if it is given."""
    rows: QuerySet[Deadline] = Deadline.objects.running().filter(due_at__lte=moment).order_by("due_at", "pk")
    return rows.filter(kind=kind) if kind else rows


def clocks_of(deadlines: Sequence[Deadline], now: datetime.datetime) -> list[Clock]:
    """For the page's clocks: the time that is set against what has passed, without pauses. A paused one stands still where it was paused."""
    return [_clock(deadline, now) for deadline in deadlines]


def _clock(deadline: Deadline, now: datetime.datetime) -> Clock:
    kind = deadline_kinds.get(deadline.kind)
    pauses = datetime.timedelta(seconds=deadline.paused_seconds)
    started_at = deadline.started_at + pauses
    rests = now - deadline.paused_at if deadline.paused_at else datetime.timedelta()
    target = max(int((deadline.due_at - started_at).total_seconds()), 1)
    note = f"paused: {deadline.pause_reason}" if deadline.paused_at else ""
    return Clock(kind.label if kind else deadline.kind, started_at + rests, target, stopped_at=deadline.closed_at, note=note)


def waiting_for(user: User, now: datetime.datetime, most: int) -> list[WorkItem]:
    """What is due within two weeks, or overdue, for those who are told of it."""
    waiting = []
    for deadline in _known_to(user, due_before(now + DUE_SOON)).select_related("scope")[:MOST_CONSIDERED]:
        kind = deadline_kinds.get(deadline.kind)
        if kind is None or not kind.is_work or user.pk not in set(kind.recipients(deadline)) or not _sees(user, deadline):
            continue
        why = f"{kind.label}. {'It is overdue.' if deadline.due_at <= now else 'The date is set.'}"
        system = deadline.scope.name if deadline.scope else ""
        waiting.append(WorkItem(kind.title(deadline), why, kind.url(deadline), "Look at it", 20, system, due_at=deadline.due_at, since=deadline.started_at))
        if len(waiting) == most:
            break
    return waiting


def _known_to(user: User, rows: QuerySet[Deadline]) -> QuerySet[Deadline]:
    """Of systems that this person knows of, and of the organisation."""
    scopes = roles.overview_scopes(user)
    return rows if scopes is None else rows.filter(Q(scope=None) | Q(scope__in=scopes))


def _sees(user: User, deadline: Deadline) -> bool:
    subject = subject_kinds.get(deadline.subject_kind)
    return subject is not None and subject.find(deadline.subject_id, user) is not None
