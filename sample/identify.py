"""What the sample says about a system beside harms and measurements: uses, stakeholders, filters, models with their documents, what is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raiportal.accounts.models import User
from systems import actions
from systems.extensions import Share
from systems.models import AISystem, Configuration, FilterConfiguration, IntendedUse, ModelCard


def add_model_cards(described: Sequence[Mapping[str, Any]], manager: User) -> dict[str, ModelCard]:
    """By model and version; each with its documents."""
    cards = {}
    for entry in described:
        facts = {name: value for name, value in entry.items() if name != "documents"}
        card = actions.add_model_card(actor=manager, **facts)
        for document in entry["documents"]:
            actions.add_document(model_card=card, actor=manager, **document)
        cards[f"{card.family} {card.version}"] = card
    return cards


def add_uses(described: Mapping[str, Any], system: AISystem, actor: User) -> None:
    """Intended uses, and the stakeholders in them by the uses' titles."""
    uses: dict[str, IntendedUse] = {entry["title"]: actions.add_intended_use(system=system, actor=actor, **entry) for entry in described["uses"]}
    for entry in described["stakeholders"]:
        given = {**entry, "intended_uses": [uses[title] for title in entry["intended_uses"]]}
        actions.add_stakeholder(system=system, actor=actor, **given)


def add_filters(described: Sequence[Mapping[str, Any]], system: AISystem, actor: User) -> FilterConfiguration | None:
    """Every version of the filters; the newest is returned."""
    versions = [actions.add_filter_configuration(system=system, actor=actor, **entry) for entry in described]
    return versions[-1] if versions else None


def activate(described: Sequence[Mapping[str, Any]], system: AISystem, configurations: Sequence[Configuration], owner: User) -> None:
    """What came into force where, one after the other; configurations are named by their place in the sample."""
    for entry in described:
        shares = [Share(configurations[place], percent) for place, percent in entry["shares"]]
        actions.activate(system_id=system.pk, environment=entry["environment"], shares=shares, reason=entry["reason"], actor=owner)


def ask_and_confirm(described: Mapping[str, Any], system: AISystem, configurations: Sequence[Configuration], owner: User, manager: User) -> None:
    """An emergency whose review is open: the owner asked, the risk manager confirmed."""
    shares = [Share(configurations[place], percent) for place, percent in described["shares"]]
    asked = actions.ask_for_emergency(system_id=system.pk, environment=described["environment"], shares=shares, reason=described["reason"], actor=owner)
    actions.confirm_emergency(emergency_id=asked.pk, actor=manager)
