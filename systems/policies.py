"""Who may do what to AI systems, deployments, metaprompts and configurations."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied
from systems.enums import Stage
from systems.models import AISystem, Deployment

ACT_IN_SYSTEM = (Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR)


def may_add_system(user: User) -> Decision:
    if roles.holds(user, Role.RISK_MANAGER, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only a risk manager or an administrator can register a system.")


def may_edit_system(user: User, system: AISystem) -> Decision:
    """Facts, owner and stage, also of a retired system."""
    if roles.holds(user, *ACT_IN_SYSTEM, scope_id=system.pk):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can change it.")


def may_act_in(user: User, system: AISystem) -> Decision:
    """Everything that is made within a system; apps further up ask this too."""
    if not roles.holds(user, *ACT_IN_SYSTEM, scope_id=system.pk):
        return denied("Only the system's owner, a risk manager or an administrator can do this.")
    if system.stage == Stage.RETIRED:
        return denied("This system is retired. Bring it back first.")
    return ALLOWED


def may_add_deployment(user: User, system: AISystem | None) -> Decision:
    if system is not None:
        return may_act_in(user, system)
    if roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can add or change a deployment of the whole organisation.")


def may_change_deployment(user: User, deployment: Deployment) -> Decision:
    return may_add_deployment(user, deployment.system)


def may_test_deployment(user: User, deployment: Deployment) -> Decision:
    """A test uses the stored key and costs a call."""
    return may_add_deployment(user, deployment.system)


def may_add_metaprompt(user: User, system: AISystem) -> Decision:
    return may_act_in(user, system)


def may_add_configuration(user: User, deployment: Deployment) -> Decision:
    return may_add_deployment(user, deployment.system)
