"""Who may do what in the harm register."""

from __future__ import annotations

from harms.models import Harm
from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied
from systems import policies as system_policies
from systems.models import AISystem


def may_propose_harm(user: User, system: AISystem) -> Decision:
    return system_policies.may_act_in(user, system)


def may_edit_harm(user: User, harm: Harm) -> Decision:
    return system_policies.may_act_in(user, harm.system)


def may_assess_harm(user: User, harm: Harm) -> Decision:
    return system_policies.may_act_in(user, harm.system)


def may_record_risk_point(user: User, harm: Harm) -> Decision:
    """Measured, residual and observed risk: worked out by the portal, or stated by whoever may assess the harm."""
    return ALLOWED if user.kind == UserKind.SYSTEM else may_assess_harm(user, harm)


def may_load_catalogue(user: User) -> Decision:
    if user.kind == UserKind.SYSTEM or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can change the reference data.")
