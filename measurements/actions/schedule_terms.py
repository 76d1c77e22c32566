"""What can be set about a schedule, and the checks on it."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, TypedDict

from measurements import rhythms
from measurements.actions.runs import MOST_REPEATS, NO_JUDGE_TO_ASK
from measurements.enums import JudgeKind, Rhythm
from measurements.models import MeasurementSet, Metric, Schedule
from measurements.selectors import sets as set_selectors
from measurements.selectors.metrics import newest_version
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid
from systems import selectors as system_selectors
from systems.models import Configuration

LAST_WEEKDAY = 6  # Sunday
LAST_MONTH_DAY = 31
DAY_WORDS = {"weekday": "weekday", "month_day": "day of the month"}
TIMING_FIELDS = frozenset({"rhythm", "weekday", "month_day", "at_time", "time_zone"})


class Extras(TypedDict, total=False):
    """What may be left open. The days go with weekly and monthly rhythms; budgets hold for each run."""

    repeats: int
    max_concurrency: int | None
    budget_cost: Decimal | None
    budget_tokens: int | None
    weekday: int | None
    month_day: int | None


class Terms(Extras):
    """What a new schedule needs. `at_time` is a whole minute of local time, `time_zone` an IANA name."""

    name: str
    configuration: Configuration
    measurement_set: MeasurementSet
    metrics: Sequence[Metric]
    rhythm: str
    at_time: datetime.time
    time_zone: str


class Changes(Extras, total=False):
    """The same, of which any part can be changed."""

    name: str
    configuration: Configuration
    measurement_set: MeasurementSet
    metrics: Sequence[Metric]
    rhythm: str
    at_time: datetime.time
    time_zone: str


def fitting(schedule: Schedule, given: dict[str, Any]) -> dict[str, Any]:
    """`given` without its metrics, as the columns of this schedule take it. Raises Invalid, naming the field, for what doesn't fit.

    What isn't given stays as it is and isn't looked at again, but for the days that another rhythm doesn't have.
    """
    chosen = {field: value for field, value in given.items() if field != "metrics"}
    if "name" in chosen:
        chosen["name"] = require_text(chosen["name"], field="name", sentence="Give the schedule a name.")
    _check_numbers(chosen)
    _check_clock(chosen)
    chosen |= _fitting_days(schedule, chosen)
    if "configuration" in chosen and chosen["configuration"].pk != schedule.configuration_id:
        _check_configuration(schedule, chosen["configuration"])
    if "measurement_set" in chosen:
        _check_set(schedule, chosen["measurement_set"])
    if "metrics" in given:
        check_metrics(schedule, given["metrics"])
    return chosen


def check_row(schedule: Schedule, chosen: dict[str, Any]) -> None:
    """Raise Invalid unless the row, with what was chosen, fits its columns. The row itself stays as it is."""
    tried = Schedule(**{field.attname: getattr(schedule, field.attname) for field in Schedule._meta.concrete_fields})
    for field, value in chosen.items():
        setattr(tried, field, value)
    require_clean(tried)


def check_metrics(schedule: Schedule, metrics: Collection[Metric]) -> None:
    if not metrics:
        raise Invalid("Choose at least one metric.", field="metrics")
    if any(metric.system_id != schedule.system_id for metric in metrics):
        raise Invalid("A metric belongs to another system.", field="metrics")
    if any(newest_version(metric).judge_version.judge.kind == JudgeKind.IMPORTED for metric in metrics):
        raise Invalid(NO_JUDGE_TO_ASK, field="metrics")


def _check_numbers(chosen: dict[str, Any]) -> None:
    if not 1 <= chosen.get("repeats", 1) <= MOST_REPEATS:
        raise Invalid(f"Repeats are 1 to {MOST_REPEATS}.", field="repeats")
    for field, sentence in (
        ("max_concurrency", "At least one call at a time."),
        ("budget_cost", "A budget is more than nothing."),
        ("budget_tokens", "A budget is more than nothing."),
    ):
        if chosen.get(field) is not None and chosen[field] <= 0:
            raise Invalid(sentence, field=field)


def _check_clock(chosen: dict[str, Any]) -> None:
    at_time: datetime.time | None = chosen.get("at_time")
    if at_time is not None and (at_time.second or at_time.microsecond or at_time.tzinfo):
        raise Invalid("The time is a whole minute, in the time zone that is named beside it.", field="at_time")
    if "time_zone" in chosen and chosen["time_zone"] not in rhythms.time_zones():
        raise Invalid("There is no time zone of this name. They are called like Europe/Berlin.", field="time_zone")


def _fitting_days(schedule: Schedule, chosen: dict[str, Any]) -> dict[str, int | None]:
    """The day of the week or month that the rhythm has; the other one empty."""
    rhythm = chosen.get("rhythm", schedule.rhythm)
    if rhythm not in Rhythm.values:
        raise Invalid("A schedule is daily, weekly or monthly.", field="rhythm")
    return {
        "weekday": _fitting_day(schedule, chosen, "weekday", 0, LAST_WEEKDAY, is_needed=rhythm == Rhythm.WEEKLY),
        "month_day": _fitting_day(schedule, chosen, "month_day", 1, LAST_MONTH_DAY, is_needed=rhythm == Rhythm.MONTHLY),
    }


def _fitting_day(schedule: Schedule, chosen: dict[str, Any], field: str, first: int, last: int, *, is_needed: bool) -> int | None:
    day: int | None = chosen.get(field, getattr(schedule, field) if is_needed else None)
    if is_needed and day is None:
        raise Invalid(f"Choose the {DAY_WORDS[field]}.", field=field)
    if not is_needed and day is not None:
        raise Invalid(f"This rhythm has no {DAY_WORDS[field]}.", field=field)
    if day is not None and not first <= day <= last:
        raise Invalid(f"The {DAY_WORDS[field]} is {first} to {last}.", field=field)
    return day


def _check_configuration(schedule: Schedule, configuration: Configuration) -> None:
    deployment = configuration.deployment
    if {configuration.system_id, deployment.system_id} - {None, schedule.system_id}:
        raise Invalid("This configuration belongs to another system.", field="configuration")
    if not deployment.is_active:
        raise Invalid("The deployment of this configuration is switched off.", field="configuration")
    if not system_selectors.endpoint_still_matches(configuration):
        raise Invalid("The deployment has another address or model now than this configuration: choose a newer one.", field="configuration")


def _check_set(schedule: Schedule, measurement_set: MeasurementSet) -> None:
    if measurement_set.system_id != schedule.system_id:
        raise Invalid("This set belongs to another system.", field="measurement_set")
    newest = set_selectors.latest_version(measurement_set)
    if newest is None or newest.case_count < 1:
        raise Invalid("This set has no cases yet. Import some first.", field="measurement_set")
