"""What waits in measuring: runs and judgings that stand still, uploads to confirm, schedules that could not start.

Work that stopped since its person lost the right waits for everybody who may act in its system: none of them would look for it otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from measurements.enums import JudgingState, PauseCause, RunState, UploadState
from measurements.models import Judging, Run, Schedule, SetUpload
from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.work.sources import WorkItem, WorkSource
from systems.policies import ACT_IN_SYSTEM

STANDS_STILL, PERSONS_PAUSE = 20, 45  # ranks: a pause with a cause to be mended comes before one that somebody chose


def _concerning(rows: QuerySet[Any], user: User, system: str = "system_id") -> QuerySet[Any]:
    """Rows of systems in which this person acts, or that they made themselves."""
    own = roles.scopes_with(user, Role.OWNER, Role.CONTRIBUTOR)
    return rows.filter(Q(**{f"{system}__in": own}) | Q(created_by=user))


def _standing_still(paused: QuerySet[Any], user: User, system: str = "system_id") -> QuerySet[Any]:
    """Of what is paused: what concerns this person, and what anybody who acts in the system has to take over."""
    lost = paused.filter(cause=PauseCause.RIGHT_LOST)
    if not roles.of(user).organisation & frozenset(ACT_IN_SYSTEM):
        lost = lost.filter(**{f"{system}__in": roles.scopes_with(user, *ACT_IN_SYSTEM)})
    return _concerning(paused, user, system).exclude(cause=PauseCause.RIGHT_LOST) | lost


def _taken_over(person: User) -> str:
    return f"{person.name}, for whom it runs, may not run it any more. Resume it, and it goes on for you; or cancel it."


def _runs(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    paused = _standing_still(Run.objects.visible_to(user).filter(state=RunState.PAUSED), user)
    parts = paused.select_related("system__scope", "set_version__measurement_set", "responsible", "created_by")
    return [_run(run) for run in parts.order_by("updated_at", "pk")[:most]]


def _run(run: Run) -> WorkItem:
    why = _taken_over(run.responsible or run.created_by) if run.cause == PauseCause.RIGHT_LOST else f"{run.get_cause_display()}."
    rank = PERSONS_PAUSE if run.cause == PauseCause.PERSON else STANDS_STILL
    title = f"{run.code} on {run.set_version.measurement_set.name} is paused"
    return WorkItem(title, why, reverse("run", args=[run.pk]), "Open the run", rank, run.system.name, since=run.updated_at)


def _judgings(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    paused = _standing_still(Judging.objects.visible_to(user).filter(state=JudgingState.PAUSED), user, "run__system_id")
    rows = paused.select_related("run__system__scope", "metric_version__metric", "responsible", "created_by").order_by("updated_at", "pk")[:most]
    return [_judging(judging) for judging in rows]


def _judging(judging: Judging) -> WorkItem:
    title = f"Judging {judging.run.code} by “{judging.metric_version.metric.name}” is paused"
    rank = PERSONS_PAUSE if judging.cause == PauseCause.PERSON else STANDS_STILL
    why = _taken_over(judging.responsible or judging.created_by) if judging.cause == PauseCause.RIGHT_LOST else f"{judging.get_cause_display()}."
    url = reverse("run-judgings", args=[judging.run_id])
    return WorkItem(title, why, url, "Open the judgings", rank, judging.run.system.name, since=judging.updated_at)


def _uploads(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    waiting = SetUpload.objects.visible_to(user).filter(created_by=user, state=UploadState.PREVIEWED)
    return [_upload(upload) for upload in waiting.select_related("measurement_set__system__scope").order_by("pk")[:most]]


def _upload(upload: SetUpload) -> WorkItem:
    why = "Nothing of the file is stored before you confirm it; the upload goes by itself after a day."
    found = upload.measurement_set
    url = reverse("upload", args=[upload.pk])
    return WorkItem(f"Confirm the import into “{found.name}”", why, url, "Look and confirm", STANDS_STILL, found.system.name, since=upload.created_at)


def _schedules(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    failing = _concerning(Schedule.objects.visible_to(user).filter(refusals_in_a_row__gt=0), user)
    return [_schedule(schedule) for schedule in failing.select_related("system__scope").order_by("updated_at", "pk")[:most]]


def _schedule(schedule: Schedule) -> WorkItem:
    times = "the last time" if schedule.refusals_in_a_row == 1 else f"the last {schedule.refusals_in_a_row} times"
    why = f"It could not start a run {times}." if schedule.is_active else f"It is off, after it could not start a run {times}."
    url = reverse("schedule", args=[schedule.pk])
    title = f"Schedule “{schedule.name}” can't start"
    return WorkItem(title, why, url, "Open the schedule", STANDS_STILL, schedule.system.name, since=schedule.updated_at)


SOURCES = (
    WorkSource("runs", "Runs that stand still", _runs, order=10),
    WorkSource("judgings", "Judgings that stand still", _judgings, order=11),
    WorkSource("uploads", "Imports to confirm", _uploads, order=12),
    WorkSource("schedules", "Schedules that can't start", _schedules, order=13),
)
