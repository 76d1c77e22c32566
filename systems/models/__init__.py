"""AI systems, what they are meant for, their endpoints, configurations and what is active."""

from systems.models.activations import Activation, ActivationShare, EmergencyActivation, EmergencyShare
from systems.models.configurations import Configuration, FilterConfiguration, MetapromptVersion
from systems.models.deployments import Deployment
from systems.models.documents import Acknowledgement, Document
from systems.models.model_cards import ModelCard
from systems.models.systems import AISystem, IntendedUse, Stakeholder

__all__ = [
    "AISystem",
    "Acknowledgement",
    "Activation",
    "ActivationShare",
    "Configuration",
    "Deployment",
    "Document",
    "EmergencyActivation",
    "EmergencyShare",
    "FilterConfiguration",
    "IntendedUse",
    "MetapromptVersion",
    "ModelCard",
    "Stakeholder",
]
