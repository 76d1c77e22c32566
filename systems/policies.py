"""Who may do what to AI systems, deployments, metaprompts and configurations."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied
from systems.enums import Stage
from systems.models import AISystem, Deployment, Document, EmergencyActivation

MANAGE_SYSTEM = (Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR)
ACT_IN_SYSTEM = (*MANAGE_SYSTEM, Role.CONTRIBUTOR)
RETIRED = "This system is retired. Bring it back first."


def may_add_system(user: User) -> Decision:
    if roles.holds(user, Role.RISK_MANAGER, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only a risk manager or an administrator can register a system.")


def may_edit_system(user: User, system: AISystem) -> Decision:
    """Facts, owner and stage, also of a retired system."""
    if roles.holds(user, *MANAGE_SYSTEM, scope_id=system.pk):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can change it.")


def may_manage(user: User, system: AISystem) -> Decision:
    """What a system runs on and may spend: deployments with their keys, budgets, what is active."""
    if not roles.holds(user, *MANAGE_SYSTEM, scope_id=system.pk):
        return denied("Only the system's owner, a risk manager or an administrator can do this.")
    return denied(RETIRED) if system.stage == Stage.RETIRED else ALLOWED


def may_act_in(user: User, system: AISystem) -> Decision:
    """Everything that is made within a system; apps further up ask this too."""
    if not roles.holds(user, *ACT_IN_SYSTEM, scope_id=system.pk):
        return denied("Only the system's owner and contributors, a risk manager or an administrator can do this.")
    return denied(RETIRED) if system.stage == Stage.RETIRED else ALLOWED


def may_read(user: User, system: AISystem) -> Decision:
    """Read everything of a system, beyond its overview."""
    if roles.sees(user, system.pk):
        return ALLOWED
    return denied("Your role lets you read this system's overview, and nothing beyond it.")


def may_add_deployment(user: User, system: AISystem | None) -> Decision:
    if system is not None:
        return may_manage(user, system)
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
    return may_configure(user, deployment.system)


def may_configure(user: User, system: AISystem | None) -> Decision:
    """Freeze what the deployments of a system, or of the organisation, are used with; it changes nothing of a deployment."""
    return may_add_deployment(user, None) if system is None else may_act_in(user, system)


def may_activate(user: User, system: AISystem) -> Decision:
    return may_manage(user, system)


def may_ask_for_emergency(user: User, system: AISystem) -> Decision:
    if user.kind != UserKind.PERSON:
        return denied("An emergency activation is asked for and confirmed by people, not by programs of their own.")
    return may_manage(user, system)


def may_confirm_emergency(user: User, emergency: EmergencyActivation) -> Decision:
    if user.pk == emergency.created_by_id:
        return denied("You asked for this, so a second person has to confirm it.")
    own = may_ask_for_emergency(user, emergency.system)
    if own and not may_ask_for_emergency(emergency.created_by, emergency.system):
        return denied("Whoever asked for this may not activate anything here any more. Withdraw it, and ask yourself.")
    return own


def may_withdraw_emergency(user: User, emergency: EmergencyActivation) -> Decision:
    """Whoever asked, or anybody who manages the system."""
    return ALLOWED if user.pk == emergency.created_by_id else may_edit_system(user, emergency.system)


def may_review_emergency(user: User, emergency: EmergencyActivation) -> Decision:
    """Also of a system that was retired since."""
    if user.pk in (emergency.created_by_id, emergency.confirmed_by_id):
        return denied("You asked for this or confirmed it, so somebody else has to review it.")
    if user.kind != UserKind.PERSON:
        return denied("An emergency activation is reviewed by a person.")
    return may_edit_system(user, emergency.system)


def may_change_model_cards(user: User) -> Decision:
    if roles.holds(user, Role.RISK_MANAGER, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only a risk manager or an administrator can add or change model cards.")


def may_change_documents(user: User, deployment: Deployment | None) -> Decision:
    """Those of a deployment, or (None) those of model cards."""
    return may_change_model_cards(user) if deployment is None else may_change_deployment(user, deployment)


def may_acknowledge(user: User, document: Document) -> Decision:
    """Whoever may read a document may say that they did, in their own name."""
    if user.kind != UserKind.PERSON:
        return denied("Only a person can say that they read and understood something.")
    if document.archived_at is not None:
        return denied("This document is archived.")
    return ALLOWED
