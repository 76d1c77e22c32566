"""One real call to a deployment, for a person who wants to know whether it works."""

from __future__ import annotations

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Missing
from systems import policies, providers, snapshots
from systems.models import Deployment


def test_deployment(*, deployment_id: int, actor: User) -> providers.TestResult:
    """Ask the endpoint one small question, with the stored key. No lock or transaction is held meanwhile. Raises PolicyDenied or Missing."""
    deployment = Deployment.objects.select_related("system").filter(pk=deployment_id).first()
    if deployment is None:
        raise Missing("This deployment isn't there any more.")
    policies.may_test_deployment(actor, deployment).require()
    result = providers.test_call(snapshots.target_of(snapshots.endpoint_of(deployment)), deployment.api_key)
    ledger.record("systems.deployment_tested", subject=deployment, actor=actor, ok=result.ok, latency_ms=result.latency_ms)
    return result
