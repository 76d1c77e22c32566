"""What people call the values of a changed field: an entry keeps them as the database does."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist


@cache
def labels_of(kind: str, field: str) -> dict[str, str]:
    """By value the label of a field with choices, or of a list of such values; empty for any other, and for one that is no more."""
    try:
        found: Any = apps.get_model(kind)._meta.get_field(field)
    except (LookupError, ValueError, FieldDoesNotExist):
        return {}
    chosen = getattr(found, "base_field", found)
    return {str(value): str(label) for value, label in getattr(chosen, "flatchoices", ()) if value}


def labelled(value: Any, labels: dict[str, str]) -> Any:
    """The value, or each of a list, by its label."""
    if isinstance(value, list):
        return [labelled(item, labels) for item in value]
    return labels.get(value, value) if isinstance(value, str) else value
