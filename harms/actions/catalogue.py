"""Bringing the catalogue's scale and categories into rows that harms refer to. Bringing in the same again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from harms import acceptance, policies
from harms.enums import Axis
from harms.models import HarmCategory, RiskScale, ScaleLevel
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.catalogues.models import CatalogueEntry
from raiportal.errors import Invalid

LEVELS = ["1", "2", "3", "4", "5"]


@transaction.atomic
def apply_scale(entries: Sequence[CatalogueEntry], actor: User) -> int:
    """Make what the catalogue's one entry says the current scale. Returns 1 when that is a new version, 0 when it is the current one already.

    The caller holds the entry's lock. Scales themselves are written once, so the portal's database role may not lock them.
    """
    policies.may_load_catalogue(actor).require()
    content = _scale(entries[0])
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
    latest = RiskScale.objects.order_by("-version").first()
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


def _scale(entry: CatalogueEntry) -> dict[str, Any]:
    axes = {axis: entry.body[axis] for axis in Axis.values}
    for axis, steps in axes.items():
        if [step["level"] for step in steps] != LEVELS or not all(step["label"] and step["anchor"] for step in steps):
            raise Invalid("Each axis needs the levels 1 to 5 in order, each with a label and an anchor.", field=axis)
    units = {name: entry.body[name] for name in ("severity_unit", "frequency_unit")}
    numbered = {axis: [{**step, "level": int(step["level"])} for step in steps] for axis, steps in axes.items()}
    return {"name": entry.title, **units, **numbered}


@transaction.atomic
def apply_categories(entries: Sequence[CatalogueEntry], actor: User) -> int:
    """Bring the catalogue's categories into rows, in their order. Returns how many were made or changed.

    A category that is ended stays, since harms refer to it.
    """
    policies.may_load_catalogue(actor).require()
    return sum(_apply_category(_category(entry), actor) for entry in entries)


def _category(entry: CatalogueEntry) -> dict[str, Any]:
    source = ", ".join(part for part in (entry.source, entry.source_version) if part)[:200]
    return {"slug": entry.slug, "name": entry.title, "description": entry.body["description"][:400], "source": source, "position": entry.position}


def _apply_category(said: Mapping[str, Any], actor: User) -> bool:
    category = HarmCategory.objects.select_for_update().filter(slug=said["slug"]).first()
    if category is None:
        category = HarmCategory.objects.create(**said)
        ledger.record("harms.category_added", subject=category, actor=actor, slug=category.slug)
        return True
    return bool(ledger.apply_changes(category, actor=actor, action="harms.category_changed", **said))


def apply_acceptance_rules(entries: Sequence[CatalogueEntry], actor: User) -> int:
    """Check that every score can be accepted by somebody; the entries themselves are what is read. Raises Invalid."""
    policies.may_load_catalogue(actor).require()
    acceptance.rules_of((entry.title, entry.body) for entry in entries)
    return 0
