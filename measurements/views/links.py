"""Addresses that several pages of runs lead to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from measurements.models import Run


def outputs_url(run: Run, **filters: Any) -> str:
    """The list of a run's outputs with filters set."""
    address = reverse("output-list", args=[run.pk])
    given = {name: str(value) for name, value in filters.items() if value not in (None, "")}
    return f"{address}?{urlencode(given)}" if given else address
