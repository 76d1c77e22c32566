"""Metrics and judges, each a versioned object."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from harms.models import Harm
from measurements.enums import JudgeKind, MetricState, Scale
from raiportal.accounts.models import ScopedQuerySet, User
from raiportal.work.text import document
from systems.models import AISystem, Configuration

SEARCHED_TEXT = document("name")  # of metrics: what the portal's search looks in
HIGHEST_SEVERITY = 7  # outputs are judged 0 to 7: 0-1 safe, 2-3 low, 4-5 medium, 6-7 high


class Judge(models.Model):
    """A machine that judges outputs. What it does stands in its versions."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=JudgeKind.choices)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "judge"

    def __str__(self) -> str:
        return self.name


class JudgeVersionQuerySet(ScopedQuerySet):
    scope_lookup = "judge__system_id"


class JudgeVersion(models.Model):
    """One version of a judge, immutable. What `spec` holds is the judge kind's, see `measurements.judges`.

    A model judge calls `configuration`, which belongs to the system or to the organisation.
    """

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    spec = models.JSONField()
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+", null=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = JudgeVersionQuerySet.as_manager()

    class Meta:
        db_table = "judge_version"
        constraints = [models.UniqueConstraint(name="judge_version_number", fields=["judge", "number"])]

    def __str__(self) -> str:
        return f"J-{self.judge_id} v{self.number}"


class Metric(models.Model):
    """What is counted about outputs, for a harm. Its definition stands in its versions; the newest one holds."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=MetricState.choices, default=MetricState.DRAFT)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "metric"
        constraints = [models.UniqueConstraint(name="metric_name_once", fields=["system", "name"])]
        indexes = [GinIndex(SEARCHED_TEXT, name="metric_search")]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        return f"M-{self.pk}"


class MetricVersionQuerySet(ScopedQuerySet):
    scope_lookup = "metric__system_id"


class MetricVersion(models.Model):
    """One version of a metric, immutable. An output counts as harmful from severity `threshold` (1 to the scale's highest) on."""

    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.TextField()
    harmful_examples = models.TextField(blank=True)
    harmless_examples = models.TextField(blank=True)
    scale = models.CharField(max_length=20, choices=Scale.choices, default=Scale.CONTENT_SEVERITY)
    threshold = models.PositiveSmallIntegerField()
    target_rate = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)  # fraction 0 to 1 that must not be exceeded
    judge_version = models.ForeignKey(JudgeVersion, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = MetricVersionQuerySet.as_manager()

    class Meta:
        db_table = "metric_version"
        constraints = [
            models.UniqueConstraint(name="metric_version_number", fields=["metric", "number"]),
            models.CheckConstraint(name="metric_threshold_range", condition=Q(threshold__gte=1, threshold__lte=HIGHEST_SEVERITY)),
            models.CheckConstraint(
                name="metric_threshold_on_scale",
                condition=Q(scale=Scale.CONTENT_SEVERITY) | Q(scale=Scale.FIVE_LEVELS, threshold__lte=4) | Q(scale=Scale.YES_NO, threshold=1),
            ),
            models.CheckConstraint(name="metric_target_range", condition=Q(target_rate=None) | Q(target_rate__gte=0, target_rate__lte=1)),
        ]
        indexes = [models.Index(F("metric"), F("number").desc(), name="metric_version_newest")]

    def __str__(self) -> str:
        return f"{self.metric} v{self.number}"
