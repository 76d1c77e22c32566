"""Setting, pausing, keeping and missing deadlines. Moments are the database's."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.deadlines.kinds import DeadlineKind, deadline_kinds
from raiportal.deadlines.models import Deadline
from raiportal.errors import Invalid, WrongState
from raiportal.notifications import actions as notifications

DUE_AT_ONCE = 200  # deadlines looked after in one round of the task
DAY = datetime.timedelta(days=1)


@transaction.atomic
def set_deadline(kind: str, *, subject: models.Model, due_at: datetime.datetime | None, actor: User, reason: str = "") -> Deadline | None:
    """Give `subject` the one open deadline of this kind, or move it; None closes it. Returns the deadline, if there is one now.

    Moving one that is paused sets what it will be when it goes on. The caller holds a lock on the subject and has asked its policy.
    """
    now = clocks.now()
    found = _open(kind, subject)
    if due_at is None:
        if found is not None:
            _close(found, actor, now, reason)
        return None
    if found is None:
        return _start(deadline_kinds[kind], subject, due_at, actor, now, reason)
    if found.due_at != due_at:
        next_at = None if found.paused_at else _first_step(deadline_kinds[kind], due_at, now)
        ledger.apply_changes(found, actor=actor, action="deadlines.deadline_moved", reason=reason, due_at=due_at, next_at=next_at)
    return found


@transaction.atomic
def pause(*, deadline_id: int, reason: str, actor: User) -> Deadline:
    """Let its time stand still, with the reason. Raises WrongState for one that is closed or paused already."""
    deadline: Deadline = Deadline.objects.lock(deadline_id)
    _require_open(deadline)
    if deadline.paused_at is not None:
        raise WrongState("This deadline is paused already.")
    if not reason.strip():
        raise Invalid("Say why its time stands still.", field="reason")
    changed: dict[str, Any] = {"paused_at": clocks.now(), "pause_reason": reason.strip()[:300], "next_at": None}
    ledger.apply_changes(deadline, actor=actor, action="deadlines.deadline_paused", reason=reason, **changed)
    return deadline


@transaction.atomic
def resume(*, deadline_id: int, actor: User) -> Deadline:
    """Let its time go on: it is due later by as long as it was paused."""
    deadline: Deadline = Deadline.objects.lock(deadline_id)
    _require_open(deadline)
    if deadline.paused_at is None:
        raise WrongState("This deadline isn't paused.")
    now = clocks.now()
    rested = max(now - deadline.paused_at, datetime.timedelta())
    due_at = deadline.due_at + rested
    changed: dict[str, Any] = {"paused_at": None, "pause_reason": "", "paused_seconds": deadline.paused_seconds + rested.total_seconds(), "due_at": due_at}
    next_at = _first_step(deadline_kinds[deadline.kind], due_at, now)
    ledger.apply_changes(deadline, actor=actor, action="deadlines.deadline_resumed", next_at=next_at, **changed)
    return deadline


@transaction.atomic
def close(kind: str, *, subject: models.Model, actor: User, at: datetime.datetime | None = None, reason: str = "") -> Deadline | None:
    """It is done: freeze what is left of its time at `at` (now, unless given). None where none was open; a closed one never changes again."""
    found = _open(kind, subject)
    if found is not None:
        _close(found, actor, at or clocks.now(), reason)
    return found


def run_due(*, actor: User) -> int:
    """Remind, tell that something is due, escalate. Each deadline in a transaction of its own, past those that somebody holds. Returns how many."""
    now = clocks.now()
    waiting = Deadline.objects.running().filter(next_at__lte=now).order_by("next_at", "pk").values_list("pk", flat=True)[:DUE_AT_ONCE]
    return sum(_look_after(pk, actor) for pk in list(waiting))


@transaction.atomic
def _look_after(pk: int, actor: User) -> bool:
    now = clocks.now()
    locked = Deadline.objects.running().select_for_update(of=("self",), skip_locked=True, no_key=True)
    deadline = locked.filter(pk=pk, next_at__lte=now).first()
    kind = deadline_kinds.get(deadline.kind) if deadline else None
    if deadline is None:
        return False
    if kind is not None:
        _tell(kind, deadline, now, actor)
    deadline.next_at = _next_step(kind, deadline.due_at, now) if kind else None
    deadline.save(update_fields=["next_at"])
    return True


def _tell(kind: DeadlineKind, deadline: Deadline, now: datetime.datetime, actor: User) -> None:
    """Tell what has come due: the last of several reminders that were missed, and both that it is over and the escalation."""
    subject = apps.get_model(deadline.subject_kind)._base_manager.filter(pk=deadline.subject_id).first()
    if subject is None:
        return
    passed = [(slug, days) for at, slug, days in _steps(kind, deadline.due_at) if at <= now]
    told = [step for step in passed if step[0] != "remind"] or passed[-1:]
    for slug, days in told:
        key = f"{deadline.pk}:{deadline.due_at.isoformat()}:{slug}:{days}"
        people = kind.escalate_to(deadline) if slug == "escalate" else kind.recipients(deadline)
        notifications.notify(
            TOLD[slug],
            recipients=people,
            subject=subject,
            title=WORDS[slug].format(title=kind.title(deadline), when=_when(deadline.due_at)),
            url=kind.url(deadline),
            scope=deadline.scope_id,
            key=key,
            actor=actor,
            always=kind.is_always,
        )


TOLD = {"remind": "deadlines.due_soon", "due": "deadlines.due", "escalate": "deadlines.escalated"}
WORDS = {"remind": "{title}: due {when}", "due": "{title}: it is due now", "escalate": "{title}: overdue since {when}"}


def _when(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%-d %B %Y, %H:%M} UTC"


def _steps(kind: DeadlineKind, due_at: datetime.datetime) -> Iterator[tuple[datetime.datetime, str, int]]:
    """When somebody is told what, in order: (moment, "remind" | "due" | "escalate", days)."""
    yield from ((due_at - days * DAY, "remind", days) for days in sorted(kind.remind_days, reverse=True))
    yield due_at, "due", 0
    yield due_at + kind.escalate_after_days * DAY, "escalate", kind.escalate_after_days


def _next_step(kind: DeadlineKind, due_at: datetime.datetime, now: datetime.datetime) -> datetime.datetime | None:
    return next((at for at, _, _ in _steps(kind, due_at) if at > now), None)


def _open(kind: str, subject: models.Model) -> Deadline | None:
    about = Deadline.objects.open().about(subject._meta.label_lower, subject.pk)
    return about.filter(kind=kind).select_for_update(of=("self",), no_key=True).first()


def _start(kind: DeadlineKind, subject: models.Model, due_at: datetime.datetime, actor: User, now: datetime.datetime, reason: str) -> Deadline:
    deadline = Deadline.objects.create(
        kind=kind.slug,
        scope_id=ledger.scope_of(subject),
        subject_kind=subject._meta.label_lower,
        subject_id=subject.pk,
        started_at=now,
        due_at=due_at,
        next_at=_first_step(kind, due_at, now),
    )
    changes = {"due_at": [None, due_at]}
    ledger.record("deadlines.deadline_set", subject=deadline, actor=actor, changes=changes, reason=reason, kind=kind.slug, of=str(subject)[:200])
    return deadline


def _first_step(kind: DeadlineKind, due_at: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
    """The next reminder, or at once for one that is over already."""
    return now if due_at <= now else _next_step(kind, due_at, now) or now


def _close(deadline: Deadline, actor: User, at: datetime.datetime, reason: str) -> None:
    rested = max(at - deadline.paused_at, datetime.timedelta()) if deadline.paused_at else datetime.timedelta()
    due_at, paused_seconds = deadline.due_at + rested, deadline.paused_seconds + rested.total_seconds()
    closed: dict[str, Any] = {"closed_at": at, "remaining_seconds": (due_at - at).total_seconds(), "due_at": due_at, "paused_seconds": paused_seconds}
    closed |= {"next_at": None, "paused_at": None, "pause_reason": ""}
    ledger.apply_changes(deadline, actor=actor, action="deadlines.deadline_closed", reason=reason, **closed)


def _require_open(deadline: Deadline) -> None:
    if not deadline.is_open:
        raise WrongState("This deadline is closed.")
