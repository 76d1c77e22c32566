"""AI systems with everything that a run needs, made through the actions."""

from __future__ import annotations

import itertools
from typing import Any

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems import actions
from systems.models import AISystem, Deployment
from tests.factories.accounts import make_user

LOCAL = "http://127.0.0.1:9/v1"  # allowed by the tests' allowlist; nothing listens there
LOCAL_RESOURCE = "http://127.0.0.1:9"  # the same as the address of an Azure resource
KEY = "sk-planted-4f9a77c1d2e8"
_numbers = itertools.count(1)


def make_system(*, actor: User | None = None, **fields: Any) -> AISystem:
    """A system whose owner is a person with that role in it and nowhere else."""
    fields = {"name": f"System {next(_numbers)}", "purpose": "Drafts answers.", "owner": make_user(), **fields}
    return actions.add_system(actor=actor or make_user(Role.RISK_MANAGER), **fields)


def make_deployment(system: AISystem | None = None, *, actor: User | None = None, **fields: Any) -> Deployment:
    fields = {"name": f"Deployment {next(_numbers)}", "base_url": LOCAL, "model": "small", "api_key": KEY, **fields}
    return actions.add_deployment(system=system, actor=actor or make_user(Role.ADMINISTRATOR), **fields)
