"""What apps further up may show on the pages of systems: boxes, figures of the portfolio, requirements of a stage.

Loaders take many systems at once and cost a fixed number of queries, so that the portfolio stays as quick with 300 systems as with three.
A loader leaves out systems that it has nothing to say about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from raiportal.accounts.models import User
from raiportal.look.marks import Mark
from raiportal.policy import Decision
from raiportal.registry import Registry
from systems.enums import Environment
from systems.models import AISystem, Configuration, IntendedUse

PanelData = Mapping[str, Any]


@dataclass(frozen=True)
class SystemPanel:
    """One box on a system's page, filled by an app further up; `template` gets `system`, `user` and the loaded data as `panel`."""

    slug: str
    template: str
    load: Callable[[Sequence[AISystem], User], Mapping[int, PanelData]]  # by system id
    place: Literal["main", "side"] = "main"
    order: int = 0


@dataclass(frozen=True)
class Figure:
    """One figure of a system in the portfolio: a count that opens the rows it counts, with its mark."""

    value: int
    url: str
    mark: Mark | None = None


@dataclass(frozen=True)
class PortfolioColumn:
    """One column of the portfolio; a system without a figure shows 0."""

    slug: str
    label: str
    load: Callable[[Sequence[AISystem], User], Mapping[int, Figure]]
    order: int = 0


@dataclass(frozen=True)
class Step:
    """What to do about a requirement that doesn't hold: `why` is one sentence, `act` the button's words. Lower ranks come first.

    `may`: who may do it, where that isn't whoever may act in the system. Somebody else is shown `Standing.url` in its place, and no button.
    `is_listed_singly`: what it takes waits one by one for whoever has to do it, so their list of work leaves the step out.
    """

    title: str
    why: str
    act: str
    url: str
    rank: int
    icon: str = ""
    is_listed_singly: bool = False
    may: Callable[[User, AISystem], Decision] | None = None


@dataclass(frozen=True)
class Standing:
    """One requirement of one system, in words, with what to do when it doesn't hold. `url` is a page for everybody who reads the system."""

    state: Literal["holds", "stale", "missing"]
    words: str
    url: str = ""
    step: Step | None = None


@dataclass(frozen=True)
class ReadinessFact:
    """One or several requirements of a stage, worked out from rows, never stored."""

    slug: str
    stage: Literal["identify", "measure", "mitigate", "operate"]
    load: Callable[[Sequence[AISystem], User], Mapping[int, Sequence[Standing]]]
    order: int = 0


@dataclass(frozen=True)
class DeploymentPanel:
    """One box on a deployment's page; `template` gets `deployment`, `user` and the loaded data as `panel`."""

    slug: str
    template: str
    load: Callable[[Sequence[Any], User], Mapping[int, PanelData]]  # deployments -> by deployment id
    order: int = 0


@dataclass(frozen=True)
class Share:
    """One configuration of an order, with its part of the traffic in percent."""

    configuration: Configuration
    percent: int


@dataclass(frozen=True)
class CheckResult:
    """What one check found about an order: a sentence for a person, and where to see or mend it."""

    ok: bool
    words: str
    url: str = ""


@dataclass(frozen=True)
class ActivationCheck:
    """What has to hold before an order comes into force. Runs in the activation's transaction, under the system's lock.

    `is_integrity` checks guard the truth of what is recorded and are never passed over; the others are skipped by an emergency activation and by
    going back to what passed before.
    """

    slug: str
    label: str
    check: Callable[[AISystem, Environment, Sequence[Share], User], Sequence[CheckResult]]
    is_integrity: bool = False
    order: int = 0


@dataclass(frozen=True)
class UseFollower:
    """What an app further up brings up to date in the transaction in which an intended use is archived or restored.

    `follow` gets the use as it is now, who did it and why; it asks for no right of its own, since it only works out anew what follows from the move.
    """

    slug: str
    follow: Callable[[IntendedUse, User, str], None]


system_panels: Registry[SystemPanel] = Registry(SystemPanel)
portfolio_columns: Registry[PortfolioColumn] = Registry(PortfolioColumn)
readiness_facts: Registry[ReadinessFact] = Registry(ReadinessFact)
deployment_panels: Registry[DeploymentPanel] = Registry(DeploymentPanel)
activation_checks: Registry[ActivationCheck] = Registry(ActivationCheck)
use_followers: Registry[UseFollower] = Registry(UseFollower)
