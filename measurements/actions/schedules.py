"""Setting schedules: adding, changing, switching off and on. What becomes of their due times is in `due_times`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, Unpack

from django.db import IntegrityError, transaction

from measurements import policies, rhythms
from measurements.actions.schedule_terms import TIMING_FIELDS, Changes, Terms, check_row, fitting
from measurements.enums import DueOutcome
from measurements.models import DueTime, Metric, Schedule
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Invalid, Unmet
from systems.models import AISystem

MOST_ACTIVE = 50  # schedules of one system that are on at a time
NAME_TAKEN = "There is a schedule of this name already."
CHANGED_FIRST = "The schedule was changed before its run was started."
OFF_FIRST = "The schedule was switched off before its run was started."


def add_schedule(*, system: AISystem, actor: User, **terms: Unpack[Terms]) -> Schedule:
    """Let runs of a system start by themselves, in the name of `actor`. Raises PolicyDenied, Unmet when there are too many, or Invalid naming the field."""
    try:
        return _add(system.pk, dict(terms), actor)
    except IntegrityError as error:
        raise _explained(error) from error


@transaction.atomic
def _add(system_id: int, given: dict[str, Any], actor: User) -> Schedule:
    now = clocks.now()
    system = AISystem.objects.lock(system_id)
    policies.may_schedule(actor, system).require()
    _require_room(system)
    schedule = Schedule(system=system, created_by=actor, responsible=actor)
    chosen = fitting(schedule, given)
    for field, value in chosen.items():
        setattr(schedule, field, value)
    check_row(schedule, {})
    schedule.next_due_at = rhythms.due_after(schedule.timing, now)
    schedule.save(force_insert=True)
    schedule.metrics.set(given["metrics"])
    ledger.record("measurements.schedule_added", subject=schedule, actor=actor, **_plain(chosen), metrics=_ids(given["metrics"]))
    return schedule


def edit_schedule(*, schedule_id: int, reason: str = "", actor: User, **changes: Unpack[Changes]) -> Schedule:
    """Change what is given; runs start in the name of `actor` from now on. Raises PolicyDenied, or Invalid naming the field.

    With another rhythm or time the next due time is the first after now; one that was due already and not started yet is recorded as missed.
    """
    try:
        return _edit(schedule_id, dict(changes), reason.strip(), actor)
    except IntegrityError as error:
        raise _explained(error) from error


@transaction.atomic
def _edit(schedule_id: int, given: dict[str, Any], reason: str, actor: User) -> Schedule:
    schedule: Schedule = Schedule.objects.lock(schedule_id)
    now = clocks.now()
    policies.may_schedule(actor, schedule.system).require()
    chosen = fitting(schedule, given)
    check_row(schedule, chosen)
    if schedule.is_active and any(chosen[field] != getattr(schedule, field) for field in TIMING_FIELDS & chosen.keys()):
        pass_over(schedule, now, CHANGED_FIRST)
        chosen["next_due_at"] = rhythms.due_after(_timing_with(schedule, chosen), now)
    if "metrics" in given:
        _change_metrics(schedule, given["metrics"], reason, actor)
    renewed = {"responsible": actor, "refusals_in_a_row": 0}
    ledger.apply_changes(schedule, actor=actor, action="measurements.schedule_changed", reason=reason, **chosen, **renewed)
    return schedule


@transaction.atomic
def switch_off_schedule(*, schedule_id: int, reason: str, actor: User) -> Schedule:
    """Start no more runs; those under way go on, the history stays. Switching off again changes nothing."""
    schedule: Schedule = Schedule.objects.lock(schedule_id)
    now = clocks.now()
    policies.may_switch_schedule_off(actor, schedule).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if schedule.is_active:
        pass_over(schedule, now, OFF_FIRST)
        turn_off(schedule, reason, actor)
    return schedule


@transaction.atomic
def switch_on_schedule(*, schedule_id: int, reason: str, actor: User) -> Schedule:
    """Start runs again from the next due time on, in the name of `actor`. Due times while it was off are nobody's. Switching on again changes nothing."""
    schedule: Schedule = Schedule.objects.lock(schedule_id)
    now = clocks.now()
    system = AISystem.objects.lock(schedule.system_id)
    policies.may_schedule(actor, system).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if not schedule.is_active:
        _require_room(system)
        ledger.apply_changes(
            schedule,
            actor=actor,
            action="measurements.schedule_switched_on",
            reason=reason,
            is_active=True,
            next_due_at=rhythms.due_after(schedule.timing, now),
            off_reason="",
            refusals_in_a_row=0,
            responsible=actor,
        )
    return schedule


# --- What people and the portal itself do alike; the caller holds a lock on the row ---
def turn_off(schedule: Schedule, reason: str, actor: User) -> None:
    longest = Schedule._meta.get_field("off_reason").max_length
    fields = {"is_active": False, "next_due_at": None, "off_reason": reason[:longest]}
    ledger.apply_changes(schedule, actor=actor, action="measurements.schedule_switched_off", reason=reason, **fields)


def pass_over(schedule: Schedule, until: datetime.datetime, detail: str) -> None:
    """Record the due times as far as `until` that nothing became of as missed, so that none goes without a word."""
    if schedule.next_due_at is None:
        return
    due = rhythms.due_times_until(schedule.timing, schedule.next_due_at, until)
    missed = [DueTime(schedule=schedule, due_at=moment, outcome=DueOutcome.MISSED, detail=detail) for moment in due]
    DueTime.objects.bulk_create(missed, ignore_conflicts=True)


def _timing_with(schedule: Schedule, chosen: dict[str, Any]) -> rhythms.Timing:
    return rhythms.Timing(**{field: chosen.get(field, getattr(schedule, field)) for field in TIMING_FIELDS})


def _require_room(system: AISystem) -> None:
    if Schedule.objects.filter(system=system, is_active=True).count() >= MOST_ACTIVE:
        raise Unmet([f"This system has {MOST_ACTIVE} schedules that are on. Switch one off first."])


def _change_metrics(schedule: Schedule, metrics: Sequence[Metric], reason: str, actor: User) -> None:
    before, after = sorted(schedule.metrics.values_list("pk", flat=True)), _ids(metrics)
    if before != after:
        schedule.metrics.set(metrics)
        ledger.record("measurements.schedule_metrics_changed", subject=schedule, actor=actor, changes={"metrics": [before, after]}, reason=reason)


def _ids(metrics: Sequence[Metric]) -> list[int]:
    return sorted({metric.pk for metric in metrics})


def _plain(chosen: dict[str, Any]) -> dict[str, Any]:
    return {field: getattr(value, "pk", value) for field, value in chosen.items()}


def _explained(error: IntegrityError) -> Exception:
    return Invalid(NAME_TAKEN, field="name", code="name_taken") if "schedule_name_once" in str(error) else error
