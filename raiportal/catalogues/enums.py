"""Words of catalogues."""

from __future__ import annotations

from django.db import models


class Origin(models.TextChoices):
    """Where a version's text comes from."""

    SHIPPED = "shipped", "Shipped"
    EDITED = "edited", "Edited here"
