"""The scales that harms are scored on, and their categories: reference data, by version."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from harms.enums import Axis

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
