"""How the kernel finds an object of an app that it does not import: each kind registers its resolver."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from raiportal.accounts.models import User
from raiportal.registry import Registry


@dataclass(frozen=True)
class SubjectKind:
    """One kind of object. `slug` is the model's label in lower case ("systems.deployment").

    `find` returns the object if this person may see it, else None; `url` is its page; `name` is what people call the kind. `names` are for changed
    fields that hold row numbers in entries of earlier releases: what people call the rows with these numbers, as far as they are still there.
    """

    slug: str
    name: str
    find: Callable[[int, User], Any | None]
    url: Callable[[Any], str]
    names: Mapping[str, Callable[[Collection[int]], Mapping[int, str]]] = field(default_factory=dict)


subject_kinds: Registry[SubjectKind] = Registry(SubjectKind)
