"""What a style page is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Component:
    """One component: when it is used, and the line of a template (and of Python) that makes it."""

    slug: str
    title: str
    when: str
    call: str


@dataclass(frozen=True)
class StylePage:
    """One page under `/style/`: `template` shows each component with what `context` gives."""

    slug: str
    title: str
    about: str
    template: str
    components: tuple[Component, ...]
    context: Callable[[], dict[str, Any]] = dict

    @property
    def parts(self) -> dict[str, Component]:
        """The components by name, as the template asks for them."""
        return {component.slug.replace("-", "_"): component for component in self.components}
