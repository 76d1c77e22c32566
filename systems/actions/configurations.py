"""Freezing a deployment, a metaprompt version and parameters into a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean
from raiportal.errors import Invalid
from systems import parameters as call_parameters
from systems import policies, snapshots
from systems.enums import Target
from systems.models import Configuration, Deployment, FilterConfiguration, MetapromptVersion


@transaction.atomic
def add_configuration(
    *,
    deployment: Deployment,
    metaprompt: MetapromptVersion | None = None,
    filters: FilterConfiguration | None = None,
    parameters: Mapping[str, Any] | None = None,
    note: str = "",
    actor: User,
) -> Configuration:
    """Freeze what shapes an answer. The same again returns the configuration that is there.

    An application has parameters of its own and gets none; a metaprompt is only recorded as the one that it has inside. Filters are recorded, never
    sent: they are set at the provider. Raises PolicyDenied or Invalid.
    """
    locked: Deployment = Deployment.objects.lock(deployment.pk)
    policies.may_add_configuration(actor, locked).require()
    _require_same_system(locked, metaprompt, filters)
    checked = call_parameters.checked(parameters or {})
    if checked and locked.target == Target.APPLICATION:
        raise Invalid("An application has parameters of its own: the portal sends it none.", field="parameters")
    return freeze(locked, metaprompt, checked, note.strip(), actor, filters=filters)


def freeze(
    deployment: Deployment,
    metaprompt: MetapromptVersion | None,
    checked: Mapping[str, Any],
    note: str,
    actor: User,
    *,
    filters: FilterConfiguration | None = None,
) -> Configuration:
    """The configuration of these parts, made if it isn't there. The caller holds the deployment's lock and has asked the policy."""
    snapshot = snapshots.snapshot_of(deployment, metaprompt, checked, filters)
    digest = snapshots.digest_of(snapshot)
    known = Configuration.objects.filter(deployment=deployment, digest=digest).first()
    if known is not None:
        return known  # type: ignore[no-any-return]
    configuration = Configuration(
        system_id=deployment.system_id,
        deployment=deployment,
        metaprompt=metaprompt,
        filters=filters,
        parameters=dict(checked),
        snapshot=snapshot,
        digest=digest,
        note=note,
        created_by=actor,
    )
    require_clean(configuration)
    configuration.save(force_insert=True)
    ledger.record("systems.configuration_added", subject=configuration, actor=actor, snapshot=snapshot, digest=digest, note=note)
    return configuration


def _require_same_system(deployment: Deployment, metaprompt: MetapromptVersion | None, filters: FilterConfiguration | None) -> None:
    if metaprompt is not None and metaprompt.system_id != deployment.system_id:
        raise Invalid("The metaprompt belongs to another system than the deployment.", field="metaprompt")
    if filters is not None and filters.system_id != deployment.system_id:
        raise Invalid("The filters belong to another system than the deployment.", field="filters")
