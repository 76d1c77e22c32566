"""What is active where, what was, and what stands in the way of a change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from raiportal.accounts.models import User
from systems.enums import ActivationKind, EmergencyState, Environment
from systems.extensions import CheckResult, Share, activation_checks
from systems.models import Activation, ActivationShare, AISystem, Configuration, EmergencyActivation

MOST_HISTORY = 100  # activations that the page of a system lists; the API has all
ENVIRONMENTS = (Environment.PRODUCTION, Environment.STAGING, Environment.DEVELOPMENT)


@dataclass(frozen=True)
class Place:
    """One environment of a system: the order in force, and an emergency activation that waits."""

    environment: Environment
    activation: Activation | None
    shares: tuple[ActivationShare, ...]
    waiting: EmergencyActivation | None


# --- What is active ---
def active_in(system: AISystem, environment: Environment) -> Activation | None:
    return Activation.objects.filter(system=system, environment=environment).order_by("-pk").first()  # type: ignore[no-any-return]


def newest_activations(systems: Iterable[AISystem]) -> list[Activation]:
    """The activation in force of each system and environment, in one query."""
    wanted = [system.pk for system in systems]
    newest = Activation.objects.filter(system__in=wanted).order_by().values("system", "environment").annotate(newest=Max("pk")).values("newest")
    return list(Activation.objects.filter(pk__in=newest).order_by("system_id", "environment"))


def active_configurations(systems: Iterable[AISystem]) -> dict[int, dict[str, list[ActivationShare]]]:
    """By system id and environment, the order in force; two queries for any number of systems."""
    activations = {row.pk: row for row in newest_activations(systems)}
    found: dict[int, dict[str, list[ActivationShare]]] = defaultdict(dict)
    for share in ActivationShare.objects.filter(activation__in=activations).select_related("configuration").order_by("activation_id", "position"):
        activation = activations[share.activation_id]
        found[activation.system_id].setdefault(activation.environment, []).append(share)
    return dict(found)


def environments_of(configurations: Sequence[Configuration]) -> dict[int, list[tuple[Environment, int]]]:
    """By configuration id, the environments in which it is active now, with its share."""
    owners = AISystem.objects.filter(pk__in={row.system_id for row in configurations if row.system_id is not None})
    found: dict[int, list[tuple[Environment, int]]] = defaultdict(list)
    for by_environment in active_configurations(owners).values():
        for environment in ENVIRONMENTS:
            for share in by_environment.get(environment, ()):
                found[share.configuration_id].append((environment, share.share))
    return dict(found)


def order_of(activation: Activation) -> list[tuple[int, int]]:
    """Configuration ids with their shares, first to last."""
    return list(activation.shares.order_by("position").values_list("configuration_id", "share"))


def places_of(system: AISystem) -> list[Place]:
    """Every environment, production first."""
    newest = {row.environment: row for row in _with_people(Activation.objects.filter(pk__in=[row.pk for row in newest_activations([system])]))}
    waiting = {row.environment: row for row in emergencies_of(system).filter(state=EmergencyState.WAITING)}
    shares: dict[int, list[ActivationShare]] = defaultdict(list)
    rows = ActivationShare.objects.filter(activation__in=newest.values()).select_related("configuration__deployment", "configuration__metaprompt")
    for row in rows.order_by("activation_id", "position"):
        shares[row.activation_id].append(row)
    return [_place(environment, newest.get(environment), shares, waiting.get(environment)) for environment in ENVIRONMENTS]


def _place(environment: Environment, activation: Activation | None, shares: dict[int, list[ActivationShare]], waiting: EmergencyActivation | None) -> Place:
    return Place(environment, activation, tuple(shares[activation.pk]) if activation else (), waiting)


# --- What was ---
def history_of(system: AISystem) -> list[Activation]:
    """What was active, newest first, with people and shares at hand."""
    rows = _with_people(Activation.objects.filter(system=system)).prefetch_related("shares__configuration")
    return list(rows.order_by("-pk")[:MOST_HISTORY])


def emergencies_of(system: AISystem) -> QuerySet[EmergencyActivation]:
    """Newest first, with people and what was asked for at hand."""
    rows = EmergencyActivation.objects.filter(system=system).select_related("system__scope", "created_by", "confirmed_by", "reviewed_by")
    return rows.prefetch_related("shares__configuration").order_by("-pk")  # type: ignore[no-any-return]


def _with_people(rows: QuerySet[Activation]) -> QuerySet[Activation]:
    return rows.select_related("created_by", "emergency__created_by", "emergency__confirmed_by")


def passed_before(system: AISystem, environment: Environment, shares: Sequence[Share]) -> bool:
    """Whether each configuration was active there before, with no smaller share, in an order that had passed every check."""
    wanted = {share.configuration.pk: share.percent for share in shares}
    rows = ActivationShare.objects.filter(activation__system=system, activation__environment=environment, configuration__in=wanted)
    passed = rows.exclude(activation__kind=ActivationKind.EMERGENCY).order_by().values_list("configuration_id").annotate(most=Max("share"))
    most = dict(passed.values_list("configuration_id", "most"))
    return all(percent <= most.get(pk, 0) for pk, percent in wanted.items())


# --- What stands in the way ---
def integrity_results(system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    """What is never passed over, however urgent."""
    return _results(True, system, environment, shares, user)


def higher_results(system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    """What apps further up require before an order that never passed comes into force."""
    return _results(False, system, environment, shares, user)


def _results(is_integrity: bool, system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    checks = sorted((check for check in activation_checks if check.is_integrity == is_integrity), key=lambda check: check.order)
    return [result for check in checks for result in check.check(system, environment, shares, user)]
