"""Rating rounds, made through the actions."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from harms import actions
from harms.actions import Answer
from harms.models import Harm, RatingRound, RoundHarm
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

WEEK = datetime.timedelta(days=7)


def answer(harm: RoundHarm, severity: int | None = 3, frequency: int | None = 3, *, rationale: str = "Seen in a pilot.", cannot_judge: bool = False) -> Answer:
    levels = (None, None) if cannot_judge else (severity, frequency)
    return {
        "round_harm_id": harm.pk,
        "severity": levels[0],
        "frequency": levels[1],
        "cannot_judge": cannot_judge,
        "confidence": "" if cannot_judge else "medium",
        "rationale": rationale,
    }


@dataclass
class RoundScene:
    """One open round on a system with two harms, three people of the system who are asked, and the risk manager who asks them."""

    manager: User = field(default_factory=lambda: make_user(Role.RISK_MANAGER, name="Mara Manager"))
    system: AISystem = field(default_factory=make_system)
    people: list[User] = field(default_factory=list)
    harms: list[Harm] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = self.people or [make_user(Role.CONTRIBUTOR, scope=self.system.scope) for _ in range(3)]
        self.harms = self.harms or [make_harm(self.system, actor=self.manager) for _ in range(2)]
        self.round = self.open()

    def open(self, **fields: Any) -> RatingRound:
        fields = {"title": "First ratings", "harms": self.harms, "people": self.people, "due_at": clocks.now() + WEEK, **fields}
        return actions.open_round(system=self.system, actor=self.manager, **fields)

    @property
    def rated(self) -> list[RoundHarm]:
        return list(RoundHarm.objects.filter(round=self.round).order_by("pk"))

    def rate(self, person: User, *pairs: tuple[int, int], rationale: str = "Seen in a pilot.") -> None:
        said = [answer(harm, *pair, rationale=rationale) for harm, pair in zip(self.rated, pairs, strict=False)]
        actions.rate(round_id=self.round.pk, answers=said, actor=person)

    def invite(self, **fields: Any) -> str:
        """The token of a link for somebody from outside."""
        sent = actions.invite_outside(round_id=self.round.pk, **{"name": "Olga Outside", "organisation": "Patients' union", **fields}, actor=self.manager)
        return sent.link.rstrip("/").rsplit("/", 1)[1]

    def close(self, reason: str = "All have answered.") -> RatingRound:
        self.round = actions.close_round(round_id=self.round.pk, reason=reason, actor=self.manager)
        return self.round
