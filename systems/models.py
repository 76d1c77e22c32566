"""AI systems, deployments, metaprompt versions, configurations.

A configuration is what runs measure and, later, what gates approve and rollback restores: immutable, with a snapshot of everything
that shapes an answer and a digest over it. A system shares its primary key with its scope, so a row's `system_id` is its scope's id.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet, User
from raiportal.encrypted import EncryptedField
from systems.enums import Audience, Autonomy, Environment, Provider, Stage, Target


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
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.PLANNING)
    audience = models.CharField(max_length=20, choices=Audience.choices, blank=True)
    autonomy = models.CharField(max_length=20, choices=Autonomy.choices, blank=True)
    languages = models.CharField(max_length=200, blank=True)
    jurisdictions = models.CharField(max_length=200, blank=True)
    handles_personal_data = models.BooleanField(null=True, blank=True)
    reaches_minors = models.BooleanField(null=True, blank=True)
    makes_consequential_decisions = models.BooleanField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = AISystemManager()

    class Meta:
        db_table = "ai_system"
        base_manager_name = "objects"

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


class Configuration(models.Model):
    """Deployment + metaprompt version + parameters, frozen. `snapshot` holds everything that shapes an answer; `digest` is over it."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="configurations", null=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="configurations")
    metaprompt = models.ForeignKey(MetapromptVersion, on_delete=models.PROTECT, related_name="configurations", null=True, blank=True)
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
