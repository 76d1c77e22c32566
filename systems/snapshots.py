"""What a configuration freezes: everything that shapes an answer, its digest, and the call target that it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from raiportal.errors import Invalid
from systems.endpoints import parse_endpoint
from systems.models import Deployment, FilterConfiguration, MetapromptVersion
from systems.providers import Target

ENDPOINT_FIELDS = ("provider", "target", "base_url", "model", "api_version")
OPTIONAL_FIELDS = ("api_version",)  # left out of a snapshot where they are empty, as in snapshots that are older than the field


def endpoint_of(deployment: Deployment) -> dict[str, str]:
    """What the deployment says now of where and how calls go, one text for each of ENDPOINT_FIELDS."""
    return {name: str(getattr(deployment, name)) for name in ENDPOINT_FIELDS}


def frozen_endpoint(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """What a snapshot says of it, in the same shape; what it leaves out is empty."""
    return {name: str(snapshot.get(name, "") if name in OPTIONAL_FIELDS else snapshot[name]) for name in ENDPOINT_FIELDS}


def snapshot_of(
    deployment: Deployment, metaprompt: MetapromptVersion | None, parameters: Mapping[str, Any], filters: FilterConfiguration | None = None
) -> dict[str, Any]:
    """`{"provider", "target", "base_url", "model", "api_version"?, "metaprompt": {"number", "digest"} | None, "parameters": {...}, "filters"?: {...}}`.

    `filters` has number and digest too, and is left out where none is known, as in snapshots that are older than the field.
    """
    endpoint = {name: value for name, value in endpoint_of(deployment).items() if value or name not in OPTIONAL_FIELDS}
    sent_first = {"number": metaprompt.number, "digest": metaprompt.digest} if metaprompt else None
    recorded = {"filters": {"number": filters.number, "digest": filters.digest}} if filters else {}
    return {**endpoint, "metaprompt": sent_first, "parameters": dict(parameters), **recorded}


def digest_of(snapshot: Mapping[str, Any]) -> str:
    """SHA-256 of the snapshot as canonical JSON."""
    return hashlib.sha256(json.dumps(snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def target_of(snapshot: Mapping[str, Any]) -> Target:
    """Where calls for this snapshot go."""
    return Target(**frozen_endpoint(snapshot), allowlist=allowlist())


def allowlist() -> tuple[str, ...]:
    """Internal hosts that deployments may call: those an administrator named, and the simulator."""
    return (*settings.ENDPOINT_ALLOWLIST, *_simulator())


def _simulator() -> tuple[str, ...]:
    if not settings.SANDBOX_URL:
        return ()
    try:
        endpoint = parse_endpoint(settings.SANDBOX_URL)
    except Invalid:
        return ()
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return (f"{host}:{endpoint.port}",)
