"""What lists have in common on a page and as a file: filters that are refused when they can't be read, and the order that the address asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest

from raiportal import keyset
from raiportal.errors import Invalid


class ListFilter(django_filters.FilterSet):
    """An unreadable filter is refused, since without it more would be shown than was asked for."""

    def required(self) -> QuerySet[Any]:
        """The filtered rows. Raises Invalid for a filter that can't be read."""
        if not self.is_valid():
            raise Invalid("A filter in the address can't be read.", field="filter")
        return self.qs  # type: ignore[no-any-return]


def order_of(request: HttpRequest, sorts: Mapping[str, keyset.Sort], default: str) -> list[str]:
    """The order that the address asks for, for `order_by`. Raises Invalid for one that this list doesn't have."""
    _, sort = keyset.chosen_sort(request.GET.get("sort"), sorts, default)
    return [f"-{field}" if sort.descending else field for field in sort.fields]


def as_json_writes(words: str) -> str:
    """Words as they stand within a text of JSON, to be looked for there."""
    return json.dumps(words, ensure_ascii=False)[1:-1]
