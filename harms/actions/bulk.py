"""One change to many harms: all of it or nothing, with a row in the ledger for each harm that changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction

from harms import policies, selectors
from harms.actions.points import place_in_uses
from harms.actions.register import fitting
from harms.models import Harm, HarmCategory
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid, Missing
from raiportal.signoffs import actions as sign_offs
from systems.models import IntendedUse

MOST_AT_ONCE = 500


@transaction.atomic
def edit_harms(
    *,
    harm_ids: Sequence[int],
    actor: User,
    reason: str = "",
    category: HarmCategory | None = None,
    add_uses: Collection[IntendedUse] = (),
    leave_uses: Collection[IntendedUse] = (),
    **owner: User | None,
) -> int:
    """Give these harms an owner (`owner=None`: nobody), a category, uses to be in or to leave. Returns how many changed.

    Raises Invalid for more than MOST_AT_ONCE or nothing to change, Missing when one is gone, PolicyDenied when one may not be edited.
    """
    wanted: dict[str, Any] = fitting({**owner, **({"category": category} if category else {})})
    if not wanted and not add_uses and not leave_uses:
        raise Invalid("Choose what to change.")
    if len(harm_ids) > MOST_AT_ONCE:
        raise Invalid(f"Change at most {MOST_AT_ONCE} harms at once: narrow the list with its filters.")
    harms = list(
        Harm.objects.select_for_update(of=("self",), no_key=True).select_related("system__scope", "owner", "category").filter(pk__in=harm_ids).order_by("pk")
    )
    if len(harms) != len(set(harm_ids)):
        raise Missing("One of these harms isn't there any more.")
    for harm in {(harm.system_id, harm.merged_into_id): harm for harm in harms}.values():
        policies.may_edit_harm(actor, harm).require()
    return sum(_edit(harm, wanted, add_uses, leave_uses, actor, reason) for harm in harms)


def _edit(harm: Harm, wanted: dict[str, Any], add: Collection[IntendedUse], leave: Collection[IntendedUse], actor: User, reason: str) -> bool:
    changes = ledger.apply_changes(harm, actor=actor, action="harms.harm_changed", reason=reason, **wanted)
    if changes:
        sign_offs.recheck(harm, actor=actor)
    if not add and not leave:
        return bool(changes)
    before = selectors.uses_of(harm)
    leaving = {use.pk for use in leave}
    after = {use.pk: use for use in [*before, *add] if use.pk not in leaving}
    place_in_uses(harm, list(after.values()), actor, reason=reason)
    return bool(changes) or set(after) != {use.pk for use in before}
