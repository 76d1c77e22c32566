"""Where systems stand: requirements stage by stage, the portfolio, the boxes of a system's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.audit import selectors as audit_selectors
from systems import policies
from systems.enums import Environment, Stage
from systems.extensions import Figure, PanelData, Standing, Step, deployment_panels, portfolio_columns, readiness_facts, system_panels
from systems.models import ActivationShare, AISystem, Deployment
from systems.selectors.activations import active_configurations

STAGES = (("identify", "Identify"), ("measure", "Measure"), ("mitigate", "Mitigate"), ("operate", "Operate"))
MOST_STEPS = 3  # things to do next on an overview
MOST_LACKS = 2  # lacks that a stage of the strip names; its tally has them all
MOST_CHANGES = 6  # lines of "What changed"


# --- Requirements ---
@dataclass(frozen=True)
class StageStanding:
    """One stage of one system: its requirements, counted and the first lacks in words."""

    slug: str
    label: str
    url: str
    holds: int
    stale: int
    missing: int
    lacks: tuple[Standing, ...]

    @property
    def total(self) -> int:
        return self.holds + self.stale + self.missing


def standings(systems: Sequence[AISystem], user: User) -> dict[int, dict[str, list[Standing]]]:
    """By system id and stage, every requirement that some app registered; a fixed number of queries for any number of systems."""
    found: dict[int, dict[str, list[Standing]]] = {system.pk: {} for system in systems}
    for fact in sorted(readiness_facts, key=lambda entry: entry.order):
        for system_id, stated in fact.load(systems, user).items():
            found[system_id].setdefault(fact.stage, []).extend(stated)
    for system in systems:
        found[system.pk] = {stage: [_within_rights(standing, user, system) for standing in stated] for stage, stated in found[system.pk].items()}
    for system in _read_in_part(systems, user):
        found[system.pk] = {stage: [_without_links(standing) for standing in stated] for stage, stated in found[system.pk].items()}
    return found


def _within_rights(standing: Standing, user: User, system: AISystem) -> Standing:
    """The same, with its step leading to what this person may read, and no act, where somebody else has to do it."""
    if standing.step is None or (standing.step.may or policies.may_act_in)(user, system):
        return standing
    return replace(standing, step=replace(standing.step, url=standing.url, act=""))


def _read_in_part(systems: Sequence[AISystem], user: User) -> list[AISystem]:
    """Those of which this person may read no more than the overview."""
    return [system for system in systems if not roles.sees(user, system.pk)]


def _without_links(standing: Standing) -> Standing:
    """The same in words alone, for somebody who may not open what they lead to."""
    return replace(standing, url="", step=standing.step and replace(standing.step, url=""))


def strip_of(by_stage: dict[str, list[Standing]]) -> list[StageStanding]:
    """The stages that have requirements, in order."""
    return [_stage(slug, label, by_stage[slug]) for slug, label in STAGES if by_stage.get(slug)]


def _stage(slug: str, label: str, stated: list[Standing]) -> StageStanding:
    count = {state: sum(standing.state == state for standing in stated) for state in ("holds", "stale", "missing")}
    lacks = [standing for standing in stated if standing.state != "holds"]
    url = next((standing.url for standing in (*lacks, *stated) if standing.url), "")
    return StageStanding(slug, label, url, count["holds"], count["stale"], count["missing"], tuple(lacks[:MOST_LACKS]))


def next_steps(by_stage: dict[str, list[Standing]], *, own_alone: bool = False) -> list[Step]:
    """At most three things to do, most urgent first; `own_alone` leaves out what somebody else has to do, or what waits for the reader one by one."""
    steps = [standing.step for stated in by_stage.values() for standing in stated if standing.step and standing.state != "holds"]
    wanted = [step for step in steps if step.act and not step.is_listed_singly] if own_alone else steps
    return sorted(wanted, key=lambda step: step.rank)[:MOST_STEPS]


# --- The portfolio ---
@dataclass(frozen=True)
class PortfolioRow:
    """One system in the portfolio; `figures` are the columns' labels with their figures."""

    system: AISystem
    figures: tuple[tuple[str, Figure | None], ...]
    holds: int
    stale: int
    missing: int
    lack: Standing | None
    active: tuple[ActivationShare, ...] = ()  # in production

    @property
    def total(self) -> int:
        return self.holds + self.stale + self.missing


def portfolio(user: User, *, retired: bool = False) -> QuerySet[AISystem]:
    """Systems in work (or the retired ones) that this person may know of, by name."""
    visible = AISystem.objects.overview_visible_to(user).select_related("owner")
    chosen = visible.filter(stage=Stage.RETIRED) if retired else visible.exclude(stage=Stage.RETIRED)
    return chosen.order_by(Lower("scope__name"), "pk")  # type: ignore[no-any-return]


def columns() -> list[Any]:
    return sorted(portfolio_columns, key=lambda column: column.order)


def portfolio_rows(systems: Sequence[AISystem], user: User) -> list[PortfolioRow]:
    """Figures and lacks of these systems; a fixed number of queries."""
    figures = [(column.label, dict(column.load(systems, user))) for column in columns()]
    for system in _read_in_part(systems, user):
        for _, loaded in figures:
            if system.pk in loaded:
                loaded[system.pk] = replace(loaded[system.pk], url="")
    stated = standings(systems, user)
    active = active_configurations(systems)
    rows = [_portfolio_row(system, [(label, loaded.get(system.pk)) for label, loaded in figures], stated[system.pk]) for system in systems]
    return [replace(row, active=tuple(active.get(row.system.pk, {}).get(Environment.PRODUCTION, ()))) for row in rows]


def _portfolio_row(system: AISystem, figures: Iterable[tuple[str, Figure | None]], by_stage: dict[str, list[Standing]]) -> PortfolioRow:
    strip = strip_of(by_stage)
    lacks = [lack for stage in strip for lack in stage.lacks]
    sums = {name: sum(getattr(stage, name) for stage in strip) for name in ("holds", "stale", "missing")}
    return PortfolioRow(system, tuple(figures), lack=lacks[0] if lacks else None, **sums)


# --- One system's page ---
def panels_of(system: AISystem, user: User) -> dict[str, list[tuple[str, PanelData]]]:
    """Templates of the boxes that other apps fill, with their data, by place; none for those who may read the overview alone."""
    shown: dict[str, list[tuple[str, PanelData]]] = {"main": [], "side": []}
    if not roles.sees(user, system.pk):
        return shown
    for panel in sorted(system_panels, key=lambda entry: entry.order):
        loaded = panel.load([system], user).get(system.pk)
        if loaded is not None:
            shown[panel.place].append((panel.template, loaded))
    return shown


def panels_of_deployment(deployment: Deployment, user: User) -> list[tuple[str, PanelData]]:
    loaded = [(panel.template, panel.load([deployment], user).get(deployment.pk)) for panel in sorted(deployment_panels, key=lambda entry: entry.order)]
    return [(template, data) for template, data in loaded if data is not None]


def changes_in(system: AISystem, user: User) -> list[audit_selectors.Line]:
    """What was done in this system last, by the ledger; nothing for those who may read the overview alone."""
    return audit_selectors.lines(audit_selectors.entries(user).filter(scope_id=system.pk).exclude(action="refused")[:MOST_CHANGES])
