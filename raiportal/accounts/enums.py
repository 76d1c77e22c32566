"""Kinds of users, and roles."""

from __future__ import annotations

from django.db import models


class UserKind(models.TextChoices):
    PERSON = "person", "Person"
    SERVICE = "service", "Service account"
    SYSTEM = "system", "The portal itself"


class Role(models.TextChoices):
    """What somebody is, for the whole organisation or for one scope. What a role may do stands in each app's policies."""

    ADMINISTRATOR = "administrator", "Administrator"
    RISK_MANAGER = "risk_manager", "Risk manager"
    AUDITOR = "auditor", "Auditor"
    OWNER = "owner", "Owner"
    VIEWER = "viewer", "Viewer"


ORGANISATION_ROLES = frozenset({Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR})
SCOPE_ROLES = frozenset({Role.OWNER, Role.VIEWER})
SEES_EVERYTHING = frozenset({Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR})


class Ability(models.TextChoices):
    """What an API token may be used for; never more than its owner may do."""

    ALL = "all", "Read and change"
    READ = "read", "Read only"
