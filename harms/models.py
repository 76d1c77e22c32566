"""Harms, the scales they are scored on, and their risk points."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from harms.enums import Axis, HarmState, Origin, RiskPointKind
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem

HIGHEST_LEVEL = 5
HIGHEST_SCORE = HIGHEST_LEVEL * HIGHEST_LEVEL
NO_SCORE = 0  # `priority` of a harm that nobody has assessed; never shown as a score


class RiskScale(models.Model):
    """One version of the two axes. A changed scale is a new version; scores keep the one they were given on."""

    version = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=120)
    frequency_unit = models.CharField(max_length=80)  # "per 1,000 outputs"
    severity_unit = models.CharField(max_length=120)  # what one harmful output does to one person or group
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "risk_scale"

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ScaleLevel(models.Model):
    """One step of an axis, 1 (lowest) to 5, with the words that anchor it."""

    scale = models.ForeignKey(RiskScale, on_delete=models.PROTECT, related_name="levels")
    axis = models.CharField(max_length=10, choices=Axis.choices)
    level = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=40)
    anchor = models.CharField(max_length=300)

    class Meta:
        db_table = "risk_scale_level"
        constraints = [
            models.UniqueConstraint(name="scale_level_once", fields=["scale", "axis", "level"]),
            models.CheckConstraint(name="scale_level_range", condition=Q(level__gte=1, level__lte=HIGHEST_LEVEL)),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.label}"


class HarmCategory(models.Model):
    """A kind of harm, from the catalogue."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=400)
    source = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "harm_category"

    def __str__(self) -> str:
        return self.name


def _rank(score: str) -> models.GeneratedField:
    """A score for sorting: never null, 0 where there is none."""
    column = models.PositiveSmallIntegerField()
    return models.GeneratedField(expression=Coalesce(score, NO_SCORE), output_field=column, db_persist=True)


class Harm(models.Model):
    """Something bad that a system can do, to whom, and how bad and how often. The current four scores are kept here for sorting.

    `severity` and `frequency` are those of the score that ranks it.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    category = models.ForeignKey(HarmCategory, on_delete=models.PROTECT, related_name="harms")
    origin = models.CharField(max_length=20, choices=Origin.choices)
    state = models.CharField(max_length=20, choices=HarmState.choices, default=HarmState.PROPOSED)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    inherent_score = models.PositiveSmallIntegerField(null=True)
    measured_score = models.PositiveSmallIntegerField(null=True)
    residual_score = models.PositiveSmallIntegerField(null=True)
    observed_score = models.PositiveSmallIntegerField(null=True)
    priority = models.PositiveSmallIntegerField(default=NO_SCORE)  # the score that ranks it, see harms.scoring
    severity = models.PositiveSmallIntegerField(null=True)
    frequency = models.PositiveSmallIntegerField(null=True)
    inherent_rank = _rank("inherent_score")
    measured_rank = _rank("measured_score")
    residual_rank = _rank("residual_score")
    observed_rank = _rank("observed_score")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "harm"
        constraints = [
            models.CheckConstraint(name="harm_priority_range", condition=Q(priority__lte=HIGHEST_SCORE)),
            models.CheckConstraint(
                name="harm_priority_is_its_levels",
                condition=Q(priority=NO_SCORE, severity=None, frequency=None)
                | Q(severity__isnull=False, frequency__isnull=False, priority=F("severity") * F("frequency")),
            ),
        ]
        indexes = [
            models.Index(F("priority").desc(), F("id").desc(), name="harm_by_priority"),
            models.Index(F("system"), F("priority").desc(), F("id").desc(), name="harm_of_system_by_priority"),
            models.Index(F("system"), F("inherent_rank").desc(), F("id").desc(), name="harm_of_system_by_inherent"),
            models.Index(F("system"), F("measured_rank").desc(), F("id").desc(), name="harm_of_system_by_measured"),
            models.Index(F("system"), F("residual_rank").desc(), F("id").desc(), name="harm_of_system_by_residual"),
            models.Index(F("system"), F("observed_rank").desc(), F("id").desc(), name="harm_of_system_by_observed"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        return f"H-{self.pk:02d}"


class RiskPoint(models.Model):
    """One statement of a harm's risk, with everything it was worked out from. Append-only: the newest of each kind holds."""

    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="risk_points")
    kind = models.CharField(max_length=10, choices=RiskPointKind.choices)
    scale = models.ForeignKey(RiskScale, on_delete=models.PROTECT, related_name="+")
    severity = models.PositiveSmallIntegerField()
    frequency = models.PositiveSmallIntegerField()
    score = models.PositiveSmallIntegerField()
    rationale = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "risk_point"
        constraints = [
            models.CheckConstraint(name="risk_point_levels", condition=Q(severity__range=(1, HIGHEST_LEVEL), frequency__range=(1, HIGHEST_LEVEL))),
            models.CheckConstraint(name="risk_point_score", condition=Q(score=F("severity") * F("frequency"))),
        ]
        indexes = [models.Index(F("harm"), F("id").desc(), name="risk_point_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.score}"
