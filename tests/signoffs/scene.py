"""A harm of a system, asked to be signed off by a risk manager and a lawyer, and the people around it."""

from __future__ import annotations

from typing import Any

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.signoffs import actions, selectors
from raiportal.signoffs.enums import Held
from raiportal.signoffs.models import SignOff
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system


class Scene:
    def __init__(self) -> None:
        self.owner = make_user()
        self.system = make_system(owner=self.owner)
        self.author = make_user(Role.RISK_MANAGER)
        self.harm = make_harm(self.system, actor=self.author)
        self.manager = make_user(Role.RISK_MANAGER)
        self.lawyer = make_user(Role.REVIEWER, scope=self.system.scope)
        self.request = actions.request_sign_off(kind="tests.acceptance", subject_id=self.harm.pk, actor=self.owner)

    def sign(self, actor: User, role: str, verdict: str = "approve", **given: Any) -> SignOff:
        fields = {"reason": "Read it.", "seen": self.request.digest, **given}
        return actions.sign(request_id=self.request.pk, role=role, verdict=verdict, actor=actor, **fields)

    def approve(self) -> None:
        self.sign(self.manager, "risk_manager")
        self.sign(self.lawyer, "reviewer:legal")

    def edit(self, title: str) -> None:
        ledger.apply_changes(self.harm, actor=self.author, action="harms.harm_changed", title=title)

    @property
    def held(self) -> Held:
        self.harm.refresh_from_db()
        return selectors.standing("tests.acceptance", self.harm).state
