"""Frozen states of registers, to compare later ones with."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from raiportal.accounts.models import ScopedQuerySet, User
from raiportal.work.text import document
from systems.models import AISystem

BASELINE_TEXT = document("title", ("reason",))  # what the portal's search looks in


class Baseline(models.Model):
    """A system's register as it stood at one moment, under a name. Written once; `digest` is SHA-256 of its content as canonical JSON."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    reason = models.TextField(max_length=2_000, blank=True)
    content = models.JSONField()  # see harms.baselines: the scale, and every harm with its scores in each place
    digest = models.CharField(max_length=64)
    harm_count = models.PositiveIntegerField()
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "register_baseline"
        constraints = [models.UniqueConstraint(name="baseline_number", fields=["system", "number"])]
        indexes = [GinIndex(BASELINE_TEXT, name="baseline_search")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def code(self) -> str:
        return f"B-{self.number}"
