"""Who may do what in measuring. Each function answers for one right."""

from __future__ import annotations

from measurements.models import MeasurementSet, Metric
from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied

# --- Sets and metrics ---


def may_edit_sets(user: User, system_id: int) -> Decision:
    """Add sets to a system and change what is said about them."""
    if roles.holds(user, Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR, scope_id=system_id):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can change its measurement sets.")


def may_import_cases(user: User, measurement_set: MeasurementSet) -> Decision:
    if roles.holds(user, Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR, scope_id=measurement_set.system_id):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can import cases.")


def may_read_prompts(user: User, system_id: int) -> Decision:
    """Read what cases say; asking is recorded."""
    if roles.sees(user, system_id):
        return ALLOWED
    return denied("Only people with a role in this system can read its prompts.")


def may_drop_old_uploads(user: User) -> Decision:
    if user.kind == UserKind.SYSTEM:
        return ALLOWED
    return denied("Uploads go by themselves after a day.")


def may_add_metric(user: User, system_id: int) -> Decision:
    if roles.holds(user, Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR, scope_id=system_id):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can add metrics.")


def may_revise_metric(user: User, metric: Metric) -> Decision:
    if roles.holds(user, Role.OWNER, Role.RISK_MANAGER, Role.ADMINISTRATOR, scope_id=metric.system_id):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can revise this metric.")
