"""The groups of people whom a system touches."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Max

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid, WrongState
from systems import policies
from systems.models import AISystem, IntendedUse, Stakeholder

NO_NAME = "Say who they are."


class Changes(TypedDict, total=False):
    name: str
    reach: str
    description: str
    intended_uses: Collection[IntendedUse]


@transaction.atomic
def add_stakeholder(*, system: AISystem, name: str, reach: str, description: str = "", intended_uses: Collection[IntendedUse] = (), actor: User) -> Stakeholder:
    """Name a group that the system touches, directly or indirectly, in which of its uses."""
    locked = AISystem.objects.lock(system.pk)
    policies.may_act_in(actor, locked).require()
    _require_own_uses(locked.pk, intended_uses)
    added = Stakeholder(
        system=locked,
        number=(Stakeholder.objects.filter(system=locked).aggregate(last=Max("number"))["last"] or 0) + 1,
        name=require_text(name, field="name", sentence=NO_NAME),
        reach=reach,
        description=description.strip(),
        created_by=actor,
    )
    require_clean(added)
    added.save(force_insert=True)
    added.intended_uses.set(intended_uses)
    uses = _ids(intended_uses)
    ledger.record("systems.stakeholder_added", subject=added, actor=actor, name=added.name, reach=reach, description=added.description, intended_uses=uses)
    return added


@transaction.atomic
def edit_stakeholder(*, stakeholder_id: int, actor: User, **changes: Unpack[Changes]) -> Stakeholder:
    """Change what is given; `intended_uses` replaces the whole list."""
    edited: Stakeholder = Stakeholder.objects.lock(stakeholder_id)
    policies.may_act_in(actor, edited.system).require()
    if edited.archived_at is not None:
        raise WrongState("This group is archived. Restore it first.")
    given: dict[str, Any] = dict(changes)
    uses = given.pop("intended_uses", None)
    if "name" in given:
        given["name"] = require_text(given["name"], field="name", sentence=NO_NAME)
    if "description" in given:
        given["description"] = given["description"].strip()
    require_clean(Stakeholder(system=edited.system, number=edited.number, created_by=actor, **{"name": edited.name, "reach": edited.reach, **given}))
    ledger.apply_changes(edited, actor=actor, action="systems.stakeholder_changed", **given)
    if uses is not None:
        _change_uses(edited, uses, actor)
    return edited


@transaction.atomic
def archive_stakeholder(*, stakeholder_id: int, reason: str, actor: User) -> Stakeholder:
    """Take a group out of the list; what refers to it stays."""
    return _move(stakeholder_id, True, "systems.stakeholder_archived", reason, actor)


@transaction.atomic
def restore_stakeholder(*, stakeholder_id: int, reason: str, actor: User) -> Stakeholder:
    return _move(stakeholder_id, False, "systems.stakeholder_restored", reason, actor)


def _move(stakeholder_id: int, archive: bool, action: str, reason: str, actor: User) -> Stakeholder:
    moved: Stakeholder = Stakeholder.objects.lock(stakeholder_id)
    policies.may_act_in(actor, moved.system).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if (moved.archived_at is not None) == archive:
        raise WrongState("This group is archived already." if archive else "This group isn't archived.")
    ledger.apply_changes(moved, actor=actor, action=action, reason=reason, archived_at=clocks.now() if archive else None)
    return moved


def _change_uses(edited: Stakeholder, uses: Collection[IntendedUse], actor: User) -> None:
    _require_own_uses(edited.system_id, uses)
    before, after = sorted(edited.intended_uses.values_list("pk", flat=True)), _ids(uses)
    if before != after:
        edited.intended_uses.set(uses)
        ledger.record("systems.stakeholder_uses_changed", subject=edited, actor=actor, changes={"intended_uses": [before, after]})


def _require_own_uses(system_id: int, uses: Collection[IntendedUse]) -> None:
    if any(use.system_id != system_id for use in uses):
        raise Invalid("Choose intended uses of this system.", field="intended_uses")


def _ids(uses: Collection[IntendedUse]) -> list[int]:
    return sorted(use.pk for use in uses)
