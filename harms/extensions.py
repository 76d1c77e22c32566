"""What apps further up may show on a harm's page.

Loaders take many harms at once and cost a fixed number of queries; a loader leaves out harms that it has nothing to say about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harms.models import Harm
from raiportal.accounts.models import User
from raiportal.registry import Registry

PanelData = Mapping[str, Any]


@dataclass(frozen=True)
class HarmPanel:
    """One box on a harm's page; `template` gets `harm`, `system`, `user` and the loaded data as `panel`."""

    slug: str
    template: str
    load: Callable[[Sequence[Harm], User], Mapping[int, PanelData]]  # by harm id
    place: Literal["main", "side"] = "main"
    order: int = 0


harm_panels: Registry[HarmPanel] = Registry(HarmPanel)
