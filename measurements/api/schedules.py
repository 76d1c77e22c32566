"""Schedules, and what became of their due times."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from measurements.actions import schedules as actions
from measurements.actions.runs import MOST_REPEATS
from measurements.actions.schedule_terms import LAST_MONTH_DAY, LAST_WEEKDAY
from measurements.enums import DueOutcome, Rhythm
from measurements.filters import DueTimeFilter, ScheduleFilter
from measurements.models import DueTime, MeasurementSet, Metric, Schedule
from measurements.selectors import schedules as selectors
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem, Configuration

LARGEST_ID = 2**63 - 1
MOST_METRICS = 100
MOST_CONCURRENCY = 1_000
TIME_SHAPE = "%H:%M"


def _id(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=LARGEST_ID, **options)


def _minute(**options: Any) -> serializers.TimeField:
    return serializers.TimeField(format=TIME_SHAPE, input_formats=[TIME_SHAPE, "%H:%M:%S"], help_text="Local time in `time_zone`, a whole minute.", **options)


# --- What goes in ---
class ScheduleChanges(serializers.Serializer[Any]):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=120, required=False)
    configuration = _id(required=False)
    measurement_set = _id(required=False, help_text="Each run takes its newest version.")
    metrics = serializers.ListField(child=_id(), allow_empty=False, max_length=MOST_METRICS, required=False, help_text="Each run takes their newest versions.")
    repeats = serializers.IntegerField(min_value=1, max_value=MOST_REPEATS, required=False)
    max_concurrency = serializers.IntegerField(min_value=1, max_value=MOST_CONCURRENCY, required=False, allow_null=True)
    budget_cost = serializers.DecimalField(
        max_digits=14, decimal_places=6, min_value=0, required=False, allow_null=True, help_text="Of each run, in the deployment's currency."
    )
    budget_tokens = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False, allow_null=True, help_text="Of each run, judging included.")
    rhythm = serializers.ChoiceField(Rhythm.choices, required=False)
    weekday = serializers.IntegerField(min_value=0, max_value=LAST_WEEKDAY, required=False, allow_null=True, help_text="Of a weekly one: 0 Monday to 6 Sunday.")
    month_day = serializers.IntegerField(
        min_value=1, max_value=LAST_MONTH_DAY, required=False, allow_null=True, help_text="Of a monthly one; a shorter month takes its last day."
    )
    at_time = _minute(required=False)
    time_zone = serializers.CharField(max_length=64, required=False, help_text="An IANA name, such as Europe/Berlin.")


class ScheduleInput(ScheduleChanges):
    """What and when. `weekday` goes with a weekly rhythm, `month_day` with a monthly one."""

    system = _id()
    name = serializers.CharField(max_length=120)
    configuration = _id()
    measurement_set = _id(help_text="Each run takes its newest version.")
    metrics = serializers.ListField(child=_id(), allow_empty=False, max_length=MOST_METRICS, help_text="Each run takes their newest versions.")
    rhythm = serializers.ChoiceField(Rhythm.choices)
    at_time = _minute()
    time_zone = serializers.CharField(max_length=64, help_text="An IANA name, such as Europe/Berlin.")


class SwitchReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="Kept in the schedule's history.")


# --- What comes out ---
class ScheduleOutput(serializers.ModelSerializer[Schedule]):
    rhythm = serializers.ChoiceField(Rhythm.choices)
    at_time = _minute()
    budget_cost = serializers.FloatField(allow_null=True)
    responsible = serializers.IntegerField(source="responsible_id", help_text="Id of the user in whose name its runs start.")

    class Meta:
        model = Schedule
        fields = (
            *("id", "system", "name", "configuration", "measurement_set", "metrics", "repeats", "max_concurrency", "budget_cost", "budget_tokens"),
            *("rhythm", "weekday", "month_day", "at_time", "time_zone", "is_active", "next_due_at", "refusals_in_a_row", "off_reason", "responsible"),
            *("created_at", "updated_at"),
        )
        read_only_fields = fields


class DueTimeOutput(serializers.ModelSerializer[DueTime]):
    outcome = serializers.ChoiceField(DueOutcome.choices)

    class Meta:
        model = DueTime
        fields = ("id", "schedule", "due_at", "outcome", "run", "detail", "created_at")
        read_only_fields = fields


class Schedules(Resource):
    """Runs that start by themselves, by the clock of a place."""

    ability = Ability.MEASURE
    queryset = Schedule.objects.all()
    serializer_class = ScheduleOutput
    filterset_class = ScheduleFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk"), "name": Sort("name")}

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.with_parts(super().get_queryset())

    @extend_schema(request=ScheduleInput, responses={201: ScheduleOutput})
    def create(self, request: Request) -> Response:
        """Add a schedule; its runs start in the caller's name."""
        return self.once(self._create)

    @extend_schema(request=ScheduleChanges, responses=ScheduleOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given; its runs start in the caller's name from now on."""
        schedule = self.visible()
        return self.answer(actions.edit_schedule(schedule_id=schedule.pk, actor=self.caller, **self._given(ScheduleChanges)))

    @extend_schema(request=SwitchReason, responses=ScheduleOutput)
    @action(detail=True, methods=["post"], url_path="switch-off")
    def switch_off(self, request: Request, pk: str) -> Response:
        """Start no more runs; those under way go on."""
        schedule = self.visible()
        return self.answer(actions.switch_off_schedule(schedule_id=schedule.pk, actor=self.caller, **self.read(SwitchReason)))

    @extend_schema(request=SwitchReason, responses=ScheduleOutput)
    @action(detail=True, methods=["post"], url_path="switch-on")
    def switch_on(self, request: Request, pk: str) -> Response:
        """Start runs again from the next due time on, in the caller's name."""
        schedule = self.visible()
        return self.answer(actions.switch_on_schedule(schedule_id=schedule.pk, actor=self.caller, **self.read(SwitchReason)))

    def _create(self) -> Response:
        given = self._given(ScheduleInput)
        system = self.find(AISystem.objects.all(), given.pop("system"), "system")
        return self.answer(actions.add_schedule(system=system, actor=self.caller, **given), status=201)

    def _given(self, serializer_class: type[serializers.Serializer[Any]]) -> Any:
        """What was sent, with rows in the place of their ids."""
        given = self.read(serializer_class)
        if "configuration" in given:
            given["configuration"] = self._configuration(given["configuration"])
        if "measurement_set" in given:
            given["measurement_set"] = self.find(MeasurementSet.objects.all(), given["measurement_set"], "measurement_set")
        if "metrics" in given:
            given["metrics"] = self._metrics(given["metrics"])
        return given

    def _configuration(self, pk: int) -> Configuration:
        """One of the systems that the caller sees, or of the organisation, which every system may measure with."""
        shared = Configuration.objects.filter(pk=pk, system=None).select_related("deployment").first()
        return shared or self.find(Configuration.objects.select_related("deployment"), pk, "configuration")  # type: ignore[no-any-return]

    def _metrics(self, ids: list[int]) -> list[Metric]:
        found = {metric.pk: metric for metric in Metric.objects.visible_to(self.caller).filter(pk__in=ids)}
        if set(ids) - set(found):
            raise Invalid("There is none with this id that you may use.", field="metrics")
        return list(found.values())


class DueTimes(Resource):
    """Each due time of a schedule, with its run or with the reason why there is none."""

    ability = Ability.MEASURE
    queryset = DueTime.objects.all()
    serializer_class = DueTimeOutput
    filterset_class = DueTimeFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk"), "due_at": Sort("due_at")}
    default_sort = "-id"
