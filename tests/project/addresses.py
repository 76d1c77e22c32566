"""Every address of the portal, read from the URL resolver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Address:
    """One entry of the resolver. `methods` are those that an API resource answers; None where the view decides."""

    name: str
    route: str
    view: Any
    methods: frozenset[str] | None

    @property
    def view_class(self) -> type | None:
        return getattr(self.view, "cls", None)

    @property
    def is_api(self) -> bool:
        return self.view_class is not None


def walk(resolver: URLResolver, before: str = "") -> Iterator[Address]:
    """All addresses below a resolver, those without a name too (name "")."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry, route)
        elif isinstance(entry, URLPattern):
            yield Address(entry.name or "", route, entry.callback, _methods(entry.callback))


def _methods(view: Any) -> frozenset[str] | None:
    actions = getattr(view, "actions", None)
    if actions:
        return frozenset(method.upper() for method in actions) & set(METHODS)  # HEAD comes with GET
    cls = getattr(view, "cls", None)
    return frozenset(method for method in METHODS if hasattr(cls, method.lower())) if cls else None
