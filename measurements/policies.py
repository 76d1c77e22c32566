"""Who may do what in measuring. Each function answers for one right."""

from __future__ import annotations

from measurements.models import Judging, MeasurementSet, Metric, Run, Schedule, StressSet
from raiportal.accounts import roles
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied
from systems import policies as system_policies
from systems.enums import Stage
from systems.models import AISystem

RETIRED = "This system is retired. Bring it back first."

# --- Sets and metrics ---


def may_edit_sets(user: User, system: AISystem) -> Decision:
    """Add sets to a system and change what is said about them."""
    return system_policies.may_act_in(user, system)


def may_import_cases(user: User, measurement_set: MeasurementSet) -> Decision:
    """The cases of a stress set come from another set, and stay as they were made."""
    if StressSet.objects.filter(measurement_set=measurement_set).exists():
        return denied("The cases of this set were made by transforms. Import into the set that they come from, and transform it again.")
    return system_policies.may_act_in(user, measurement_set.system)


def may_read_prompts(user: User, system_id: int) -> Decision:
    """Read what cases say; asking is recorded."""
    if roles.sees(user, system_id):
        return ALLOWED
    return denied("Only people with a role in this system can read its prompts.")


def may_drop_old_uploads(user: User) -> Decision:
    if user.kind == UserKind.SYSTEM:
        return ALLOWED
    return denied("Uploads go by themselves after a day.")


def may_add_metric(user: User, system: AISystem) -> Decision:
    return system_policies.may_act_in(user, system)


def may_revise_metric(user: User, metric: Metric) -> Decision:
    return system_policies.may_act_in(user, metric.system)


def may_try_judge(user: User, system: AISystem) -> Decision:
    """Ask a model judge about a text: it uses a deployment's key and costs a call."""
    return system_policies.may_act_in(user, system)


# --- Runs ---


def may_measure(user: User, system: AISystem) -> Decision:
    """Plan runs of a system."""
    decision = _may_run(user, system.pk)
    return denied(RETIRED) if decision and system.stage == Stage.RETIRED else decision


def may_read(user: User, system: AISystem) -> Decision:
    """Read what was measured."""
    if user.kind == UserKind.SYSTEM or roles.sees(user, system.pk):
        return ALLOWED
    return denied("You have no role in this system.")


def may_operate_run(user: User, run: Run) -> Decision:
    """Start, pause, resume and cancel."""
    return _may_run(user, run.system_id)


def may_change_budget(user: User, run: Run) -> Decision:
    """What a run may spend is for those who answer for the system."""
    if roles.holds(user, *system_policies.MANAGE_SYSTEM, scope_id=run.system_id):
        return ALLOWED
    return denied("Only the system's owner, a risk manager or an administrator can change what a run may spend.")


def may_finish_run(user: User, run: Run) -> Decision:
    """A run ends when its last output is in; nobody can say so for it."""
    if user.kind == UserKind.SYSTEM:
        return ALLOWED
    return denied("A run completes by itself when its last output is in.")


def may_close_circuit(user: User) -> Decision:
    """Whether an endpoint works again is seen by calling it."""
    if user.kind == UserKind.SYSTEM:
        return ALLOWED
    return denied("Calls to an endpoint begin again by themselves when it answers.")


# --- Schedules ---


def may_schedule(user: User, system: AISystem) -> Decision:
    """Add schedules, change them, switch them on: whoever may do so answers for the runs that they start."""
    return may_measure(user, system)


def may_switch_schedule_off(user: User, schedule: Schedule) -> Decision:
    """Also of a retired system."""
    return _may_run(user, schedule.system_id)


def may_settle_due_times(user: User) -> Decision:
    if user.kind == UserKind.SYSTEM:
        return ALLOWED
    return denied("Schedules start runs by themselves when they are due.")


def may_judge_again(user: User, run: Run) -> Decision:
    """Have a run's answers judged by a metric that has not judged them."""
    return may_measure(user, run.system)


def may_operate_judging(user: User, judging: Judging) -> Decision:
    """Pause, resume and cancel."""
    return _may_run(user, judging.run.system_id)


def may_finish_judging(user: User, judging: Judging) -> Decision:
    """A judging ends when its last vote is in, or with whoever may have a run judged by a judge that needs no votes."""
    return _may_run(user, judging.run.system_id)


def _may_run(user: User, scope_id: int) -> Decision:
    if user.kind == UserKind.SYSTEM or roles.holds(user, *system_policies.ACT_IN_SYSTEM, scope_id=scope_id):
        return ALLOWED
    return denied("Only the system's owner and contributors, a risk manager or an administrator can measure this system.")
