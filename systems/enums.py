"""Words of AI systems and deployments."""

from __future__ import annotations

from django.db import models


class Stage(models.TextChoices):
    """Where a system is in its life."""

    PLANNING = "planning", "Planning"
    DEVELOPMENT = "development", "Development"
    PILOT = "pilot", "Pilot"
    LIVE = "live", "Live"
    RETIRED = "retired", "Retired"


class Audience(models.TextChoices):
    TEAM = "team", "The team itself"
    STAFF = "staff", "Staff of the organisation"
    CUSTOMERS = "customers", "Customers"
    PUBLIC = "public", "Anybody"


class Autonomy(models.TextChoices):
    """How far the system acts without a person."""

    SUGGESTS = "suggests", "Suggests; a person decides"
    ACTS_WITH_APPROVAL = "acts_with_approval", "Acts after a person approves"
    ACTS_ALONE = "acts_alone", "Acts alone"


class Provider(models.TextChoices):
    OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible"
    AZURE_OPENAI = "azure_openai", "Azure OpenAI"


class Target(models.TextChoices):
    """What is called: the model alone, or the team's own application around it."""

    MODEL = "model", "Model: the portal sends metaprompt and parameters"
    APPLICATION = "application", "Application: the team's own endpoint, with its metaprompt, retrieval and filters inside"


class Environment(models.TextChoices):
    DEVELOPMENT = "development", "Development"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"
