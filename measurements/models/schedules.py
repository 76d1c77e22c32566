"""Schedules: runs that start by themselves, by the clock of a place."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from measurements.enums import DueOutcome, Rhythm
from measurements.models.metrics import Metric
from measurements.models.runs import Run
from measurements.models.sets import MeasurementSet
from measurements.rhythms import Timing
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem, Configuration


class Schedule(models.Model):
    """What to run and when. Each run takes the newest version of set and metrics; `at_time` is local to `time_zone`, an IANA name.

    `next_due_at` is null while the schedule is off. Runs start in the name of `responsible`: who last added, changed or switched the schedule on.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    measurement_set = models.ForeignKey(MeasurementSet, on_delete=models.PROTECT, related_name="+")
    metrics = models.ManyToManyField(Metric, related_name="+")
    repeats = models.PositiveSmallIntegerField(default=1)
    max_concurrency = models.PositiveIntegerField(null=True, blank=True)  # null: the deployment's own
    budget_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    budget_tokens = models.BigIntegerField(null=True, blank=True)
    rhythm = models.CharField(max_length=20, choices=Rhythm.choices)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)  # of a weekly one: 0 Monday to 6 Sunday
    month_day = models.PositiveSmallIntegerField(null=True, blank=True)  # of a monthly one: 1 to 31, in shorter months their last day
    at_time = models.TimeField()
    time_zone = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)
    next_due_at = models.DateTimeField(null=True)
    refusals_in_a_row = models.PositiveSmallIntegerField(default=0)  # due times that could not start, since one did or a person set the schedule
    off_reason = models.CharField(max_length=2000, blank=True)  # why it is off
    responsible = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "schedule"
        constraints = [
            models.UniqueConstraint(name="schedule_name_once", fields=["system", "name"]),
            models.CheckConstraint(
                name="schedule_rhythm_has_day",
                condition=Q(rhythm=Rhythm.DAILY, weekday=None, month_day=None)
                | Q(rhythm=Rhythm.WEEKLY, weekday__isnull=False, weekday__lte=6, month_day=None)
                | Q(rhythm=Rhythm.MONTHLY, weekday=None, month_day__isnull=False, month_day__gte=1, month_day__lte=31),
            ),
            models.CheckConstraint(
                name="schedule_due_if_active",
                condition=Q(is_active=True, next_due_at__isnull=False, off_reason="") | Q(is_active=False, next_due_at=None, off_reason__gt=""),
            ),
        ]
        indexes = [models.Index(fields=["next_due_at"], name="schedule_due", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return self.name

    @property
    def timing(self) -> Timing:
        return Timing(self.rhythm, self.at_time, self.time_zone, self.weekday, self.month_day)


class DueTimeQuerySet(ScopedQuerySet):
    scope_lookup = "schedule__system_id"


class DueTime(models.Model):
    """What became of one due time of a schedule: a run at most, and a written reason where there is none."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="due_times", db_index=False)
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=DueOutcome.choices)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", null=True)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = DueTimeQuerySet.as_manager()

    class Meta:
        db_table = "schedule_due_time"
        constraints = [
            models.UniqueConstraint(name="due_time_once", fields=["schedule", "due_at"]),
            models.CheckConstraint(name="due_time_run_if_started", condition=Q(outcome=DueOutcome.STARTED) ^ Q(run=None)),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.due_at:%Y-%m-%d %H:%M}"
