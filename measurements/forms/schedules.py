"""The form that adds or changes a schedule."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import forms

from measurements import rhythms
from measurements.actions.schedule_terms import LAST_MONTH_DAY
from measurements.enums import Rhythm
from measurements.forms.runs import MOST_CONCURRENCY, MOST_REPEATS
from measurements.models import MeasurementSetVersion, Schedule
from measurements.selectors import outlook
from raiportal.look import formats
from raiportal.look.widgets import HintedRadioSelect
from systems import selectors as system_selectors
from systems.models import AISystem, Configuration

USUAL_TIME = datetime.time(3, 0)
USUAL_ZONE = "UTC"
NOTHING_CHOSEN: tuple[str, str] = ("", "Choose one")
WHOLE_NUMBER = {"inputmode": "numeric"}


class ScheduleForm(forms.Form):
    """What to run and when. The choices are what the system has; `schedule` is the one to be changed, whose own configuration stays on offer."""

    name = forms.CharField(label="Name", max_length=120, help_text="Such as “Nightly, production”.")
    configuration = forms.TypedChoiceField(label="Configuration", coerce=int, error_messages={"required": "Choose a configuration."})
    measurement_set = forms.TypedChoiceField(
        label="Set", coerce=int, help_text="Each run takes the newest version.", error_messages={"required": "Choose a set."}
    )
    metrics = forms.TypedMultipleChoiceField(
        label="Metrics",
        coerce=int,
        help_text="Each run takes the newest version of each.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one metric."},
    )
    repeats = forms.IntegerField(
        label="Repeats",
        min_value=1,
        max_value=MOST_REPEATS,
        initial=1,
        help_text="Calls for each case. More than one shows how much the answers vary; it doesn't stand for more cases.",
        widget=forms.NumberInput(attrs=WHOLE_NUMBER),
    )
    max_concurrency = forms.IntegerField(
        label="Calls at a time",
        required=False,
        min_value=1,
        max_value=MOST_CONCURRENCY,
        help_text="Left empty, as many as the deployment allows over all runs.",
        widget=forms.NumberInput(attrs=WHOLE_NUMBER),
    )
    rhythm = forms.ChoiceField(label="How often", choices=Rhythm.choices, initial=Rhythm.DAILY, widget=HintedRadioSelect(across=True))
    weekday = forms.TypedChoiceField(
        label="Weekday, of a weekly one",
        coerce=int,
        required=False,
        empty_value=None,
        choices=[NOTHING_CHOSEN, *enumerate(calendar.day_name)],
    )
    month_day = forms.IntegerField(
        label="Day of the month, of a monthly one",
        required=False,
        min_value=1,
        max_value=LAST_MONTH_DAY,
        help_text="In a month that is shorter, its last day.",
        widget=forms.NumberInput(attrs=WHOLE_NUMBER),
    )
    at_time = forms.TimeField(label="Time of day", initial=USUAL_TIME, widget=forms.TimeInput(attrs={"type": "time", "step": 60}, format="%H:%M"))
    time_zone = forms.ChoiceField(label="Time zone", initial=USUAL_ZONE, help_text="The time of day is read there, summer time included.")
    budget_cost = forms.DecimalField(
        label="Budget of each run, in money",
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=6,
        help_text="In the deployment's currency. A run that reaches it pauses.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    budget_tokens = forms.IntegerField(
        label="Budget of each run, in tokens",
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Read and written together, judging included.",
        widget=forms.NumberInput(attrs=WHOLE_NUMBER),
    )

    def __init__(self, *args: Any, system: AISystem, schedule: Schedule | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.system = system
        self.configurations = {row.pk: row for row in _configurations(system, schedule)}
        self.set_versions = _newest_of_each_set(outlook.usable_set_versions(system))
        self.metric_versions = {row.metric_id: row for row in outlook.askable_metric_versions(system)}
        self._offer("configuration", [(pk, _configuration_words(row)) for pk, row in self.configurations.items()])
        self._offer("measurement_set", [(pk, _set_words(row)) for pk, row in self.set_versions.items()])
        self._offer("metrics", [(pk, row.metric.name) for pk, row in self.metric_versions.items()])
        self._offer("time_zone", _zone_choices())

    @property
    def is_possible(self) -> bool:
        """Whether the system has everything that a run needs."""
        return bool(self.configurations and self.set_versions and self.metric_versions)

    def terms(self) -> dict[str, Any]:
        """The cleaned form as the actions take it."""
        said = dict(self.cleaned_data)
        return {
            **said,
            "configuration": self.configurations[said["configuration"]],
            "measurement_set": self.set_versions[said["measurement_set"]].measurement_set,
            "metrics": [self.metric_versions[pk].metric for pk in said["metrics"]],
        }

    def timing(self) -> rhythms.Timing | None:
        """When runs would start, as far as the answers say it."""
        said = getattr(self, "cleaned_data", {})
        wanted = {Rhythm.WEEKLY: "weekday", Rhythm.MONTHLY: "month_day"}.get(said.get("rhythm", ""))
        if not said.get("rhythm") or said.get("at_time") is None or not said.get("time_zone") or (wanted and said.get(wanted) is None):
            return None
        return rhythms.Timing(said["rhythm"], said["at_time"], said["time_zone"], said.get("weekday"), said.get("month_day"))

    def clean(self) -> dict[str, Any]:
        """A day that the rhythm doesn't have is left out: without a script its field is on the page all the same."""
        said = super().clean() or {}
        for field, rhythm, sentence in (
            ("weekday", Rhythm.WEEKLY, "Choose the weekday."),
            ("month_day", Rhythm.MONTHLY, "Say which day of the month."),
        ):
            if said.get("rhythm") != rhythm:
                said[field] = None
                self.errors.pop(field, None)
            elif said.get(field) is None and field not in self.errors:
                self.add_error(field, sentence)
        return said

    def _offer(self, field: str, choices: Sequence[Any]) -> None:
        self.fields[field].choices = choices  # type: ignore[attr-defined]


def terms_of(schedule: Schedule) -> dict[str, Any]:
    """What the form shows of the schedule that it is to change."""
    plain = ("name", "repeats", "max_concurrency", "rhythm", "weekday", "month_day", "at_time", "time_zone", "budget_tokens")
    return {
        **{name: getattr(schedule, name) for name in plain},
        "budget_cost": None if schedule.budget_cost is None else f"{schedule.budget_cost.normalize():f}",
        "configuration": schedule.configuration_id,
        "measurement_set": schedule.measurement_set_id,
        "metrics": [metric.pk for metric in schedule.metrics.all()],
    }


# --- Choices ---
def _configurations(system: AISystem, schedule: Schedule | None) -> list[Configuration]:
    """Those that can be called now, and the schedule's own whatever has become of it."""
    usable = [row for row in outlook.usable_configurations(system) if system_selectors.endpoint_still_matches(row)]
    if schedule is None or any(row.pk == schedule.configuration_id for row in usable):
        return usable
    return [schedule.configuration, *usable]


def _configuration_words(configuration: Configuration) -> str:
    words = outlook.configuration_words(configuration)
    if not configuration.deployment.is_active:
        return f"{words} (deployment switched off)"
    return words if system_selectors.endpoint_still_matches(configuration) else f"{words} (no longer matches the deployment)"


def _newest_of_each_set(versions: Sequence[MeasurementSetVersion]) -> dict[int, MeasurementSetVersion]:
    """By set id, in the order given, in which the newest version of a set comes before its others."""
    newest: dict[int, MeasurementSetVersion] = {}
    for version in versions:
        newest.setdefault(version.measurement_set_id, version)
    return newest


def _set_words(version: MeasurementSetVersion) -> str:
    cases = f"{formats.number(version.case_count)} case{'' if version.case_count == 1 else 's'}"
    return f"{version.measurement_set.name}, {cases} in v{version.number}, {version.measurement_set.sampling}"


def _zone_choices() -> list[Any]:
    """UTC first, then the places by region."""
    places = [name for name in rhythms.time_zones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))]
    regions = groupby(places, key=lambda name: name.split("/")[0])
    return [(USUAL_ZONE, USUAL_ZONE), *((region, [(name, name.replace("_", " ")) for name in names]) for region, names in regions)]
