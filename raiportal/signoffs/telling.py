"""Who is told what about sign-offs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import Membership, User
from raiportal.notifications import actions as notifications
from raiportal.signoffs.enums import Ending
from raiportal.signoffs.models import Condition, SignOff, SignOffRequest, StandIn


def signers_of(request: SignOffRequest, keys: Collection[str] | None = None) -> set[int]:
    """Ids of those who hold a role that has to sign (one of `keys`, if given), with their stand-ins, without those who are excluded."""
    where = Q(scope=None) | Q(scope_id=request.scope_id) if request.scope_id else Q(scope=None)
    wanted = Q(pk__in=[])
    for needed in [needed for needed in request.rules["roles"] if keys is None or needed["key"] in keys]:
        wanted |= Q(role=needed["role"], review_kind=needed["review_kind"] or None)
    found = set(Membership.objects.in_force().filter(where, wanted, user__kind=UserKind.PERSON).values_list("user_id", flat=True))
    allowed = found - set(request.excluded_ids)
    standing_in = StandIn.objects.in_force(clocks.now()).filter(where, for_person__in=allowed)
    return (allowed | set(standing_in.values_list("person_id", flat=True))) - set(request.excluded_ids)


def tell_asked(request: SignOffRequest, actor: User) -> None:
    _tell("signoffs.asked", signers_of(request), request, f"Your sign-off is asked for: {request.title}", "asked", actor)


def tell_decided(request: SignOffRequest, actor: User) -> None:
    people = {request.requested_by_id, *request.sign_offs.values_list("person_id", flat=True)}
    _tell("signoffs.decided", people, request, f"{request.get_state_display()}: {request.title}", "decided", actor)


def tell_closed(request: SignOffRequest, actor: User) -> None:
    people = {request.requested_by_id, *signers_of(request)}
    _tell("signoffs.closed", people, request, f"{request.get_state_display()}: {request.title}", request.state, actor)


def tell_ended(request: SignOffRequest, why: Ending, actor: User) -> None:
    people = {request.requested_by_id, *request.sign_offs.values_list("person_id", flat=True)}
    _tell("signoffs.ended", people, request, f"No longer approved: {request.title}. {why.label}", "ended", actor)


def tell_outdated(request: SignOffRequest, actor: User) -> None:
    title = f"Changed while it waits for sign-off: {request.title}"
    _tell("signoffs.outdated", {request.requested_by_id}, request, title, "outdated", actor)


def tell_conditions(signed: SignOff, actor: User) -> None:
    for condition in signed.conditions.select_related("owner"):
        title = f"To do by {condition.due_on:%-d %B %Y} as a condition of {signed.request.title}"
        _tell("signoffs.condition_set", {condition.owner_id}, signed.request, title, f"condition:{condition.pk}", actor)


def tell_condition_met(condition: Condition, actor: User) -> None:
    request = condition.sign_off.request
    key = f"met:{condition.pk}:{condition.met_at}"
    _tell("signoffs.condition_met", {condition.sign_off.person_id}, request, f"A condition is said to be met: {request.title}", key, actor)


def tell_condition_looked_at(condition: Condition, actor: User) -> None:
    request = condition.sign_off.request
    title = f"Condition: {condition.get_state_display().lower()} ({request.title})"
    key = f"looked:{condition.pk}:{condition.state}:{condition.confirm_note[:60]}"
    _tell("signoffs.condition_looked_at", {condition.owner_id}, request, title, key, actor)


def tell_stand_in(row: StandIn, actor: User) -> None:
    """Both sides hear of it when a stand-in is named, and when one ends before its time; whoever did it knows."""
    is_over = row.ended_at is not None
    words = "no longer signs" if is_over else "signs"
    until = "" if is_over else f" until {row.last_on:%-d %B %Y}"
    notifications.notify(
        "signoffs.stand_in_ended" if is_over else "signoffs.stand_in_named",
        recipients={row.person_id, row.for_person_id},
        subject=row,
        title=f"{row.person.name} {words} for {row.for_person.name}{until}"[:200],
        url=reverse("stand-in-list"),
        scope=row.scope_id,
        key=f"{row.pk}:{'ended' if is_over else 'named'}",
        actor=actor,
    )


def _tell(kind: str, people: Iterable[int], request: SignOffRequest, title: str, key: str, actor: User) -> None:
    notifications.notify(
        kind,
        recipients=people,
        subject=request,
        title=title[:200],
        url=reverse("sign-off-request", args=[request.pk]),
        scope=request.scope_id,
        key=f"{request.pk}:{key}"[:120],
        actor=actor,
    )
