"""Model endpoints."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import ScopedQuerySet, User
from raiportal.encrypted import EncryptedField
from systems.enums import Environment, Provider, Target
from systems.models.model_cards import ModelCard
from systems.models.systems import AISystem


class DeploymentQuerySet(ScopedQuerySet):
    def usable_for(self, system: AISystem) -> DeploymentQuerySet:
        """The system's own and the organisation's."""
        return self.filter(Q(system=system) | Q(system=None), is_active=True)  # type: ignore[no-any-return]


class Deployment(models.Model):
    """A model endpoint that can be called. `system` null: it belongs to the organisation.

    Rates are per minute and count over all workers and runs; prices are per million tokens.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="deployments", null=True, blank=True)
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=30, choices=Provider.choices, default=Provider.OPENAI_COMPATIBLE)
    target = models.CharField(max_length=20, choices=Target.choices, default=Target.MODEL)
    base_url = models.CharField(max_length=500)
    model = models.CharField(max_length=120, blank=True)  # at Azure the deployment's name; an application may need none
    api_version = models.CharField(max_length=40, blank=True)  # of Azure's API; empty: the newest general one that the portal knows
    model_card = models.ForeignKey(ModelCard, on_delete=models.PROTECT, related_name="deployments", null=True, blank=True)
    environment = models.CharField(max_length=20, choices=Environment.choices, default=Environment.DEVELOPMENT)
    api_key = EncryptedField(blank=True)
    api_key_hint = models.CharField(max_length=4, blank=True)  # its last characters, at most four
    max_concurrency = models.PositiveIntegerField(default=8)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    timeout_seconds = models.PositiveIntegerField(default=60)  # wall clock of one call
    input_price = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    output_price = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = DeploymentQuerySet.as_manager()
    audit_hidden = ("api_key", "api_key_hint")

    class Meta:
        db_table = "deployment"
        constraints = [
            models.UniqueConstraint(name="deployment_name_once", fields=["system", "name"], nulls_distinct=False),
            models.CheckConstraint(name="deployment_concurrency", condition=Q(max_concurrency__gte=1, max_concurrency__lte=1000)),
            models.CheckConstraint(name="deployment_requests", condition=Q(requests_per_minute=None) | Q(requests_per_minute__gte=1)),
            models.CheckConstraint(name="deployment_tokens", condition=Q(tokens_per_minute=None) | Q(tokens_per_minute__gte=1)),
            models.CheckConstraint(name="deployment_timeout", condition=Q(timeout_seconds__gte=1, timeout_seconds__lte=600)),
        ]

    def __str__(self) -> str:
        return self.name
