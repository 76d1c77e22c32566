"""Who may ask for a sign-off, give one, take one back, and stand in for somebody."""

from __future__ import annotations

from typing import Any

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied
from raiportal.signoffs.models import Condition, SignOffRequest, StandIn


def holds_role(user: User, key: str, scope_id: int | None) -> bool:
    """Whether the person holds the role that a request names ("risk_manager", "reviewer:legal") for its scope."""
    role, _, review_kind = key.partition(":")
    if review_kind:
        return scope_id is not None and roles.reviews(user, review_kind, scope_id=scope_id)
    return roles.holds(user, Role(role), scope_id=scope_id)


def may_sign(user: User, request: SignOffRequest, role: str, *, author_ids: set[int], stand_in_for: User | None = None) -> Decision:
    """`author_ids` are those who had a hand in the subject up to now; those of the time of the request are in the request."""
    holder = stand_in_for or user
    if user.kind != UserKind.PERSON or not user.is_active:
        return denied("Only people sign.")
    excluded = {*request.excluded_ids, *author_ids, request.requested_by_id}
    if user.pk in excluded:
        return denied("You asked for this or had a hand in it, so somebody else has to sign it.")
    if holder.pk in excluded:
        return denied("You stand in for somebody who asked for this or had a hand in it, so somebody else has to sign it.")
    if role not in {needed["key"] for needed in request.rules["roles"]}:
        return denied("This role isn't asked for here.")
    if not holds_role(holder, role, request.scope_id) or not roles.sees(user, request.scope_id):
        return denied("You don't hold the role in which this has to be signed.")
    return ALLOWED


def may_withdraw(user: User, request: SignOffRequest) -> Decision:
    if user.pk == request.requested_by_id or roles.holds(user, Role.OWNER, Role.RISK_MANAGER, scope_id=request.scope_id):
        return ALLOWED
    return denied("Whoever asked, the system's owner or a risk manager can withdraw this.")


def may_revoke(user: User, request: SignOffRequest) -> Decision:
    """Those who could have approved it, and risk managers. To close what was open needs no second person."""
    held = (needed["key"] for needed in request.rules["roles"])
    if roles.holds(user, Role.RISK_MANAGER, scope_id=request.scope_id) or any(holds_role(user, key, request.scope_id) for key in held):
        return ALLOWED
    return denied("A risk manager, or somebody in a role that approved this, can revoke it.")


def may_meet(user: User, condition: Condition) -> Decision:
    return ALLOWED if user.pk == condition.owner_id else denied("Only the condition's owner can say that it is met.")


def may_confirm(user: User, condition: Condition) -> Decision:
    return ALLOWED if user.pk == condition.sign_off.person_id else denied("Only whoever set this condition can confirm it.")


def may_oversee_stand_ins(user: User) -> Decision:
    return ALLOWED if roles.holds(user, Role.ADMINISTRATOR) else denied("An administrator sees to the stand-ins of others.")


def may_name_stand_in(user: User, person: User, for_person: User, scope_id: int | None) -> Decision:
    narrowed = roles.of(user).narrowed_to
    if narrowed is not None and scope_id not in narrowed:
        return denied("This token is limited to some systems. Name a stand-in for one of them.")
    if user.pk == person.pk:
        return denied("Nobody makes themselves somebody's stand-in.")
    if user.pk == for_person.pk or may_oversee_stand_ins(user):
        return ALLOWED
    return denied("People name their own stand-in, and administrators name anybody's.")


def may_end_stand_in(user: User, stand_in: StandIn) -> Decision:
    if user.pk in {stand_in.person_id, stand_in.for_person_id} or may_oversee_stand_ins(user):
        return ALLOWED
    return denied("The stand-in, whoever they stand in for, or an administrator can end this.")


def may_end_lapsed(user: Any) -> Decision:
    return ALLOWED if user.kind == UserKind.SYSTEM else denied("The portal ends what has lapsed by itself.")
