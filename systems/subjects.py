"""How the ledger's pages find and name this app's objects."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.evidence.kinds import Attachable
from raiportal.policy import Decision
from systems import policies
from systems.models import (
    Activation,
    AISystem,
    Configuration,
    Deployment,
    Document,
    EmergencyActivation,
    FilterConfiguration,
    IntendedUse,
    MetapromptVersion,
    ModelCard,
    Stakeholder,
)


def _kind(model: Any, name: str, url_name: str) -> SubjectKind:
    def find(pk: int, user: User) -> Any | None:
        return model.objects.visible_to(user).filter(pk=pk).first()

    return SubjectKind(slug=model._meta.label_lower, name=name, find=find, url=lambda row: reverse(url_name, args=[row.pk]))


KINDS = (
    _kind(AISystem, "System", "system"),
    _kind(IntendedUse, "Intended use", "intended-use"),
    _kind(Stakeholder, "Stakeholder", "stakeholder"),
    _kind(ModelCard, "Model card", "model-card"),
    _kind(Document, "Document", "document"),
    _kind(Deployment, "Deployment", "deployment"),
    _kind(MetapromptVersion, "Metaprompt version", "metaprompt"),
    _kind(FilterConfiguration, "Filter version", "filter"),
    _kind(Configuration, "Configuration", "configuration"),
    _kind(EmergencyActivation, "Emergency activation", "emergency"),
    SubjectKind(
        slug=Activation._meta.label_lower,
        name="Activation",
        find=lambda pk, user: Activation.objects.visible_to(user).filter(pk=pk).first(),
        url=lambda row: f"{reverse('activation-list', args=[row.system_id])}#activation-{row.pk}",
    ),
)


def _may_add_to_use(user: User, use: IntendedUse) -> Decision:
    return policies.may_act_in(user, use.system)


ATTACHABLE = (Attachable("systems.aisystem", may_add=policies.may_act_in), Attachable("systems.intendeduse", may_add=_may_add_to_use))
