"""What the organisation knows of the models that it uses."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from raiportal.accounts import roles
from raiportal.accounts.models import ScopedQuerySet, User
from systems.enums import Capability, Modality


class ModelCardQuerySet(ScopedQuerySet):
    def visible_to(self, user: Any) -> Any:
        """Facts about models belong to the organisation: whoever has a role somewhere reads them all."""
        held = roles.of(user)
        return self if held.organisation or held.by_scope else self.none()


class ModelCard(models.Model):
    """Facts about one version of one model, from its developer and from those who tried it."""

    developer = models.CharField(max_length=120)
    family = models.CharField(max_length=120)
    version = models.CharField(max_length=80, blank=True)
    modalities = ArrayField(models.CharField(max_length=20, choices=Modality.choices), default=list, blank=True)
    capabilities = ArrayField(models.CharField(max_length=40, choices=Capability.choices), default=list, blank=True)
    context_window_tokens = models.PositiveIntegerField(null=True, blank=True)
    knowledge_cutoff = models.CharField(max_length=40, blank=True)  # as the developer gives it: a month, a year
    alignment = models.TextField(blank=True)  # what its developer did to align it
    known_limits = models.TextField(blank=True)
    sources = models.TextField(blank=True)  # one a line
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ModelCardQuerySet.as_manager()
    audit_scope_id = None

    class Meta:
        db_table = "model_card"
        constraints = [
            models.UniqueConstraint(Lower("developer"), Lower("family"), Lower("version"), name="model_card_once"),
            models.CheckConstraint(name="model_card_context", condition=Q(context_window_tokens=None) | Q(context_window_tokens__gte=1)),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.developer, self.family, self.version) if part)
