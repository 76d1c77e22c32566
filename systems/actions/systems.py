"""Registering AI systems, stating their facts, retiring them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from raiportal.accounts import actions as account_actions
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import Scope, User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid, WrongState
from systems import policies
from systems.enums import Stage
from systems.models import AISystem
from systems.places import CATALOGUES, known_slugs

SLUG_TRIES = 5  # how often two people who register the same name at once may collide
LONGEST_RETENTION_DAYS = 36_500  # a hundred years, also in the table's constraint
SLUG_LENGTH = 50  # characters, leaving room for a number within the column
NO_NAME = "Give the system a name."
NO_PURPOSE = "Say what the system does and for whom."


class Facts(TypedDict, total=False):
    """What may be stated about a system; None or "" means that nobody has said so yet."""

    domain: str
    domain_stakes: str
    stage: str
    audience: str
    autonomy: str
    risk_tier: str
    languages: Sequence[str]
    jurisdictions: Sequence[str]
    regions: Sequence[str]
    other_languages: str
    other_places: str
    handles_personal_data: bool | None
    reaches_minors: bool | None
    makes_consequential_decisions: bool | None
    generates_media: bool | None
    depicts_people: bool | None
    acts_through_tools: bool | None
    output_retention_days: int | None
    output_classification: str


class Changes(Facts, total=False):
    name: str
    purpose: str
    owner: User | None


def add_system(*, name: str, purpose: str, owner: User | None = None, actor: User, **facts: Unpack[Facts]) -> AISystem:
    """Register a system. Its owner (the actor unless given) gets the owner role in it. Raises PolicyDenied or Invalid."""
    policies.may_add_system(actor).require()
    for _ in range(SLUG_TRIES):
        try:
            return _add_system(name, purpose, owner, facts, actor)
        except IntegrityError:
            continue
    raise Conflict("Somebody registered a system of this name at the same moment. Try again.")


@transaction.atomic
def _add_system(name: str, purpose: str, owner: User | None, facts: Facts, actor: User) -> AISystem:
    name = _fitting_name(name)
    _require_free_name(name)
    facts = _fitting_facts(facts)
    responsible = owner or (actor if actor.kind != UserKind.SYSTEM else None)
    _require_active(responsible)
    system = AISystem(scope_id=0, purpose=require_text(purpose, field="purpose", sentence=NO_PURPOSE), owner=responsible, created_by=actor, **facts)
    _refuse_retired(system.stage)
    require_clean(system)
    system.scope = account_actions.make_scope(name=name, slug=_free_slug(name), actor=actor)
    system.save(force_insert=True)
    ledger.record("systems.system_added", subject=system, actor=actor, name=name, purpose=system.purpose, **facts)
    if responsible is not None:
        account_actions.give_role(user=responsible, role=Role.OWNER, scope=system.scope, actor=actor)
    return system


@transaction.atomic
def edit_system(*, system_id: int, actor: User, **changes: Unpack[Changes]) -> AISystem:
    """Change those of name, purpose, owner and facts that are given. A new owner gets the owner role; the one before keeps theirs until it is taken."""
    system = AISystem.objects.lock(system_id)
    policies.may_edit_system(actor, system).require()
    given: dict[str, Any] = dict(changes)
    if "stage" in given and given["stage"] != system.stage:
        _refuse_retired(given["stage"], system.stage)
    if "name" in given:
        name = _fitting_name(given.pop("name"))
        if system.stage != Stage.RETIRED:
            _require_free_name(name, system)
        _rename(system, name, actor)
    if "purpose" in given:
        given["purpose"] = require_text(given["purpose"], field="purpose", sentence=NO_PURPOSE)
    given |= _fitting_facts(given)
    new_owner = given.get("owner")
    if new_owner is not None and new_owner.pk != system.owner_id:
        _require_active(new_owner)
        account_actions.give_role(user=new_owner, role=Role.OWNER, scope=system.scope, actor=actor)
    _require_fitting(system, given)
    ledger.apply_changes(system, actor=actor, action="systems.system_changed", **given)
    return system


@transaction.atomic
def retire_system(*, system_id: int, reason: str, actor: User) -> AISystem:
    """End a system's life: everything stays readable, nothing new is made in it. Raises WrongState when it is retired already."""
    return _move(system_id, Stage.RETIRED, "systems.system_retired", reason, actor)


@transaction.atomic
def bring_back_system(*, system_id: int, reason: str, actor: User) -> AISystem:
    """Take a retired system into work again; it starts over at planning."""
    return _move(system_id, Stage.PLANNING, "systems.system_brought_back", reason, actor)


def _move(system_id: int, stage: Stage, action: str, reason: str, actor: User) -> AISystem:
    system: AISystem = AISystem.objects.lock(system_id)
    policies.may_edit_system(actor, system).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if (system.stage == Stage.RETIRED) == (stage == Stage.RETIRED):
        raise WrongState(f"This system is {system.get_stage_display().lower()} now, so it can't be done.")
    if stage != Stage.RETIRED:
        _require_free_name(system.name, system)
    ledger.apply_changes(system, actor=actor, action=action, reason=reason, stage=stage)
    return system


def _fitting_name(name: str) -> str:
    text = require_text(name, field="name", sentence=NO_NAME)
    most = Scope._meta.get_field("name").max_length or 0
    if len(text) > most:
        raise Invalid(f"A name has at most {most} characters.", field="name")
    return text


def _require_free_name(name: str, system: AISystem | None = None) -> None:
    """Refuse a name that another system in work has, in whatever case. Those who name systems may know of all of them, or hear of one by its name."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", ["ai_system.name", name.casefold()])
    others = AISystem.objects.exclude(stage=Stage.RETIRED).filter(scope__name__iexact=name)
    if (others if system is None else others.exclude(pk=system.pk)).exists():
        raise Invalid(f"There is a system in work named “{name}” already.", field="name", code="name_taken")


def _fitting_facts(facts: Any) -> Any:
    """The same facts, with what comes from a catalogue known there and in one order."""
    chosen = {name: known_slugs(catalogue, facts[name], field=name) for name, catalogue in CATALOGUES.items() if name in facts}
    days = facts.get("output_retention_days")
    if days is not None and not 1 <= days <= LONGEST_RETENTION_DAYS:
        raise Invalid(f"Give a whole number of days from 1 to {LONGEST_RETENTION_DAYS:,}.", field="output_retention_days")
    return {**facts, **chosen}


def _free_slug(name: str) -> str:
    start = slugify(name)[:SLUG_LENGTH].strip("-") or "system"
    taken = set(Scope.objects.filter(slug__startswith=start).values_list("slug", flat=True))
    if start not in taken:
        return start
    return next(slug for number in range(2, len(taken) + 3) if (slug := f"{start}-{number}") not in taken)


def _rename(system: AISystem, name: str, actor: User) -> None:
    before = system.scope.name
    if name != before:
        system.scope.name = name
        system.scope.save(update_fields=["name"])
        ledger.record("systems.system_renamed", subject=system, actor=actor, changes={"name": [before, name]})


def _require_active(person: User | None) -> None:
    if person is not None and (not person.is_active or person.kind == UserKind.SYSTEM):
        raise Invalid("This person can't own a system: the account is switched off or isn't a person's.", field="owner")


def _refuse_retired(stage: str, before: str = "") -> None:
    if Stage.RETIRED in (stage, before):
        raise Invalid("Retiring a system and bringing it back ask for a reason: use the buttons on its page.", field="stage")


def _require_fitting(system: AISystem, changes: dict[str, Any]) -> None:
    before = {name: getattr(system, name) for name in changes}
    for name, value in changes.items():
        setattr(system, name, value)
    require_clean(system)
    for name, value in before.items():
        setattr(system, name, value)
