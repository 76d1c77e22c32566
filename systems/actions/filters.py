"""New versions of a system's content filters, as the provider has them set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid
from systems import filter_settings, policies
from systems.enums import FilterProvider
from systems.models import AISystem, FilterConfiguration
from systems.snapshots import digest_of


@transaction.atomic
def add_filter_configuration(
    *, system: AISystem, name: str, settings: Mapping[str, Any], provider: str = FilterProvider.AZURE_OPENAI, note: str = "", actor: User
) -> FilterConfiguration:
    """Keep these settings (see `systems.filter_settings`) as the system's next version. Raises Invalid when they are the latest's already."""
    locked = AISystem.objects.lock(system.pk)
    policies.may_act_in(actor, locked).require()
    name = require_text(name, field="name", sentence="Give the filters a name.")
    kept = filter_settings.checked(settings)
    latest = FilterConfiguration.objects.filter(system=locked).order_by("-number").first()
    digest = digest_of({"provider": provider, "settings": kept})
    if latest is not None and (latest.digest, latest.name) == (digest, name):
        raise Invalid(f"These are the settings of version {latest.number} already.", field="settings", code="unchanged")
    number = latest.number + 1 if latest else 1
    added = FilterConfiguration(system=locked, number=number, name=name, provider=provider, settings=kept, note=note.strip(), digest=digest, created_by=actor)
    require_clean(added)
    added.save(force_insert=True)
    ledger.record("systems.filter_configuration_added", subject=added, actor=actor, number=number, name=name, provider=provider, digest=digest, note=added.note)
    return added
