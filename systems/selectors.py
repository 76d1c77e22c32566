"""Systems, deployments and configurations as pages and rules read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Lower

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import Membership, User
from raiportal.audit import selectors as audit_selectors
from systems import snapshots
from systems.enums import Stage
from systems.extensions import Figure, PanelData, Standing, Step, deployment_panels, portfolio_columns, readiness_facts, system_panels
from systems.models import AISystem, Configuration, Deployment, MetapromptVersion

STAGES = (("identify", "Identify"), ("measure", "Measure"), ("mitigate", "Mitigate"), ("operate", "Operate"))
MOST_STEPS = 3  # things to do next on an overview
MOST_LACKS = 2  # lacks that a stage of the strip names; its tally has them all
MOST_CHANGES = 6  # lines of "What changed"


# --- Configurations and their deployments ---
def endpoint_still_matches(configuration: Configuration) -> bool:
    """Whether the deployment still is what the configuration froze, so that calls for it may use the deployment's key."""
    return snapshots.frozen_endpoint(configuration.snapshot) == snapshots.endpoint_of(configuration.deployment)


def first_configuration(deployment: Deployment) -> Configuration:
    """The oldest configuration that matches the endpoint as it is now: the one that was made by itself. There always is one."""
    return first_configurations([deployment])[deployment.pk]


def first_configurations(deployments: Sequence[Deployment]) -> dict[int, Configuration]:
    """By deployment id, in one query."""
    found: dict[int, Configuration] = {}
    by_id = {deployment.pk: deployment for deployment in deployments}
    for configuration in Configuration.objects.filter(deployment__in=by_id).order_by("pk"):
        configuration.deployment = by_id[configuration.deployment_id]
        if configuration.deployment_id not in found and endpoint_still_matches(configuration):
            found[configuration.deployment_id] = configuration
    return found


def newest_matching_configuration(deployment: Deployment) -> Configuration | None:
    newest_first = Configuration.objects.filter(deployment=deployment).select_related("deployment", "metaprompt").order_by("-pk")
    return next(filter(endpoint_still_matches, newest_first), None)


def newest_configuration_id(deployment: Deployment) -> int | None:
    return Configuration.objects.filter(deployment=deployment).order_by("-pk").values_list("pk", flat=True).first()


def deployments_of(system: AISystem | None) -> QuerySet[Deployment]:
    return Deployment.objects.filter(system=system).annotate(configuration_count=Count("configurations")).order_by("-is_active", Lower("name"), "pk")


def shared_deployments() -> QuerySet[Deployment]:
    """Those of the organisation that are switched on: every system may be judged by them and measure them, whoever may open their pages."""
    return Deployment.objects.filter(system=None, is_active=True).order_by(Lower("name"), "pk")


def configurations_of(system: AISystem) -> QuerySet[Configuration]:
    return Configuration.objects.filter(system=system).select_related("deployment", "metaprompt", "created_by").order_by("-pk")


def metaprompt_versions_of(system: AISystem) -> QuerySet[MetapromptVersion]:
    return MetapromptVersion.objects.filter(system=system).select_related("created_by").order_by("-number")


def latest_metaprompt(system: AISystem) -> MetapromptVersion | None:
    return metaprompt_versions_of(system).first()


# --- People ---
def people_in(system: AISystem) -> QuerySet[Membership]:
    return Membership.objects.filter(scope_id=system.pk).select_related("user").order_by("role", Lower("user__name"), "pk")


def people_to_choose() -> QuerySet[User]:
    """Everybody who may be given a role or own something."""
    return User.objects.filter(is_active=True).exclude(kind=UserKind.SYSTEM).order_by(Lower("name"), "pk")


# --- Where systems stand ---
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
    return found


def strip_of(by_stage: dict[str, list[Standing]]) -> list[StageStanding]:
    """The stages that have requirements, in order."""
    return [_stage(slug, label, by_stage[slug]) for slug, label in STAGES if by_stage.get(slug)]


def _stage(slug: str, label: str, stated: list[Standing]) -> StageStanding:
    count = {state: sum(standing.state == state for standing in stated) for state in ("holds", "stale", "missing")}
    lacks = [standing for standing in stated if standing.state != "holds"]
    url = next((standing.url for standing in (*lacks, *stated) if standing.url), "")
    return StageStanding(slug, label, url, count["holds"], count["stale"], count["missing"], tuple(lacks[:MOST_LACKS]))


def next_steps(by_stage: dict[str, list[Standing]]) -> list[Step]:
    """At most three things to do, most urgent first."""
    steps = [standing.step for stated in by_stage.values() for standing in stated if standing.step and standing.state != "holds"]
    return sorted(steps, key=lambda step: step.rank)[:MOST_STEPS]


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

    @property
    def total(self) -> int:
        return self.holds + self.stale + self.missing


def portfolio(user: User, *, retired: bool = False) -> QuerySet[AISystem]:
    """Systems in work (or the retired ones) that this person may see, by name."""
    visible = AISystem.objects.visible_to(user).select_related("owner")
    chosen = visible.filter(stage=Stage.RETIRED) if retired else visible.exclude(stage=Stage.RETIRED)
    return chosen.order_by(Lower("scope__name"), "pk")  # type: ignore[no-any-return]


def columns() -> list[Any]:
    return sorted(portfolio_columns, key=lambda column: column.order)


def portfolio_rows(systems: Sequence[AISystem], user: User) -> list[PortfolioRow]:
    """Figures and lacks of these systems; a fixed number of queries."""
    figures = [(column.label, column.load(systems, user)) for column in columns()]
    stated = standings(systems, user)
    return [_portfolio_row(system, [(label, loaded.get(system.pk)) for label, loaded in figures], stated[system.pk]) for system in systems]


def _portfolio_row(system: AISystem, figures: Iterable[tuple[str, Figure | None]], by_stage: dict[str, list[Standing]]) -> PortfolioRow:
    strip = strip_of(by_stage)
    lacks = [lack for stage in strip for lack in stage.lacks]
    sums = {name: sum(getattr(stage, name) for stage in strip) for name in ("holds", "stale", "missing")}
    return PortfolioRow(system, tuple(figures), lack=lacks[0] if lacks else None, **sums)


# --- One system's page ---
def panels_of(system: AISystem, user: User) -> dict[str, list[tuple[str, PanelData]]]:
    """Templates of the boxes that other apps fill, with their data, by place."""
    shown: dict[str, list[tuple[str, PanelData]]] = {"main": [], "side": []}
    for panel in sorted(system_panels, key=lambda entry: entry.order):
        loaded = panel.load([system], user).get(system.pk)
        if loaded is not None:
            shown[panel.place].append((panel.template, loaded))
    return shown


def panels_of_deployment(deployment: Deployment, user: User) -> list[tuple[str, PanelData]]:
    loaded = [(panel.template, panel.load([deployment], user).get(deployment.pk)) for panel in sorted(deployment_panels, key=lambda entry: entry.order)]
    return [(template, data) for template, data in loaded if data is not None]


def changes_in(system: AISystem, user: User) -> list[audit_selectors.Line]:
    """What was done in this system last, by the ledger."""
    return audit_selectors.lines(audit_selectors.entries(user).filter(scope_id=system.pk).exclude(action="refused")[:MOST_CHANGES])
