"""Harms on a system's register, made through the actions."""

from __future__ import annotations

import itertools
from typing import Any

from harms import actions
from harms.enums import Origin
from harms.models import Harm, HarmCategory
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem
from tests.factories.accounts import make_user

_numbers = itertools.count(1)


def make_harm(system: AISystem, *, assessed: tuple[int, int] | None = None, actor: User | None = None, **fields: Any) -> Harm:
    """A proposed harm, or (given severity and frequency) an assessed one."""
    manager = actor or make_user(Role.RISK_MANAGER)
    category = HarmCategory.objects.get(slug="confabulation")
    fields = {"title": f"Harm {next(_numbers)}", "category": category, "origin": Origin.MODEL, **fields}
    harm = actions.propose_harm(system=system, actor=manager, **fields)
    if assessed is not None:
        severity, frequency = assessed
        actions.assess_harm(harm_id=harm.pk, severity=severity, frequency=frequency, rationale="Seen in a pilot.", actor=manager)
        harm.refresh_from_db()
    return harm
