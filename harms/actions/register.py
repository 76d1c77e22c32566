"""Proposing harms, editing them, stating their risk."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Model

from harms import policies
from harms.actions.points import NOT_A_USE, add_point, place_in_uses
from harms.enums import RiskPointKind
from harms.models import Harm, HarmCategory, RiskPoint
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid
from raiportal.signoffs import actions as sign_offs
from systems.models import AISystem, IntendedUse

NO_TITLE = "Say what goes wrong, in one line."
NO_RATIONALE = "Say what the two levels rest on."


class HarmWords(TypedDict, total=False):
    title: str
    description: str
    category: HarmCategory
    origin: str
    owner: User | None


class HarmChanges(HarmWords, total=False):
    uses: Collection[IntendedUse]


@transaction.atomic
def propose_harm(
    *, system: AISystem, actor: User, uses: Collection[IntendedUse] = (), library_entry: str = "", model_name: str = "", **words: Unpack[HarmWords]
) -> Harm:
    """Put a harm on the system's register, not yet assessed: title, category and origin, and what else is known. Raises PolicyDenied or Invalid.

    `library_entry` is the slug of the entry of the harm library that it was taken from, `model_name` the model whose harm it is where that matters.
    """
    policies.may_propose_harm(actor, system).require()
    harm = Harm(system=system, created_by=actor, library_entry=library_entry, model_name=model_name, **fitting(dict(words)))
    require_clean(harm)
    harm.save(force_insert=True)
    named: dict[str, Any] = {"uses": place_in_uses(harm, uses, actor)} if uses else {}
    if library_entry:
        named["library_entry"] = library_entry
    if model_name:
        named["model_name"] = model_name
    ledger.record("harms.harm_proposed", subject=harm, actor=actor, title=harm.title, category=harm.category.slug, origin=harm.origin, **named)
    return harm


@transaction.atomic
def edit_harm(*, harm_id: int, actor: User, reason: str = "", **changes: Unpack[HarmChanges]) -> Harm:
    """Change those of title, description, category, origin, owner and uses that are given. Its risk is stated by `assess_harm`.

    A use that the harm leaves takes its scores along; what was stated stays in the history.
    """
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    given: dict[str, Any] = dict(changes)
    uses = given.pop("uses", None)
    given = fitting(given)
    require_clean(Harm(**{"title": harm.title, "description": harm.description, "origin": harm.origin, **given}))
    ledger.apply_changes(harm, actor=actor, action="harms.harm_changed", reason=reason, **given)
    if uses is not None:
        place_in_uses(harm, uses, actor, reason=reason)
    sign_offs.recheck(harm, actor=actor)
    return harm


@transaction.atomic
def assess_harm(*, harm_id: int, severity: int, frequency: int, rationale: str, intended_use: IntendedUse | None = None, actor: User) -> RiskPoint:
    """State the inherent risk, before anything is done about it, on the current scale: of the harm as a whole, or in one intended use.

    Doing so again adds a point; the newest of each place holds, and the harm takes the worst of its places.
    """
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_assess_harm(actor, harm).require()
    said = require_text(rationale, field="rationale", sentence=NO_RATIONALE)
    return add_point(_use_of(harm, intended_use), RiskPointKind.INHERENT, severity, frequency, said, actor, use=intended_use)


@transaction.atomic
def record_risk_point(
    *,
    harm_id: int,
    kind: RiskPointKind,
    severity: int,
    frequency: int,
    rationale: str,
    intended_use: IntendedUse | None = None,
    source: Model | None = None,
    actor: User,
) -> RiskPoint:
    """State a measured, residual or observed risk; for apps that work it out. `rationale` names what it was worked out from, and `source` is it.

    What the portal states about a harm that was merged is stated about the one that it was merged into.
    """
    harm: Harm = Harm.objects.lock(harm_id)
    while actor.kind == UserKind.SYSTEM and harm.merged_into_id is not None:
        harm = Harm.objects.lock(harm.merged_into_id)
    policies.may_record_risk_point(actor, harm).require()
    if kind == RiskPointKind.INHERENT:
        raise Invalid("The inherent risk is stated by assessing the harm.", field="kind")
    return add_point(
        _use_of(harm, intended_use),
        kind,
        severity,
        frequency,
        rationale.strip(),
        actor,
        use=intended_use,
        source=(source._meta.label_lower, source.pk) if source else None,
    )


def _use_of(harm: Harm, use: IntendedUse | None) -> Harm:
    """The harm again, once the use turned out to be one of its system that is still there."""
    if use is not None and (use.system_id != harm.system_id or use.archived_at is not None):
        raise Invalid(NOT_A_USE, field="intended_use")
    return harm


def fitting(given: dict[str, Any]) -> dict[str, Any]:
    """What people said about a harm, trimmed. Raises Invalid for a missing title and an owner who can't own anything."""
    cleaned = dict(given)
    if "title" in cleaned:
        cleaned["title"] = require_text(cleaned["title"], field="title", sentence=NO_TITLE)
    if "description" in cleaned:
        cleaned["description"] = cleaned["description"].strip()
    owner = cleaned.get("owner")
    if owner is not None and (not owner.is_active or owner.kind == UserKind.SYSTEM):
        raise Invalid("This person can't own a harm: the account is switched off or isn't a person's.", field="owner")
    return cleaned
