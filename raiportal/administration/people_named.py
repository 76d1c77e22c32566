"""Naming somebody in a filter where there may be a hundred thousand people: typed, with the first by name offered, and looked up alone."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q
from django.db.models.functions import Lower

from raiportal.accounts.models import User

MOST_OFFERED = 50  # people; the others are typed
LONGEST_NAME = 60  # characters of a sign-in name
LARGEST_ID = 2**63 - 1


class PersonField(forms.CharField):
    """Somebody by sign-in name or number; None for an empty field. One query, however many people there are."""

    default_error_messages = {"unknown": "Nobody has this sign-in name."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_NAME, **options)

    def clean(self, value: Any) -> User | None:  # type: ignore[override]
        named = super().clean(value)
        if not named:
            return None
        found = list(User.objects.filter(_called(named)).order_by("pk"))
        if not found:
            raise forms.ValidationError(self.error_messages["unknown"], code="unknown")
        return next((person for person in found if person.username == named), found[0])


class PersonFilter(django_filters.Filter):
    """Rows of one person."""

    field_class = PersonField


def people_offered() -> list[tuple[str, str]]:
    """Sign-in name and name of the first people by name."""
    return list(User.objects.order_by(Lower("name"), "pk").values_list("username", "name")[:MOST_OFFERED])


def _called(named: str) -> Q:
    is_number = named.isascii() and named.isdigit() and int(named) <= LARGEST_ID
    return Q(username=named) | Q(pk=int(named)) if is_number else Q(username=named)
