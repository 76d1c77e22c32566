"""What apps further up may show on the pages of harms and findings, bring up to date when harms are merged, and lend to red teaming.

Loaders take many harms at once and cost a fixed number of queries; a loader leaves out harms that it has nothing to say about.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harms.models import Finding, Harm
from raiportal.accounts.models import User
from raiportal.look.timelines import Reference, TimelineEntry
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


@dataclass(frozen=True)
class MergeFollower:
    """What an app further up brings up to date in the transaction in which a harm is merged into another: rows that named the first name the second.

    `follow` gets the merged harm, the one that it was merged into, who did it and why, with both under locks. It asks for no right of its own. Rows that
    never change keep the name; whoever reads them follows `merged_into`.
    """

    slug: str
    follow: Callable[[Harm, Harm, User, str], None]


@dataclass(frozen=True)
class PointSource:
    """What apps further up work statements of risk out from. `slug` is the model's label in lower case ("measurements.run").

    `find` names those of the rows with these ids that this person may see, with their pages; one query.
    """

    slug: str
    find: Callable[[Collection[int], User], Mapping[int, Reference]]


point_sources: Registry[PointSource] = Registry(PointSource)
merge_followers: Registry[MergeFollower] = Registry(MergeFollower)
harm_panels: Registry[HarmPanel] = Registry(HarmPanel)


@dataclass(frozen=True)
class FindingPanel:
    """One box on a finding's page; `template` gets `finding`, `system`, `user` and the loaded data as `panel`."""

    slug: str
    template: str
    load: Callable[[Sequence[Finding], User], Mapping[int, PanelData]]  # by finding id
    order: int = 0


@dataclass(frozen=True)
class HarmLineSource:
    """One kind of thing that happens to a harm: `load` gives the newest `most` entries of its line, newest first, each with its moment."""

    slug: str
    label: str
    load: Callable[[Harm, User, int], Sequence[TimelineEntry]]
    order: int = 0


@dataclass(frozen=True)
class Slot:
    """Leave to make one call. It goes out before `send_before` (monotonic seconds), or not at all."""

    holder: uuid.UUID
    deployment_id: int
    send_before: float


@dataclass(frozen=True)
class CallEnd:
    """What became of the call: tokens where the endpoint reported some, the seconds it asked to be left alone, whether it answered."""

    tokens: int = 0
    retry_after: float | None = None
    has_answered: bool = False


@dataclass(frozen=True)
class CallGate:
    """What everybody who calls a deployment passes, so that all calls together stay within its limits and nobody calls one that is down.

    `take` gets the deployment's id and how long a call may last in seconds; it waits a while for a slot and raises Unavailable with a sentence when
    there is none. `give_back` is called once for each slot. Neither may be called within a transaction.
    """

    slug: str
    take: Callable[[int, float], Slot]
    give_back: Callable[[Slot, CallEnd], None]


finding_panels: Registry[FindingPanel] = Registry(FindingPanel)
harm_line_sources: Registry[HarmLineSource] = Registry(HarmLineSource)
call_gates: Registry[CallGate] = Registry(CallGate)
