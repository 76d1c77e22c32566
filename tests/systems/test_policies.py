"""Which role may do what to systems, deployments, metaprompts and configurations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.policy import Decision
from systems import actions, policies
from systems.models import AISystem, Deployment
from tests.factories.accounts import make_user
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db

ROLES = ("administrator", "risk_manager", "auditor", "owner", "viewer", "owner elsewhere", "nobody")
EVERYWHERE = {"administrator", "risk_manager"}
HERE = EVERYWHERE | {"owner"}
Right = Callable[[User, AISystem, Deployment], Decision]
RIGHTS: dict[str, tuple[Right, set[str]]] = {
    "register a system": (lambda user, system, own: policies.may_add_system(user), EVERYWHERE),
    "edit a system": (lambda user, system, own: policies.may_edit_system(user, system), HERE),
    "act in a system": (lambda user, system, own: policies.may_act_in(user, system), HERE),
    "add a deployment": (lambda user, system, own: policies.may_add_deployment(user, system), HERE),
    "change a deployment": (lambda user, system, own: policies.may_change_deployment(user, own), HERE),
    "test a deployment": (lambda user, system, own: policies.may_test_deployment(user, own), HERE),
    "add a metaprompt": (lambda user, system, own: policies.may_add_metaprompt(user, system), HERE),
    "add a configuration": (lambda user, system, own: policies.may_add_configuration(user, own), HERE),
    "add a deployment of the organisation": (lambda user, system, own: policies.may_add_deployment(user, None), {"administrator"}),
}


def person(role: str, system: AISystem) -> User:
    if role == "owner elsewhere":
        return make_user(Role.OWNER, scope=make_system().scope)
    if role in ("owner", "viewer"):
        return make_user(Role(role), scope=system.scope)
    return make_user() if role == "nobody" else make_user(Role(role))


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("role", ROLES)
def test_right_is_held_by_these_roles_alone(right: str, role: str) -> None:
    ask, holders = RIGHTS[right]
    system = make_system()

    decision = ask(person(role, system), system, make_deployment(system))

    assert decision.allowed == (role in holders)
    assert bool(decision.reason) == (role not in holders)


def test_retired_system_can_be_edited_and_nothing_else() -> None:
    system = make_system()
    retired = actions.retire_system(system_id=system.pk, reason="Replaced.", actor=make_user(Role.RISK_MANAGER))

    assert policies.may_edit_system(system.owner, retired)
    assert "retired" in policies.may_act_in(system.owner, retired).reason
