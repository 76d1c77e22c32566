"""What a system is meant for, and what it is known not to be fit for."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Max

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import WrongState
from systems import policies
from systems.extensions import use_followers
from systems.models import AISystem, IntendedUse

NO_TITLE = "Say in a few words what people do with the system."


class Changes(TypedDict, total=False):
    title: str
    description: str
    is_supported: bool


@transaction.atomic
def add_intended_use(*, system: AISystem, title: str, description: str = "", is_supported: bool = True, actor: User) -> IntendedUse:
    """State a use that is meant (`is_supported`), or one that the system is known not to be fit for."""
    locked = AISystem.objects.lock(system.pk)
    policies.may_act_in(actor, locked).require()
    use = IntendedUse(
        system=locked,
        number=(IntendedUse.objects.filter(system=locked).aggregate(last=Max("number"))["last"] or 0) + 1,
        title=require_text(title, field="title", sentence=NO_TITLE),
        description=description.strip(),
        is_supported=is_supported,
        created_by=actor,
    )
    require_clean(use)
    use.save(force_insert=True)
    ledger.record("systems.intended_use_added", subject=use, actor=actor, title=use.title, description=use.description, is_supported=is_supported)
    return use


@transaction.atomic
def edit_intended_use(*, use_id: int, actor: User, **changes: Unpack[Changes]) -> IntendedUse:
    """Change those of title, description and support that are given."""
    use: IntendedUse = IntendedUse.objects.lock(use_id)
    policies.may_act_in(actor, use.system).require()
    if use.archived_at is not None:
        raise WrongState("This use is archived. Restore it first.")
    given: dict[str, Any] = dict(changes)
    if "title" in given:
        given["title"] = require_text(given["title"], field="title", sentence=NO_TITLE)
    if "description" in given:
        given["description"] = given["description"].strip()
    require_clean(IntendedUse(system=use.system, number=use.number, created_by=actor, **{"title": use.title, **given}))
    ledger.apply_changes(use, actor=actor, action="systems.intended_use_changed", **given)
    return use


@transaction.atomic
def archive_intended_use(*, use_id: int, reason: str, actor: User) -> IntendedUse:
    """Take a use out of the list; what refers to it stays, and what was worked out from it is worked out anew without it."""
    return _move(use_id, True, "systems.intended_use_archived", reason, actor)


@transaction.atomic
def restore_intended_use(*, use_id: int, reason: str, actor: User) -> IntendedUse:
    return _move(use_id, False, "systems.intended_use_restored", reason, actor)


def _move(use_id: int, archive: bool, action: str, reason: str, actor: User) -> IntendedUse:
    use: IntendedUse = IntendedUse.objects.lock(use_id)
    policies.may_act_in(actor, use.system).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if (use.archived_at is not None) == archive:
        raise WrongState("This use is archived already." if archive else "This use isn't archived.")
    ledger.apply_changes(use, actor=actor, action=action, reason=reason, archived_at=clocks.now() if archive else None)
    for follower in use_followers:
        follower.follow(use, actor, reason)
    return use
