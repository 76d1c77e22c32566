"""Schedules on which a run can start at once, made through the actions."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from measurements.actions import schedules
from measurements.enums import Rhythm
from measurements.models import Schedule
from raiportal import clocks
from raiportal.accounts.models import User
from systems.models import AISystem, Configuration
from tests.factories.measurements import make_metric, make_owner, make_set
from tests.factories.systems import make_deployment, make_system

_numbers = itertools.count(1)


def parts(system: AISystem) -> dict[str, Any]:
    """Everything that a new schedule of this system needs."""
    return {
        "name": f"Schedule {next(_numbers)}",
        "configuration": Configuration.objects.get(deployment=make_deployment(system)),
        "measurement_set": make_set(system, cases=("one", "two", "three")),
        "metrics": [make_metric(system)],
        "rhythm": Rhythm.DAILY,
        "at_time": datetime.time(3, 0),
        "time_zone": "Europe/Berlin",
    }


def make_schedule(system: AISystem | None = None, *, actor: User | None = None, **terms: Any) -> Schedule:
    system = system or make_system()
    given = {**parts(system), **terms}
    return schedules.add_schedule(system=system, actor=actor or make_owner(system), **given)


def due_ago(schedule: Schedule, age: datetime.timedelta) -> Schedule:
    """The schedule as it stands when it was due so long ago by the database's clock, to the minute, and nobody has been there since."""
    due_at = (clocks.now() - age).replace(second=0, microsecond=0)
    at_time = due_at.time()
    Schedule.objects.filter(pk=schedule.pk).update(next_due_at=due_at, at_time=at_time, time_zone="UTC")
    schedule.refresh_from_db()
    return schedule
