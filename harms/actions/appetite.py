"""How much risk of each kind is borne without more ado."""

from __future__ import annotations

from django.db import transaction

from harms import policies
from harms.models import HIGHEST_SCORE, Appetite, HarmCategory
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Invalid
from systems.models import AISystem


@transaction.atomic
def set_appetite(*, category: HarmCategory, system: AISystem | None, highest_score: int | None, reason: str, actor: User) -> Appetite:
    """Say up to which score harms of a kind are within appetite, for the organisation or for one system instead of it; None takes it back.

    Raises PolicyDenied, Invalid.
    """
    policies.may_set_appetite(actor, system).require()
    said = require_text(reason, field="reason", sentence="Say why. It stays in the ledger.")
    if highest_score is not None and not 1 <= highest_score <= HIGHEST_SCORE:
        raise Invalid(f"Choose a score from 1 to {HIGHEST_SCORE}.", field="highest_score")
    Appetite.objects.get_or_create(category=category, system=system, defaults={"updated_by": actor})
    appetite = Appetite.objects.select_for_update(of=("self",), no_key=True).select_related("category").get(category=category, system=system)
    before = appetite.highest_score
    if before != highest_score:
        Appetite.objects.filter(pk=appetite.pk).update(updated_by=actor)
        ledger.apply_changes(appetite, actor=actor, action="harms.appetite_set", reason=said, highest_score=highest_score)
    return appetite
