"""Every change to AI systems, what they are for, the people in them, their endpoints and configurations, and what is active."""

from __future__ import annotations

from systems.actions.activations import activate
from systems.actions.configurations import add_configuration
from systems.actions.deployments import add_deployment, edit_deployment, switch_off_deployment, switch_on_deployment
from systems.actions.documents import acknowledge_document, add_document, archive_document, edit_document, restore_document
from systems.actions.emergencies import ask_for_emergency, confirm_emergency, review_emergency, withdraw_emergency
from systems.actions.filters import add_filter_configuration
from systems.actions.intended_uses import add_intended_use, archive_intended_use, edit_intended_use, restore_intended_use
from systems.actions.metaprompts import add_metaprompt_version
from systems.actions.model_cards import add_model_card, archive_model_card, edit_model_card, restore_model_card
from systems.actions.people import give_system_role, take_system_role
from systems.actions.stakeholders import add_stakeholder, archive_stakeholder, edit_stakeholder, restore_stakeholder
from systems.actions.systems import add_system, bring_back_system, edit_system, retire_system
from systems.actions.testing import test_deployment

__all__ = [
    "acknowledge_document",
    "activate",
    "add_configuration",
    "add_deployment",
    "add_document",
    "add_filter_configuration",
    "add_intended_use",
    "add_metaprompt_version",
    "add_model_card",
    "add_stakeholder",
    "add_system",
    "archive_document",
    "archive_intended_use",
    "archive_model_card",
    "archive_stakeholder",
    "ask_for_emergency",
    "bring_back_system",
    "confirm_emergency",
    "edit_deployment",
    "edit_document",
    "edit_intended_use",
    "edit_model_card",
    "edit_stakeholder",
    "edit_system",
    "give_system_role",
    "restore_document",
    "restore_intended_use",
    "restore_model_card",
    "restore_stakeholder",
    "retire_system",
    "review_emergency",
    "switch_off_deployment",
    "switch_on_deployment",
    "take_system_role",
    "test_deployment",
    "withdraw_emergency",
]
