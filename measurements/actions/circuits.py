"""Closing the circuit breaker of a deployment, with one row in the ledger for each time it was open."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from measurements import policies
from measurements.models import Circuit, Grant
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from systems.models import Deployment

CLOSED = "measurements.circuit_closed"


@transaction.atomic
def close_circuit(*, deployment_id: int, opened_at: datetime.datetime, has_answered: bool, actor: User) -> bool:
    """Let calls to a deployment be made again, since it has answered or since nobody has asked it for long.

    Returns False when that circuit is closed already; the one that another pump opened meanwhile stays open. Raises PolicyDenied.
    """
    policies.may_close_circuit(actor).require()
    deployment: Deployment = Deployment.objects.lock(deployment_id)
    circuit = Circuit.objects.filter(deployment=deployment, opened_at=opened_at).first()
    if circuit is None:
        return False
    circuit.delete()
    ledger.record(
        CLOSED,
        subject=deployment,
        actor=actor,
        opened_at=circuit.opened_at,
        seconds=round((clocks.now() - circuit.opened_at).total_seconds(), 1),
        probes=circuit.probes,
        last_error=circuit.last_error,
        has_answered=has_answered,
    )
    return True


def close_unwatched_circuits(*, actor: User) -> int:
    """Close the circuits of deployments that nobody calls and that were opened too long ago to say anything. Returns their number."""
    watched = Grant.objects.filter(deployment=OuterRef("deployment"), expires_at__gt=clocks.now())
    oldest = clocks.now() - datetime.timedelta(seconds=settings.ENGINE_DOWN_SECONDS)
    stale = Circuit.objects.filter(~Exists(watched), opened_at__lt=oldest).values_list("deployment_id", "opened_at")
    return sum(close_circuit(deployment_id=pk, opened_at=opened_at, has_answered=False, actor=actor) for pk, opened_at in stale)
