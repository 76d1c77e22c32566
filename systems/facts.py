"""What this app itself requires of a system: an owner, stated facts, an endpoint that can be called."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from raiportal.accounts.models import User
from systems.extensions import ReadinessFact, Standing, Step
from systems.models import AISystem, Deployment

UNSTATED = {
    "audience": "audience",
    "autonomy": "autonomy",
    "languages": "languages",
    "jurisdictions": "jurisdictions",
    "handles_personal_data": "personal data",
    "reaches_minors": "minors",
    "makes_consequential_decisions": "consequential decisions",
}


def _stated(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    return {system.pk: [_owner(system), _facts(system)] for system in systems}


def _owner(system: AISystem) -> Standing:
    url = reverse("system-edit", args=[system.pk])
    if system.owner_id is not None:
        return Standing("holds", "An owner is named", url)
    step = Step("Name an owner", "Nobody answers for this system yet.", "Name an owner", url, rank=10)
    return Standing("missing", "No owner is named", url, step)


def _facts(system: AISystem) -> Standing:
    url = reverse("system-edit", args=[system.pk])
    lacking = [words for field, words in UNSTATED.items() if getattr(system, field) in (None, "")]
    if not lacking:
        return Standing("holds", "The facts are stated", url)
    step = Step("State the facts", f"Not said yet: {', '.join(lacking)}.", "State facts", url, rank=50)
    return Standing("missing", f"{len(lacking)} of {len(UNSTATED)} facts not stated", url, step)


def _callable(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    switched_on = set(Deployment.objects.filter(system__in=systems, is_active=True).values_list("system_id", flat=True))
    return {system.pk: [_deployment(system, system.pk in switched_on)] for system in systems}


def _deployment(system: AISystem, switched_on: bool) -> Standing:
    url = reverse("deployment-list", args=[system.pk])
    if switched_on:
        return Standing("holds", "A deployment can be called", url)
    step = Step("Add a deployment", "Without an endpoint nothing can be measured.", "Add deployment", reverse("deployment-add", args=[system.pk]), 20, "plus")
    return Standing("missing", "No deployment can be called", url, step)


STATED = ReadinessFact("system-stated", "identify", _stated, order=0)
CALLABLE = ReadinessFact("system-callable", "measure", _callable, order=0)
