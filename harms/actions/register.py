"""Proposing harms, editing them, stating their risk."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from django.db import transaction

from harms import policies, scoring, selectors
from harms.enums import HarmState, RiskPointKind
from harms.models import HIGHEST_LEVEL, Harm, HarmCategory, RiskPoint
from harms.workflow import HARM
from raiportal import clocks
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid
from systems.models import AISystem

NO_TITLE = "Say what goes wrong, in one line."
NO_RATIONALE = "Say what the two levels rest on."


class HarmChanges(TypedDict, total=False):
    title: str
    description: str
    category: HarmCategory
    origin: str
    owner: User | None


@transaction.atomic
def propose_harm(*, system: AISystem, title: str, description: str = "", category: HarmCategory, origin: str, owner: User | None = None, actor: User) -> Harm:
    """Put a harm on the system's register, not yet assessed. Raises PolicyDenied or Invalid."""
    policies.may_propose_harm(actor, system).require()
    harm = Harm(
        system=system, created_by=actor, **_fitting({"title": title, "description": description, "category": category, "origin": origin, "owner": owner})
    )
    require_clean(harm)
    harm.save(force_insert=True)
    ledger.record("harms.harm_proposed", subject=harm, actor=actor, title=harm.title, category=category.slug, origin=origin)
    return harm


@transaction.atomic
def edit_harm(*, harm_id: int, actor: User, **changes: Unpack[HarmChanges]) -> Harm:
    """Change those of title, description, category, origin and owner that are given. Its risk is stated by `assess_harm`."""
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    given = _fitting(dict(changes))
    require_clean(Harm(**{"title": harm.title, "description": harm.description, "origin": harm.origin, **given}))
    ledger.apply_changes(harm, actor=actor, action="harms.harm_changed", **given)
    return harm


@transaction.atomic
def assess_harm(*, harm_id: int, severity: int, frequency: int, rationale: str, actor: User) -> RiskPoint:
    """State a harm's inherent risk, before anything is done about it, on the current scale. Doing so again adds a point; the newest holds."""
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_assess_harm(actor, harm).require()
    return _add_point(harm, RiskPointKind.INHERENT, severity, frequency, require_text(rationale, field="rationale", sentence=NO_RATIONALE), actor)


@transaction.atomic
def record_risk_point(*, harm_id: int, kind: RiskPointKind, severity: int, frequency: int, rationale: str, actor: User) -> RiskPoint:
    """State a measured, residual or observed risk; for apps that work it out. `rationale` names what it was worked out from."""
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_record_risk_point(actor, harm).require()
    if kind == RiskPointKind.INHERENT:
        raise Invalid("The inherent risk is stated by assessing the harm.", field="kind")
    return _add_point(harm, kind, severity, frequency, rationale.strip(), actor)


def _add_point(harm: Harm, kind: RiskPointKind, severity: int, frequency: int, rationale: str, actor: User) -> RiskPoint:
    for field, level in (("severity", severity), ("frequency", frequency)):
        if not 1 <= level <= HIGHEST_LEVEL:
            raise Invalid(f"Choose a level from 1 to {HIGHEST_LEVEL}.", field=field)
    point = RiskPoint.objects.create(
        harm=harm,
        kind=kind,
        scale=selectors.current_scale(),
        severity=severity,
        frequency=frequency,
        score=scoring.score(severity, frequency).value,
        rationale=rationale,
        created_by=actor,
    )
    scores = _scores_with(harm, point)
    if harm.state == HarmState.PROPOSED:
        HARM.advance(harm, "assess", actor=actor, note=rationale, **scores)
    else:
        before = {name: getattr(harm, name) for name in scores}
        Harm.objects.filter(pk=harm.pk).update(**scores, updated_at=clocks.now())
        changes = {name: [before[name], value] for name, value in scores.items() if before[name] != value}
        ledger.record(f"harms.{kind}_risk_stated", subject=harm, actor=actor, changes=changes, reason=rationale, severity=severity, frequency=frequency)
    return point


def _scores_with(harm: Harm, point: RiskPoint) -> dict[str, int]:
    """What the harm's row says after `point`: the score of its kind, and score and levels of whichever kind ranks the harm now."""
    scores = {kind: getattr(harm, f"{kind}_score") for kind in RiskPointKind.values} | {point.kind: point.score}
    kind = scoring.ranking_kind(**scores)
    ranking = point if kind == point.kind else RiskPoint.objects.filter(harm=harm, kind=kind).order_by("-pk")[0]
    return {f"{point.kind}_score": point.score, "priority": ranking.score, "severity": ranking.severity, "frequency": ranking.frequency}


def _fitting(given: dict[str, Any]) -> dict[str, Any]:
    fitting = dict(given)
    if "title" in fitting:
        fitting["title"] = require_text(fitting["title"], field="title", sentence=NO_TITLE)
    if "description" in fitting:
        fitting["description"] = fitting["description"].strip()
    owner = fitting.get("owner")
    if owner is not None and (not owner.is_active or owner.kind == UserKind.SYSTEM):
        raise Invalid("This person can't own a harm: the account is switched off or isn't a person's.", field="owner")
    return fitting
