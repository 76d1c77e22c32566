"""Risk points, and what they make of a harm's scores in each of its places."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from harms import scoring, selectors
from harms.enums import HarmState, RiskPointKind
from harms.models import HIGHEST_LEVEL, Harm, HarmUse, RiskPoint, RiskScale
from harms.workflow import HARM
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid
from raiportal.signoffs import actions as sign_offs
from systems.models import IntendedUse

NOT_A_USE = "Choose an intended use of this system that is not archived."
RESCORED_AT_ONCE = 1_000  # harms locked and read together when a use is archived or restored

Place = dict[RiskPointKind, scoring.Stated]  # the newest statement of each kind


def source_of(point: RiskPoint) -> tuple[str, int] | None:
    """What a statement was worked out from, for one that takes its place."""
    return (point.source_kind, point.source_id) if point.source_id is not None else None


def add_point(
    harm: Harm,
    kind: RiskPointKind,
    severity: int,
    frequency: int,
    rationale: str,
    actor: User,
    *,
    use: IntendedUse | None,
    scale: RiskScale | None = None,
    source: tuple[str, int] | None = None,
) -> RiskPoint:
    """Write one statement of risk, on the current scale unless another is given, and bring the scores of the harm and of the use up to date.

    `source` is kind and id of what it was worked out from. The caller holds the lock on the harm. An acceptance of what the risk was before ends.
    """
    for field, level in (("severity", severity), ("frequency", frequency)):
        if not 1 <= level <= HIGHEST_LEVEL:
            raise Invalid(f"Choose a level from 1 to {HIGHEST_LEVEL}.", field=field)
    if use is not None:
        HarmUse.objects.get_or_create(harm=harm, intended_use=use, defaults={"created_by": actor})
    point = RiskPoint.objects.create(
        harm=harm,
        kind=kind,
        intended_use=use,
        scale=scale or selectors.current_scale(),
        severity=severity,
        frequency=frequency,
        score=scoring.score(severity, frequency).value,
        rationale=rationale,
        source_kind=source[0] if source else "",
        source_id=source[1] if source else None,
        created_by=actor,
    )
    scores = rescore(harm)
    details = {"severity": severity, "frequency": frequency} | ({"intended_use": use.code} if use else {})
    if harm.state == HarmState.PROPOSED:
        HARM.advance(harm, "assess", actor=actor, note=rationale, **scores)
    else:
        _store(harm, scores, f"harms.{kind}_risk_stated", actor, reason=rationale, details=details)
    return point


def place_in_uses(harm: Harm, uses: Collection[IntendedUse], actor: User, *, reason: str = "") -> list[str]:
    """Let the harm be in exactly these uses. Returns their codes. The caller holds the lock on the harm.

    Archived uses that it is in already stay as they are: they are out of sight and keep what was said.
    """
    if any(use.system_id != harm.system_id or use.archived_at is not None for use in uses):
        raise Invalid(NOT_A_USE, field="uses")
    before = {held.intended_use_id: held for held in HarmUse.objects.filter(harm=harm, intended_use__archived_at=None).select_related("intended_use")}
    wanted = {use.pk: use for use in uses}
    leaving = [held.pk for pk, held in before.items() if pk not in wanted]
    joining = [use for pk, use in wanted.items() if pk not in before]
    codes = sorted((use.code for use in wanted.values()), key=_number)
    if not leaving and not joining:
        return codes
    HarmUse.objects.filter(pk__in=leaving).delete()
    HarmUse.objects.bulk_create(HarmUse(harm=harm, intended_use=use, created_by=actor) for use in joining)
    changes = {"uses": [sorted((held.intended_use.code for held in before.values()), key=_number), codes]}
    _store(harm, rescore(harm), "harms.harm_uses_changed", actor, reason=reason, changes=changes)
    return codes


def rescore(harm: Harm) -> dict[str, int | None]:
    """The fields of the harm as its places make them; those of its uses are written. Statements about uses that it left, or archived ones, don't count."""
    places = _places([harm.pk])[harm.pk]
    for use_id, place in places.items():
        if use_id is not None:
            HarmUse.objects.filter(harm=harm, intended_use_id=use_id).update(**scoring.columns([place]))
    return scoring.columns(list(places.values()))


def follow_use(use: IntendedUse, actor: User, reason: str) -> None:
    """Bring the scores of every harm in this use up to date once it was archived or restored, those of the use too; each that changes is recorded."""
    ids = list(HarmUse.objects.filter(intended_use=use).order_by("harm").values_list("harm_id", flat=True))
    for start in range(0, len(ids), RESCORED_AT_ONCE):
        batch = ids[start : start + RESCORED_AT_ONCE]
        harms = list(Harm.objects.select_for_update(of=("self",), no_key=True).select_related("system__scope").filter(pk__in=batch).order_by("pk"))
        places = _places(batch)
        for harm in harms:
            _follow(harm, use, places[harm.pk], actor, reason)


def _follow(harm: Harm, use: IntendedUse, places: dict[int | None, Place], actor: User, reason: str) -> None:
    if use.pk in places:
        HarmUse.objects.filter(harm=harm, intended_use=use).update(**scoring.columns([places[use.pk]]))
    scores = scoring.columns(list(places.values()))
    if any(getattr(harm, name) != value for name, value in scores.items()):
        action = "harms.use_archived" if use.archived_at else "harms.use_restored"
        _store(harm, scores, action, actor, reason=reason, details={"intended_use": use.code})


def _places(harm_ids: Collection[int]) -> dict[int, dict[int | None, Place]]:
    """By harm id the newest statement of each kind: of the harm as a whole (None) and of each use that it is in and that isn't archived."""
    found: dict[int, dict[int | None, Place]] = {pk: {None: {}} for pk in harm_ids}
    for harm_id, use_id in HarmUse.objects.filter(harm__in=harm_ids, intended_use__archived_at=None).values_list("harm_id", "intended_use_id"):
        found[harm_id][use_id] = {}
    order = ("harm", "intended_use", "kind")
    for point in RiskPoint.objects.filter(harm__in=harm_ids).order_by(*order, "-pk").distinct(*order):
        if (place := found[point.harm_id].get(point.intended_use_id)) is not None:
            kind = RiskPointKind(point.kind)
            place[kind] = scoring.Stated(kind, point.severity, point.frequency)
    return found


def _store(
    harm: Harm, scores: dict[str, int | None], action: str, actor: User, *, reason: str, changes: dict[str, Any] | None = None, details: Any = None
) -> None:
    before = {name: getattr(harm, name) for name in scores}
    Harm.objects.filter(pk=harm.pk).update(**scores, updated_at=clocks.now())
    for name, value in scores.items():
        setattr(harm, name, value)
    written = {name: [before[name], value] for name, value in scores.items() if before[name] != value}
    ledger.record(action, subject=harm, actor=actor, changes={**(changes or {}), **written}, reason=reason, **(details or {}))
    sign_offs.recheck(harm, actor=actor)


def _number(code: str) -> int:
    return int(code.rpartition("-")[2])
