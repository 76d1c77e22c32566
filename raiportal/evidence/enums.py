"""What evidence can be."""

from __future__ import annotations

from django.db import models


class EvidenceKind(models.TextChoices):
    FILE = "file", "File"
    LINK = "link", "Link"
    OBJECT = "object", "Live object"
