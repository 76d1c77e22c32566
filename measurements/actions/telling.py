"""Telling people of runs that stand still and of schedules that could not start."""

from __future__ import annotations

from django.urls import reverse

from measurements.enums import PauseCause
from measurements.models import DueTime, Judging, Run, Schedule
from measurements.on_notifications import RIGHT_LOST, RUN_PAUSED, SCHEDULE_FAILED
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.accounts.selectors import people_holding
from raiportal.notifications.actions import notify


def tell_paused(paused: Run | Judging, actor: User) -> None:
    """Unless a person paused it: somebody has to mend the cause and resume it. The provider's own words stay in the portal."""
    if paused.cause == PauseCause.PERSON:
        return
    run, what = (paused.run, "Judging of") if isinstance(paused, Judging) else (paused, "Run")
    is_orphan, by_right_of = paused.cause == PauseCause.RIGHT_LOST, paused.responsible_id or run.created_by_id
    owners = set(people_holding(Role.OWNER, scope_id=run.system_id))
    others = people_holding(Role.RISK_MANAGER) if is_orphan else [by_right_of]
    notify(
        (RIGHT_LOST if is_orphan else RUN_PAUSED).slug,
        recipients={*owners, *others} - ({by_right_of} if is_orphan else set()),
        subject=run,
        title=f"{what} {run.code} stands still: {PauseCause(paused.cause).label.lower()}",
        url=reverse("run", args=[run.pk]),
        key=f"{paused._meta.model_name}:{paused.pk}:{clocks.now().isoformat()}",
        actor=actor,
    )


def tell_schedule_failed(schedule: Schedule, refused: DueTime, actor: User) -> None:
    notify(
        SCHEDULE_FAILED.slug,
        recipients={schedule.responsible_id, *people_holding(Role.OWNER, scope_id=schedule.system_id)},
        subject=schedule,
        title=f"Schedule “{schedule.name}” could not start its run",
        body=refused.detail,
        url=reverse("schedule", args=[schedule.pk]),
        key=f"{schedule.pk}:{refused.due_at.isoformat()}",
        actor=actor,
    )
