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


class RiskTier(models.TextChoices):
    """How much the organisation itself holds to be at stake; later rules ask more of the higher tiers."""

    LOW = "low", "Low"
    MODERATE = "moderate", "Moderate"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class Classification(models.TextChoices):
    """Who may read what the system puts out."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    SECRET = "secret", "Strictly confidential"


class Reach(models.TextChoices):
    """How a system touches people."""

    DIRECT = "direct", "Direct"
    INDIRECT = "indirect", "Indirect"


class FilterProvider(models.TextChoices):
    """Whose content filters these are."""

    AZURE_OPENAI = "azure_openai", "Azure OpenAI"
    OTHER = "other", "Another"


class Threshold(models.TextChoices):
    """From which severity on a filter blocks."""

    LOW = "low", "Low and above"
    MEDIUM = "medium", "Medium and above"
    HIGH = "high", "High only"
    ANNOTATE = "annotate", "Only annotates"
    OFF = "off", "Off"


class DetectorMode(models.TextChoices):
    """What a detector does where it finds something."""

    BLOCK = "block", "Blocks"
    ANNOTATE = "annotate", "Only annotates"
    OFF = "off", "Off"


class ActivationKind(models.TextChoices):
    """How an order came into force."""

    NORMAL = "normal", "Activated"
    RETURN = "return", "Gone back"
    EMERGENCY = "emergency", "Emergency"


class EmergencyState(models.TextChoices):
    WAITING = "waiting", "Waits for a second person"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"
    ACTED = "acted", "Acted, review open"
    REVIEWED = "reviewed", "Reviewed"


class Finding(models.TextChoices):
    """What the review of an emergency found."""

    JUSTIFIED = "justified", "It was justified"
    AVOIDABLE = "avoidable", "It could have waited for the checks"
    WRONG = "wrong", "It was wrong"


class Modality(models.TextChoices):
    TEXT = "text", "Text"
    IMAGE = "image", "Images"
    AUDIO = "audio", "Sound and speech"
    VIDEO = "video", "Video"
    CODE = "code", "Code"


class Capability(models.TextChoices):
    """What a model can do; the harm library names harms by the same words."""

    TEXT_GENERATION = "text-generation", "Text generation"
    SUMMARISATION = "summarisation", "Summarisation"
    QUESTION_ANSWERING = "question-answering", "Question answering"
    RETRIEVAL = "retrieval", "Retrieval"
    TRANSLATION = "translation", "Translation"
    CODE_GENERATION = "code-generation", "Code generation"
    IMAGE_GENERATION = "image-generation", "Image generation"
    IMAGE_UNDERSTANDING = "image-understanding", "Image understanding"
    SPEECH = "speech", "Speech"
    AGENTS_TOOLS = "agents-tools", "Agents and tools"
    EMBEDDINGS_RANKING = "embeddings-ranking", "Embeddings and ranking"
    COMPANIONSHIP_ROLEPLAY = "companionship-roleplay", "Companionship and role play"
    PERSUASION = "persuasion", "Persuasion"


class DocumentKind(models.TextChoices):
    SYSTEM_CARD = "system_card", "System card"
    TERMS = "terms", "Provider's terms"
    APPROVAL = "approval", "Approval"
    OTHER = "other", "Other"
