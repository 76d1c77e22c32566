"""AI systems, what they are meant for, and whom they touch. A system shares its primary key with its scope, so a row's `system_id` is its scope's id."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet, User
from systems.enums import Audience, Autonomy, Classification, Reach, RiskTier, Stage

SLUG_LENGTH = 80  # characters of an entry of a catalogue


def _slugs() -> ArrayField:
    """Slugs of a catalogue; none: nobody has said so yet."""
    return ArrayField(models.CharField(max_length=SLUG_LENGTH), default=list, blank=True)


class AISystemQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"


class AISystemManager(models.Manager["AISystem"].from_queryset(AISystemQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("scope")


class AISystem(models.Model):
    """A system that a team ships, built on one or more models. Facts that nobody has stated yet are null."""

    scope = models.OneToOneField(Scope, on_delete=models.PROTECT, primary_key=True, related_name="+")
    purpose = models.TextField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    domain = models.CharField(max_length=80, blank=True)
    domain_stakes = models.TextField(blank=True)  # what is at stake there when an answer is wrong
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.PLANNING)
    audience = models.CharField(max_length=20, choices=Audience.choices, blank=True)
    autonomy = models.CharField(max_length=20, choices=Autonomy.choices, blank=True)
    risk_tier = models.CharField(max_length=20, choices=RiskTier.choices, blank=True)
    languages = _slugs()
    jurisdictions = _slugs()
    regions = _slugs()
    other_languages = models.CharField(max_length=200, blank=True)  # what no catalogue has
    other_places = models.CharField(max_length=200, blank=True)
    handles_personal_data = models.BooleanField(null=True, blank=True)
    reaches_minors = models.BooleanField(null=True, blank=True)
    makes_consequential_decisions = models.BooleanField(null=True, blank=True)
    generates_media = models.BooleanField(null=True, blank=True)
    depicts_people = models.BooleanField(null=True, blank=True)
    acts_through_tools = models.BooleanField(null=True, blank=True)
    output_retention_days = models.PositiveIntegerField(null=True, blank=True)
    output_classification = models.CharField(max_length=20, choices=Classification.choices, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = AISystemManager()

    class Meta:
        db_table = "ai_system"
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(
                name="ai_system_retention", condition=Q(output_retention_days=None) | Q(output_retention_days__gte=1, output_retention_days__lte=36_500)
            ),
        ]

    def __str__(self) -> str:
        return self.scope.name

    @property
    def id(self) -> int:
        return self.scope_id

    @property
    def name(self) -> str:
        return self.scope.name

    @property
    def slug(self) -> str:
        return self.scope.slug

    @property
    def audit_scope_id(self) -> int:
        return self.scope_id


class IntendedUse(models.Model):
    """Something that people are meant to do with a system, or (`is_supported` false) that it is known not to be fit for."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="intended_uses")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    is_supported = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "intended_use"
        constraints = [models.UniqueConstraint(name="intended_use_number", fields=["system", "number"])]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        return f"U-{self.number}"


class Stakeholder(models.Model):
    """A group of people whom a system touches: directly, as users of it, or indirectly, as those whom its answers are about or reach."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="stakeholders")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=160)
    reach = models.CharField(max_length=20, choices=Reach.choices)
    description = models.TextField(blank=True)
    intended_uses = models.ManyToManyField(IntendedUse, related_name="stakeholders", db_table="stakeholder_intended_use", blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "stakeholder"
        constraints = [models.UniqueConstraint(name="stakeholder_number", fields=["system", "number"])]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        return f"S-{self.number}"
