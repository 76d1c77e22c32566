"""What the pages of schedules show, worked out before the template: lines, moments in local time, rhythms in words."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from measurements import policies, rhythms
from measurements.actions.due_times import LATEST_START, MOST_REFUSALS
from measurements.enums import Rhythm
from measurements.forms.schedules import ScheduleForm
from measurements.models import DueTime, Schedule
from measurements.selectors import schedules as selectors
from measurements.views.amounts import money
from measurements.views.run_parts import Lack
from raiportal.accounts.models import User
from raiportal.look import formats
from raiportal.look.marks import Mark
from systems.models import AISystem

PREVIEWED = 5  # next due times that a form and a page show


@dataclass(frozen=True)
class Moment:
    """A moment by the clock of a place, and in UTC where that clock shows another time; `note` says what is odd about a due time that is to come."""

    at: datetime.datetime
    local: str
    utc: str
    note: str


def moment_of(timing: rhythms.Timing, at: datetime.datetime, note: str = "") -> Moment:
    local = at.astimezone(timing.zone)
    utc = at.astimezone(datetime.UTC)
    other = f"{utc.day} {utc:%b %H:%M} UTC" if local.utcoffset() else ""
    return Moment(at, f"{local:%a} {local.day} {local:%b %Y %H:%M %Z}", other, note)


def next_moments(timing: rhythms.Timing, now: datetime.datetime) -> list[Moment]:
    return [moment_of(timing, at, rhythms.shift_of(timing, at)) for at in rhythms.next_due_times(timing, now, PREVIEWED)]


def rhythm_words(timing: rhythms.Timing) -> str:
    """`Every Monday at 03:00, Europe/Berlin`."""
    if timing.rhythm == Rhythm.WEEKLY:
        every = f"Every {calendar.day_name[timing.weekday or 0]}"
    elif timing.rhythm == Rhythm.MONTHLY:
        every = f"Every month on day {timing.month_day}"
    else:
        every = "Every day"
    return f"{every} at {timing.at_time:%H:%M}, {timing.time_zone.replace('_', ' ')}"


def missed_rule(rhythm: str) -> str:
    """The rule about missed times in one sentence, for a schedule of this rhythm."""
    hours = LATEST_START[rhythm].total_seconds() / 3600
    return (
        f"Of times that passed while the portal was away, the newest is caught up once if it is at most {hours:.0f} hours late, and the others are "
        f"recorded as missed. So is a time at which the schedule's last run is still open. After {MOST_REFUSALS} times in a row that could not "
        "start, it switches itself off."
    )


# --- Lists ---
@dataclass(frozen=True)
class Outcome:
    """One due time as a mark with the words for its title."""

    mark: Mark
    words: str
    url: str


@dataclass(frozen=True)
class ScheduleLine:
    """One schedule in a list."""

    schedule: Schedule
    mark: Mark
    rhythm: str
    next: Moment | None
    latest: list[Outcome]


def schedule_line(row: selectors.ScheduleRow) -> ScheduleLine:
    schedule, timing = row.schedule, row.schedule.timing
    upcoming = moment_of(timing, schedule.next_due_at) if schedule.next_due_at else None
    return ScheduleLine(schedule, row.mark, rhythm_words(timing), upcoming, [_outcome(timing, due) for due in row.latest])


def _outcome(timing: rhythms.Timing, due: DueTime) -> Outcome:
    return Outcome(selectors.OUTCOME_MARKS[due.outcome], moment_of(timing, due.due_at).local, reverse("run", args=[due.run_id]) if due.run_id else "")


@dataclass(frozen=True)
class DueLine:
    """One due time in a schedule's history."""

    due: DueTime
    mark: Mark
    moment: Moment


def due_line(schedule: Schedule, due: DueTime) -> DueLine:
    return DueLine(due, selectors.OUTCOME_MARKS[due.outcome], moment_of(schedule.timing, due.due_at))


# --- One schedule, and the form ---
def schedule_context(schedule: Schedule, user: User, now: datetime.datetime) -> dict[str, Any]:
    timing = schedule.timing
    currency = schedule.configuration.deployment.currency
    return {
        "system": schedule.system,
        "section": "schedules",
        "schedule": schedule,
        "mark": selectors.mark_of(schedule),
        "rhythm": rhythm_words(timing),
        "upcoming": next_moments(timing, now) if schedule.is_active else [],
        "rule": missed_rule(schedule.rhythm),
        "budget": money(schedule.budget_cost, currency) if schedule.budget_cost is not None else "",
        "most_refusals": MOST_REFUSALS,
        "may_schedule": policies.may_schedule(user, schedule.system),
        "may_switch_off": policies.may_switch_schedule_off(user, schedule),
    }


def form_context(system: AISystem, form: ScheduleForm, now: datetime.datetime) -> dict[str, Any]:
    timing = form.timing()
    return {
        "system": system,
        "section": "schedules",
        "form": form,
        "lacks": lacks_of(system, form),
        "upcoming": next_moments(timing, now) if timing else [],
        "rhythm": rhythm_words(timing) if timing else "",
        "rule": missed_rule(timing.rhythm) if timing else "",
    }


def preselected(asked: Mapping[str, Any], form: ScheduleForm) -> dict[str, Any]:
    """The form's usual answers: the newest configuration, the first set and every metric, or what the address names."""
    return {
        "configuration": _known(asked.get("configuration"), list(form.configurations)),
        "measurement_set": _known(asked.get("set"), [pk for pk, _ in form.fields["measurement_set"].choices]),  # type: ignore[attr-defined]
        "metrics": list(form.metric_versions),
        **{name: form.fields[name].initial for name in ("repeats", "rhythm", "at_time", "time_zone")},
    }


def _known(asked: str | None, offered: list[int]) -> int | str:
    return next((pk for pk in offered if str(pk) == asked), next(iter(offered), ""))


def lacks_of(system: AISystem, form: ScheduleForm) -> list[Lack]:
    lacks = []
    if not form.configurations:
        lacks.append(
            Lack("No deployment that can be called", "A run calls a model endpoint.", reverse("deployment-list", args=[system.pk]), "Open the deployments")
        )
    if not form.set_versions:
        lacks.append(Lack("No set with cases", "A run sends the cases of a set.", reverse("set-list", args=[system.pk]), "Open the sets"))
    if not form.metric_versions:
        lacks.append(Lack("No metric", "A metric says what counts as harmful, and who decides.", reverse("metric-add", args=[system.pk]), "Add a metric"))
    return lacks


def switched_off_words(schedule: Schedule) -> str:
    return f"Schedule “{schedule.name}” is off. Runs under way go on."


def next_words(schedule: Schedule) -> str:
    """When it is due next, for the message after a change."""
    if schedule.next_due_at is None:
        return "It is off, so nothing starts."
    return f"Its next run starts {moment_of(schedule.timing, schedule.next_due_at).local.replace(' ', formats.NO_BREAK)}."
