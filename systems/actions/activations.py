"""Making an order of configurations the active one of an environment, and going back to what passed before."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Invalid, StaleSnapshot, Unmet
from systems import policies, selectors
from systems.enums import ActivationKind, Environment
from systems.extensions import Share
from systems.models import Activation, ActivationShare, AISystem, Configuration, Deployment

MOST_SHARES = 20  # configurations in one order


@transaction.atomic
def activate(*, system_id: int, environment: str, shares: Sequence[Share], reason: str, replaces: int | None = None, actor: User) -> Activation:
    """Put an order of configurations, first to last, into force in an environment.

    Every registered check runs under the system's lock; going back to configurations that passed there before, each with no greater share than it had
    then, passes over all but the integrity checks. `replaces` names the activation that the caller saw in force (0: none).
    Raises PolicyDenied, Invalid, Unmet with everything that is missing, or StaleSnapshot when another order came first.
    """
    system: AISystem = AISystem.objects.lock(system_id)
    policies.may_activate(actor, system).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    place, order = _environment(environment), locked_shares(shares)
    current = selectors.active_in(system, place)
    if replaces is not None and replaces != (current.pk if current else 0):
        raise StaleSnapshot("Somebody changed what is active here after you opened the page. Look at it again.")
    require_integrity(system, place, order, actor)
    if current is not None and selectors.order_of(current) == [(share.configuration.pk, share.percent) for share in order]:
        raise Invalid("This is what is active there already.", field="shares", code="unchanged")
    passed = selectors.passed_before(system, place, order)
    if not passed:
        _require_met(selectors.higher_results(system, place, order, actor))
    return put_into_force(system, place, order, ActivationKind.RETURN if passed else ActivationKind.NORMAL, reason, actor)


def locked_shares(shares: Sequence[Share]) -> list[Share]:
    """The order with its deployments under their locks, so that none is switched off or changed meanwhile."""
    if not 1 <= len(shares) <= MOST_SHARES:
        raise Invalid(f"An order has from 1 to {MOST_SHARES} configurations.", field="shares")
    wanted = {share.configuration.deployment_id for share in shares}
    deployments = {row.pk: row for row in Deployment.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=wanted).order_by("pk")}
    found = Configuration.objects.in_bulk([share.configuration.pk for share in shares])
    for configuration in found.values():
        configuration.deployment = deployments[configuration.deployment_id]
    return [Share(found[share.configuration.pk], share.percent) for share in shares]


def require_integrity(system: AISystem, environment: Environment, shares: Sequence[Share], actor: User) -> None:
    _require_met(selectors.integrity_results(system, environment, shares, actor))


def put_into_force(system: AISystem, environment: Environment, shares: Sequence[Share], kind: ActivationKind, reason: str, actor: User) -> Activation:
    """Write the order. The caller holds the system's lock, has asked the policy and run the checks."""
    made = Activation(system=system, environment=environment, kind=kind, reason=reason, created_by=actor)
    made.save(force_insert=True)
    ActivationShare.objects.bulk_create(
        ActivationShare(activation=made, position=place, configuration=share.configuration, share=share.percent) for place, share in enumerate(shares, start=1)
    )
    order = [{"configuration": share.configuration.pk, "digest": share.configuration.digest, "share": share.percent} for share in shares]
    ledger.record("systems.activated", subject=made, actor=actor, reason=reason, environment=environment, kind=kind, shares=order)
    return made


def _environment(environment: str) -> Environment:
    if environment not in Environment.values:
        raise Invalid(f"An environment is one of {', '.join(Environment.values)}.", field="environment")
    return Environment(environment)


def _require_met(results: Sequence[selectors.CheckResult]) -> None:
    if missing := [result.words for result in results if not result.ok]:
        raise Unmet(missing)
