"""Metaprompt versions, filter versions and configurations: written once.

A configuration is what runs measure, gates approve and rollback restores: immutable, with a snapshot of everything that shapes an answer and a
digest over it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from raiportal.accounts.models import ScopedQuerySet, User
from systems.enums import FilterProvider
from systems.models.deployments import Deployment
from systems.models.systems import AISystem


class MetapromptVersion(models.Model):
    """One wording of a system's metaprompt. Immutable; numbered from 1 within its system."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="metaprompt_versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    note = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "metaprompt_version"
        constraints = [models.UniqueConstraint(name="metaprompt_version_number", fields=["system", "number"])]

    def __str__(self) -> str:
        return f"Metaprompt v{self.number}"


class FilterConfiguration(models.Model):
    """One version of a system's content filters, as the provider has them set. Immutable; numbered from 1 within its system.

    `settings` is a frozen copy, of the shape that `systems.filter_settings` describes.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="filter_configurations")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=30, choices=FilterProvider.choices, default=FilterProvider.AZURE_OPENAI)
    settings = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64)  # over provider and settings
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "filter_configuration"
        constraints = [models.UniqueConstraint(name="filter_configuration_number", fields=["system", "number"])]

    def __str__(self) -> str:
        return f"v{self.number} {self.name}"


class Configuration(models.Model):
    """Deployment + metaprompt version + filters + parameters, frozen. `snapshot` holds everything that shapes an answer; `digest` is over it."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="configurations", null=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="configurations")
    metaprompt = models.ForeignKey(MetapromptVersion, on_delete=models.PROTECT, related_name="configurations", null=True, blank=True)
    filters = models.ForeignKey(FilterConfiguration, on_delete=models.PROTECT, related_name="configurations", null=True, blank=True)
    parameters = models.JSONField(default=dict)
    snapshot = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "configuration"
        constraints = [models.UniqueConstraint(name="configuration_once", fields=["deployment", "digest"])]
        indexes = [models.Index(F("system"), F("id").desc(), name="configuration_newest")]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"C-{self.pk}"

    @property
    def parameter_words(self) -> str:
        """Its parameters for people: "temperature 0.2, max_tokens 300"; "" when the endpoint's own hold."""
        return ", ".join(f"{name}\u00a0{', '.join(value) if isinstance(value, list) else value}" for name, value in self.parameters.items())
