"""New wordings of a system's metaprompt."""

from __future__ import annotations

from django.db import transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean
from raiportal.errors import Invalid
from systems import policies
from systems.models import AISystem, MetapromptVersion
from systems.snapshots import text_digest

LONGEST_METAPROMPT = 200_000  # characters; more than any context window that takes metaprompts serves well


@transaction.atomic
def add_metaprompt_version(*, system: AISystem, text: str, note: str = "", actor: User) -> MetapromptVersion:
    """Keep `text` as the system's next version. Raises Invalid when it is empty or the same as the latest."""
    locked = AISystem.objects.lock(system.pk)
    policies.may_add_metaprompt(actor, locked).require()
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise Invalid("A metaprompt needs a text.", field="text")
    if len(text) > LONGEST_METAPROMPT:
        raise Invalid(f"A metaprompt has at most {LONGEST_METAPROMPT:,} characters.", field="text")
    latest = MetapromptVersion.objects.filter(system=locked).order_by("-number").first()
    digest = text_digest(text)
    if latest is not None and latest.digest == digest:
        raise Invalid(f"This is the text of version {latest.number} already.", field="text", code="unchanged")
    number = latest.number + 1 if latest else 1
    version = MetapromptVersion(system=locked, number=number, text=text, note=note.strip(), digest=digest, created_by=actor)
    require_clean(version)
    version.save(force_insert=True)
    ledger.record("systems.metaprompt_version_added", subject=version, actor=actor, number=number, digest=digest, note=version.note)
    return version
