"""Bringing the shipped reference data into rows. Loading the same content again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from harms import policies
from harms.enums import Axis
from harms.models import HarmCategory, RiskScale, ScaleLevel
from raiportal.accounts.models import User
from raiportal.audit import ledger


@transaction.atomic
def load_scale(content: Mapping[str, Any], actor: User) -> int:
    """Make `{"name", "severity_unit", "frequency_unit", "severity": [{"level", "label", "anchor"}], "frequency": [...]}` the current scale.

    Returns 1 when that is a new version, 0 when it is the current one already.
    """
    policies.may_load_catalogue(actor).require()
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
    latest = RiskScale.objects.select_for_update().order_by("-version").first()
    if latest is not None and latest.digest == digest:
        return 0
    scale = RiskScale.objects.create(
        version=latest.version + 1 if latest else 1,
        name=content["name"],
        severity_unit=content["severity_unit"],
        frequency_unit=content["frequency_unit"],
        digest=digest,
    )
    ScaleLevel.objects.bulk_create(ScaleLevel(scale=scale, axis=axis, **step) for axis in Axis.values for step in content[axis])
    ledger.record("harms.scale_version_added", subject=scale, actor=actor, version=scale.version, digest=digest)
    return 1


@transaction.atomic
def load_categories(content: Mapping[str, Any], actor: User) -> int:
    """Bring `{"source", "version", "categories": [{"slug", "name", "description"}]}` into rows, in that order. Returns how many were made or changed.

    A category that is no longer listed stays, since harms refer to it.
    """
    policies.may_load_catalogue(actor).require()
    source = f"{content['source']}, {content['version']}"
    entries = enumerate(content["categories"], start=1)
    return sum(_load_category({**entry, "source": source, "position": position}, actor) for position, entry in entries)


def _load_category(entry: dict[str, Any], actor: User) -> bool:
    category = HarmCategory.objects.select_for_update().filter(slug=entry["slug"]).first()
    if category is None:
        category = HarmCategory.objects.create(**entry)
        ledger.record("harms.category_added", subject=category, actor=actor, slug=category.slug)
        return True
    return bool(ledger.apply_changes(category, actor=actor, action="harms.category_changed", **entry))
