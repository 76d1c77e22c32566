"""Documents that somebody has to have read before they answer for a model, and who has read which version."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import ScopedQuerySet, User
from systems.enums import DocumentKind
from systems.models.deployments import Deployment
from systems.models.model_cards import ModelCard


class DocumentQuerySet(ScopedQuerySet):
    def visible_to(self, user: Any) -> Any:
        """Those of model cards as the cards are; those of a deployment with the deployment."""
        cards = ModelCard.objects.visible_to(user).order_by()
        deployments = Deployment.objects.visible_to(user).order_by()
        return self.filter(Q(model_card__in=cards) | Q(deployment__in=deployments))


class Document(models.Model):
    """A system card, terms, an approval: where it is and which version holds. A newer version has to be read again."""

    model_card = models.ForeignKey(ModelCard, on_delete=models.PROTECT, related_name="documents", null=True, blank=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="documents", null=True, blank=True)
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    title = models.CharField(max_length=160)
    address = models.CharField(max_length=500)
    version = models.CharField(max_length=80)
    dated_on = models.DateField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        db_table = "model_document"
        constraints = [
            models.CheckConstraint(
                name="model_document_of_one", condition=Q(model_card=None, deployment__isnull=False) | Q(model_card__isnull=False, deployment=None)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def audit_scope_id(self) -> int | None:
        return self.deployment.system_id if self.deployment else None


class AcknowledgementQuerySet(ScopedQuerySet):
    def visible_to(self, user: Any) -> Any:
        return self.filter(document__in=Document.objects.visible_to(user).order_by())


class Acknowledgement(models.Model):
    """Somebody's word that they read and understood one version of a document. Written once."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="acknowledgements")
    version = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        db_table = "model_document_acknowledgement"
        constraints = [models.UniqueConstraint(name="model_document_read_once", fields=["document", "version", "created_by"])]

    def __str__(self) -> str:
        return f"{self.document} {self.version}"
