"""How the ledger's pages find and name this app's objects."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from systems.models import AISystem, Configuration, Deployment, MetapromptVersion


def _kind(model: Any, name: str, url_name: str) -> SubjectKind:
    def find(pk: int, user: User) -> Any | None:
        return model.objects.visible_to(user).filter(pk=pk).first()

    return SubjectKind(slug=model._meta.label_lower, name=name, find=find, url=lambda row: reverse(url_name, args=[row.pk]))


KINDS = (
    _kind(AISystem, "System", "system"),
    _kind(Deployment, "Deployment", "deployment"),
    _kind(MetapromptVersion, "Metaprompt version", "metaprompt"),
    _kind(Configuration, "Configuration", "configuration"),
)
