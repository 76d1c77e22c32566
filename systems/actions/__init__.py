"""Every change to AI systems, the people in them, deployments, metaprompt versions and configurations."""

from __future__ import annotations

from systems.actions.configurations import add_configuration
from systems.actions.deployments import add_deployment, edit_deployment, switch_off_deployment, switch_on_deployment
from systems.actions.metaprompts import add_metaprompt_version
from systems.actions.people import give_system_role, take_system_role
from systems.actions.systems import add_system, bring_back_system, edit_system, retire_system
from systems.actions.testing import test_deployment

__all__ = [
    "add_configuration",
    "add_deployment",
    "add_metaprompt_version",
    "add_system",
    "bring_back_system",
    "edit_deployment",
    "edit_system",
    "give_system_role",
    "retire_system",
    "switch_off_deployment",
    "switch_on_deployment",
    "take_system_role",
    "test_deployment",
]
