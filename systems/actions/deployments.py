"""Model endpoints: entering, changing, switching off and on. A stored key goes only to the place it was entered for."""

from __future__ import annotations

import decimal
import re
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid
from systems import addressing, policies, selectors, snapshots
from systems.actions.configurations import freeze
from systems.endpoints import check_url, same_place
from systems.enums import Provider, Target
from systems.models import AISystem, Deployment, ModelCard

SHORTEST_HINTED_KEY = 12  # characters; of a shorter key four would give too much away
HINT_LENGTH = 4
LONGEST_KEY = 4_000  # characters; tokens of cloud identity are the longest keys in use
MOST_CONCURRENCY = 1_000  # calls at a time, also in the table's constraint
LONGEST_TIMEOUT_SECONDS = 600

KEY_SHAPE = re.compile(r"[!-~]*")  # ASCII without spaces
KEY_AGAIN = "The address leads to another place now, so enter the key for it again, or say that it needs none."
NAME_TAKEN = "There is a deployment of this name already."


class NewSettings(TypedDict, total=False):
    """What may be left out of a new deployment. Rates are per minute, prices per million tokens."""

    provider: str
    target: str
    api_version: str
    model_card: ModelCard | None
    environment: str
    max_concurrency: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    timeout_seconds: int
    input_price: decimal.Decimal | None
    output_price: decimal.Decimal | None
    currency: str


class Settings(NewSettings, total=False):
    """What can be set about a deployment."""

    name: str
    base_url: str
    model: str


def add_deployment(
    *,
    system: AISystem | None,
    name: str,
    base_url: str,
    model: str = "",
    api_key: str = "",
    actor: User,
    **rest: Unpack[NewSettings],
) -> Deployment:
    """Enter an endpoint, with its first configuration (see `selectors.first_configuration`). `system` None: it belongs to the organisation.

    `provider` is an OpenAI-compatible one and `target` a model unless said otherwise; only an application may do without `model`. For Azure
    `base_url` is the resource's address, `model` the name of the deployment there, and `api_version` "" takes the newest general one.
    Raises PolicyDenied, or Invalid for a taken name, an address that may not be called or a value out of range.
    """
    given = {"name": name, "base_url": base_url, "model": model, **rest}
    try:
        return _add_deployment(system, given, api_key, actor)
    except IntegrityError as error:
        raise _explained(error) from error


@transaction.atomic
def _add_deployment(system: AISystem | None, given: dict[str, Any], api_key: str, actor: User) -> Deployment:
    locked = AISystem.objects.lock(system.pk) if system else None
    policies.may_add_deployment(actor, locked).require()
    key, hint = _fitting_key(api_key)
    deployment = Deployment(system=locked, created_by=actor, api_key=key, api_key_hint=hint)
    fitting = _fitting(deployment, {"provider": Provider.OPENAI_COMPATIBLE, "target": Target.MODEL, **given})
    for field, value in fitting.items():
        setattr(deployment, field, value)
    require_clean(deployment)
    deployment.save(force_insert=True)
    ledger.record("systems.deployment_added", subject=deployment, actor=actor, has_key=bool(key), **_told(fitting))
    freeze(deployment, None, {}, "", actor)
    return deployment


def edit_deployment(*, deployment_id: int, api_key: str | None = None, actor: User, **changes: Unpack[Settings]) -> Deployment:
    """Change those settings that are given. `api_key` None keeps the key, "" removes it.

    Another scheme, host or port needs the key again. Another address, model, provider, target or API version makes a new configuration by itself,
    like the newest that matched so far. Raises PolicyDenied or Invalid.
    """
    try:
        return _edit_deployment(deployment_id, api_key, dict(changes), actor)
    except IntegrityError as error:
        raise _explained(error) from error


@transaction.atomic
def _edit_deployment(deployment_id: int, api_key: str | None, changes: dict[str, Any], actor: User) -> Deployment:
    deployment: Deployment = Deployment.objects.lock(deployment_id)
    policies.may_change_deployment(actor, deployment).require()
    given = _fitting(deployment, changes)
    moved = "base_url" in given and not same_place(given["base_url"], deployment.base_url)
    if moved and api_key is None and deployment.api_key:
        raise Invalid(KEY_AGAIN, field="api_key", code="key_needed")
    if api_key is not None:
        given["api_key"], given["api_key_hint"] = _fitting_key(api_key)
    newest = selectors.newest_matching_configuration(deployment)
    before = snapshots.endpoint_of(deployment)
    _require_fitting(deployment, given)
    ledger.apply_changes(deployment, actor=actor, action="systems.deployment_changed", **given)
    if snapshots.endpoint_of(deployment) != before:
        sent = newest.parameters if newest and deployment.target == Target.MODEL else {}
        metaprompt, filters = (newest.metaprompt, newest.filters) if newest else (None, None)
        freeze(deployment, metaprompt, sent, "Made when the deployment changed", actor, filters=filters)
    return deployment


@transaction.atomic
def switch_off_deployment(*, deployment_id: int, reason: str, actor: User) -> Deployment:
    """No new run can be planned on it; those under way are stopped by whoever runs them. Switching off again changes nothing."""
    return _switch(deployment_id, False, "systems.deployment_switched_off", reason, actor)


@transaction.atomic
def switch_on_deployment(*, deployment_id: int, reason: str = "", actor: User) -> Deployment:
    return _switch(deployment_id, True, "systems.deployment_switched_on", reason or "Switched on again", actor)


def _switch(deployment_id: int, is_active: bool, action: str, reason: str, actor: User) -> Deployment:
    deployment: Deployment = Deployment.objects.lock(deployment_id)
    policies.may_change_deployment(actor, deployment).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    ledger.apply_changes(deployment, actor=actor, action=action, reason=reason, is_active=is_active)
    return deployment


def _fitting(deployment: Deployment, given: dict[str, Any]) -> dict[str, Any]:
    """The settings in the form in which they are stored. Raises Invalid for what no column or network could take."""
    fitting = dict(given)
    if "name" in fitting:
        fitting["name"] = require_text(fitting["name"], field="name", sentence="Give the deployment a name.")
    if "base_url" in fitting:
        fitting["base_url"] = check_url(fitting["base_url"], snapshots.allowlist()).url
    if fitting.keys() & set(snapshots.ENDPOINT_FIELDS):
        fitting |= addressing.fitting(_endpoint_after(deployment, fitting))
    if "currency" in fitting:
        fitting["currency"] = _fitting_currency(fitting["currency"])
    _require_range(fitting, "max_concurrency", 1, MOST_CONCURRENCY)
    _require_range(fitting, "timeout_seconds", 1, LONGEST_TIMEOUT_SECONDS)
    for name in ("requests_per_minute", "tokens_per_minute"):
        _require_range(fitting, name, 1, 2_147_483_647)
    card = fitting.get("model_card")
    if card is not None and card.archived_at is not None and card.pk != deployment.model_card_id:
        raise Invalid("This model card is archived.", field="model_card")
    for name in ("input_price", "output_price"):
        if fitting.get(name) is not None and fitting[name] < 0:
            raise Invalid("A price is zero or more.", field=name)
    return fitting


def _endpoint_after(deployment: Deployment, given: dict[str, Any]) -> dict[str, str]:
    """The endpoint with these changes. An API version goes with Azure alone: a deployment that leaves it loses its own."""
    endpoint = snapshots.endpoint_of(deployment) | {name: given[name] for name in snapshots.ENDPOINT_FIELDS if name in given}
    if "api_version" not in given and endpoint["provider"] != Provider.AZURE_OPENAI:
        endpoint["api_version"] = ""
    return endpoint


def _require_range(given: dict[str, Any], name: str, low: int, high: int) -> None:
    value = given.get(name)
    if value is not None and not low <= value <= high:
        raise Invalid(f"Give a whole number from {low:,} to {high:,}.", field=name)


def _fitting_currency(currency: str) -> str:
    code = currency.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise Invalid("A currency is three letters, like USD.", field="currency")
    return code


def _fitting_key(api_key: str) -> tuple[str, str]:
    """The key and what may be shown of it."""
    key = api_key.strip()
    if not KEY_SHAPE.fullmatch(key) or len(key) > LONGEST_KEY:
        raise Invalid("A key is plain ASCII without spaces or line ends.", field="api_key")
    return key, key[-HINT_LENGTH:] if len(key) >= SHORTEST_HINTED_KEY else ""


def _told(fitting: dict[str, Any]) -> dict[str, Any]:
    """The settings as the ledger keeps them: a model card by its id."""
    card = fitting.get("model_card")
    return {**fitting, "model_card": card.pk if card else None} if "model_card" in fitting else fitting


def _require_fitting(deployment: Deployment, changes: dict[str, Any]) -> None:
    before = {name: getattr(deployment, name) for name in changes}
    for name, value in changes.items():
        setattr(deployment, name, value)
    require_clean(deployment)
    for name, value in before.items():
        setattr(deployment, name, value)


def _explained(error: IntegrityError) -> Exception:
    return Invalid(NAME_TAKEN, field="name", code="name_taken") if "deployment_name_once" in str(error) else error
