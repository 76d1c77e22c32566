"""What this app itself requires of a system: an owner, stated facts and uses, an endpoint that can be called, something active, documents read."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from raiportal.accounts.models import User
from systems import policies, selectors
from systems.enums import Environment, Stage
from systems.extensions import ReadinessFact, Standing, Step
from systems.models import AISystem, Deployment, Document

MOST_NAMED = 4  # facts that a sentence lists by name


# --- Identify ---
def _stated(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    with_uses, with_stakeholders = selectors.systems_with_uses(systems), selectors.systems_with_stakeholders(systems)
    return {
        system.pk: [_owner(system), _facts(system), _uses(system, system.pk in with_uses), _stakeholders(system, system.pk in with_stakeholders)]
        for system in systems
    }


def _owner(system: AISystem) -> Standing:
    url, edit = reverse("system-facts", args=[system.pk]), reverse("system-edit", args=[system.pk])
    if system.owner_id is not None:
        return Standing("holds", "An owner is named", url)
    step = Step("Name an owner", "Nobody answers for this system yet.", "Name an owner", edit, rank=10, may=policies.may_edit_system)
    return Standing("missing", "No owner is named", url, step)


def _facts(system: AISystem) -> Standing:
    url = reverse("system-facts", args=[system.pk])
    lacking = selectors.unstated_facts(system)
    if not lacking:
        return Standing("holds", "The facts are stated", url)
    more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
    named = ", ".join(label.lower() for label in lacking[:MOST_NAMED])
    edit = reverse("system-edit", args=[system.pk])
    step = Step("State the facts", f"Not said yet: {named}{more}.", "State facts", edit, rank=50, may=policies.may_edit_system)
    return Standing("missing", f"{len(lacking)} of {len(selectors.FACT_LABELS)} facts not stated", url, step)


def _uses(system: AISystem, is_stated: bool) -> Standing:
    url = reverse("intended-use-list", args=[system.pk])
    if is_stated:
        return Standing("holds", "Intended uses are stated", url)
    add = reverse("intended-use-add", args=[system.pk])
    step = Step("State an intended use", "Harms are weighed in the uses that a system is meant for.", "Add a use", add, rank=60, icon="plus")
    return Standing("missing", "No intended use is stated", url, step)


def _stakeholders(system: AISystem, is_named: bool) -> Standing:
    url = reverse("stakeholder-list", args=[system.pk])
    if is_named:
        return Standing("holds", "Stakeholders are named", url)
    add = reverse("stakeholder-add", args=[system.pk])
    step = Step("Name a stakeholder", "Nobody has said yet whom this system touches.", "Add a group", add, rank=65, icon="plus")
    return Standing("missing", "No stakeholder is named", url, step)


# --- Measure ---
def _callable(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    switched_on = set(Deployment.objects.filter(system__in=systems, is_active=True).values_list("system_id", flat=True))
    return {system.pk: [_deployment(system, system.pk in switched_on)] for system in systems}


def _deployment(system: AISystem, switched_on: bool) -> Standing:
    url = reverse("deployment-list", args=[system.pk])
    if switched_on:
        return Standing("holds", "A deployment can be called", url)
    add, why = reverse("deployment-add", args=[system.pk]), "Without an endpoint nothing can be measured."
    step = Step("Add a deployment", why, "Add deployment", add, 20, "plus", may=policies.may_manage)
    return Standing("missing", "No deployment can be called", url, step)


# --- Mitigate ---
def _read(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    """Of systems whose deployments have documents: whether their owner has read the versions in force."""
    unread = selectors.unread_by_owner(systems)
    return {system.pk: [_documents(system, unread[system.pk])] for system in systems if system.pk in unread}


def _documents(system: AISystem, unread: Sequence[Document]) -> Standing:
    url = reverse("deployment-list", args=[system.pk])
    if not unread:
        return Standing("holds", "The owner has read the models' documents", url)
    first = unread[0]
    at = reverse("model-card", args=[first.model_card_id]) if first.model_card_id else reverse("deployment", args=[first.deployment_id])
    words = f"{len(unread)} document{'s' if len(unread) > 1 else ''} not read by the owner"
    step = Step(
        "Read the models' documents", f"The owner hasn't said yet that they read “{first.title}”.", "Open the document", at, rank=55, is_listed_singly=True
    )
    return Standing("missing", words, at, step)


# --- Operate ---
def _active(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    live = [system for system in systems if system.stage == Stage.LIVE]
    active = selectors.active_configurations(live) if live else {}
    return {system.pk: [_production(system, Environment.PRODUCTION in active.get(system.pk, {}))] for system in live}


def _production(system: AISystem, is_active: bool) -> Standing:
    url = reverse("activation-list", args=[system.pk])
    if is_active:
        return Standing("holds", "What is active in production is on record", url)
    why = "The system is live, and nobody can see with which configuration."
    step = Step("Say what is active", why, "Activate", url, rank=15, may=policies.may_activate)
    return Standing("missing", "Nothing is active in production", url, step)


READINESS = (
    ReadinessFact("system-stated", "identify", _stated, order=0),
    ReadinessFact("system-callable", "measure", _callable, order=0),
    ReadinessFact("system-read", "mitigate", _read, order=0),
    ReadinessFact("system-active", "operate", _active, order=0),
)
