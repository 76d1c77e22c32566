"""Where apps say which reference data they keep, and how it is read from YAML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from raiportal.accounts.models import User
from raiportal.registry import Registry


@dataclass(frozen=True)
class Catalogue:
    """One file of reference data and the action that brings its content into rows; loading again changes only what differs."""

    slug: str
    file: Path
    load: Callable[[Any, User], int]  # (content of the file, actor) -> number of entries made or changed


catalogues: Registry[Catalogue] = Registry(Catalogue)


def load_all(actor: User) -> dict[str, int]:
    """Load every registered catalogue. Returns the number of changes for each."""
    return {entry.slug: entry.load(yaml.safe_load(entry.file.read_text(encoding="utf-8")), actor) for entry in catalogues}
