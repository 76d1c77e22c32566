"""Shapes of what people enter about systems."""

from __future__ import annotations

from systems.forms.activations import ActivationForm, ReviewForm, initial_of_order
from systems.forms.configurations import ConfigurationForm, MetapromptForm
from systems.forms.deployments import DeploymentEditForm, DeploymentForm, settings_of
from systems.forms.filters import FilterForm, initial_of_filters
from systems.forms.model_cards import DocumentForm, ModelCardForm, initial_of_card, initial_of_document
from systems.forms.systems import SystemForm, SystemRoleForm, initial_of
from systems.forms.uses import IntendedUseForm, StakeholderForm, initial_of_use

__all__ = [
    "ActivationForm",
    "ConfigurationForm",
    "DeploymentEditForm",
    "DeploymentForm",
    "DocumentForm",
    "FilterForm",
    "IntendedUseForm",
    "MetapromptForm",
    "ModelCardForm",
    "ReviewForm",
    "StakeholderForm",
    "SystemForm",
    "SystemRoleForm",
    "initial_of",
    "initial_of_card",
    "initial_of_document",
    "initial_of_filters",
    "initial_of_order",
    "initial_of_use",
    "settings_of",
]
